"""The first network learns XOR: 1 if exactly one of its two inputs is 1, otherwise 0.

    python xor/xor.py

Prints loss and accuracy while it learns, then "65 parameters, accuracy 100%" and its answers to
the four rows, 0.043, 0.988, 0.991 and 0.008. Saves a figure: the loss, and the answers over the
whole unit square. Takes about 10 seconds on two cores. README section: "XOR".
"""

import keras
import numpy as np
from keras import layers

from helpers import parse_options, save_figure, show_progress

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


def train(model, optimizer, learning_rate, epochs):
    optimizer = keras.optimizers.get(optimizer)
    optimizer.learning_rate = learning_rate
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    # Starting an epoch costs more time than four rows do, so fit gets 25 passes as one epoch.
    passes = 25 if epochs % 25 == 0 else 1
    x, y = np.tile(X, (passes, 1)), np.tile(Y, (passes, 1))
    progress = [show_progress(passes)]
    return model.fit(x, y, batch_size=1, epochs=epochs // passes, verbose=0, callbacks=progress)


def main(argv=None):
    options = parse_options(argv, HIDDEN, ACTIVATION, OPTIMIZER, LEARNING_RATE, EPOCHS, SEED)
    keras.utils.set_random_seed(options.seed)
    model = build_model(options.hidden, options.activation)
    history = train(model, options.optimizer, options.learning_rate, options.epochs)
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    result |= {"parameters": model.count_params(), "predictions": model.predict(X, verbose=0)}
    print(f"{result['parameters']} parameters, accuracy {result['accuracy']:.0%}")
    for (a, b), answer in zip(X, result["predictions"], strict=True):
        print(f"{a:.0f} XOR {b:.0f} = {answer[0]:.3f}")
    save_figure(model, history, options.epochs, options.outputs)
    return result


if __name__ == "__main__":
    main()
