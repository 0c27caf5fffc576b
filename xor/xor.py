"""The first network learns XOR: 1 if exactly one of its two inputs is 1, otherwise 0.

    python xor/xor.py

Prints loss, accuracy and predictions, and draws them. Takes about half a minute on two cores.
Chapter: xor/README.md#the-network
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from utils.bands import place_run
from utils.options import make_parser
from utils.runs import make_folder, save_results
from xor.helpers import add_options, draw_predictions, progress

HIDDEN = [8, 4]  # neurons in each hidden layer
ACTIVATION = "relu"  # of the hidden layers
OPTIMIZER = "adam"
LEARNING_RATE = 0.001
EPOCHS = 500  # passes over the four rows
SEED = 23  # fixes the initial weights; not every seed succeeds

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
Y = np.array([[0], [1], [1], [0]], dtype="float32")


def build_model(hidden, activation):
    hidden_layers = [layers.Dense(neurons, activation=activation) for neurons in hidden]
    output = layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input(shape=(2,)), *hidden_layers, output])


def main(argv=None):
    parser = make_parser("Trains a network on XOR.", OUTPUTS)
    add_options(parser, hidden=HIDDEN, activation=ACTIVATION, optimizer=OPTIMIZER)
    add_options(parser, learning_rate=LEARNING_RATE, epochs=EPOCHS, seed=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    model = build_model(args.hidden, args.activation)
    optimizer = keras.optimizers.get(args.optimizer)
    optimizer.learning_rate = args.learning_rate
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, batch_size=1, epochs=args.epochs, verbose=0, callbacks=progress())
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    result |= {"parameters": model.count_params(), "predictions": model.predict(X, verbose=0)}
    print(f"{result['parameters']} parameters, accuracy {result['accuracy']:.0%}")
    for (a, b), prediction in zip(X, result["predictions"], strict=True):
        print(f"{a:.0f} XOR {b:.0f} = {prediction[0]:.3f}")
    draw_predictions(model, history.history["loss"], folder / "xor.png")
    place_run(result, __file__, vars(args))
    return save_results(result, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
