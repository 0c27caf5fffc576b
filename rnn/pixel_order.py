"""MNIST read row by row, and with all pixels in another order.

    python rnn/pixel_order.py
    python rnn/pixel_order.py --epochs 3 --seeds 1     # the mistake that this book once made

An MLP, the convolutional network, the LSTM and the GRU of mnist/ learn from images as they
are and from images whose 784 pixels stand in another order, the same for all images. To a
MLP that makes no difference; who else has relied on what lies next to what? The LSTM and the
GRU also learn from images of which whole rows changed places: that takes the neighbours above and
below away and leaves those within a row. You will see the accuracy on the validation images after
3, 10 and 20 epochs. About ten minutes on two cores.
Chapter: rnn/README.md#images-as-sequences
"""

from chapter import OUTPUTS

import keras
import numpy as np

from mnist.data import prepare_mnist
from mnist.models import MODELS
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

NETWORKS = ["mlp_one_layer", "conv_net", "lstm", "gru"]
RECURRENT = ["lstm", "gru"]  # only these read rows one after the other
IMAGES = 5_000
EPOCHS = [3, 10, 20]  # the last one ends the training
BATCH_SIZE = 256
SEEDS = 2


def make_orders():
    """Return {name: where each of the 784 pixels comes from}, the same for all seeds."""
    random = np.random.default_rng(0)
    pixels = np.arange(784)
    return {
        "in_order": pixels,
        "shuffled": random.permutation(pixels),
        "rows_shuffled": random.permutation(pixels.reshape(28, 28)).reshape(-1),
    }


def put_in_order(images, order):
    """Return the images with their 784 pixels in this order."""
    return images.reshape(len(images), 784)[:, order].reshape(images.shape)


def train(name, seed, order, images, epochs):
    """Return the validation accuracy after these epochs, and the number of parameters."""
    keras.utils.set_random_seed(seed)
    model = MODELS[name]()
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
    digits = prepare_mnist(model.input_shape[1:], images)
    history = model.fit(
        put_in_order(digits.x_train, order),
        digits.y_train,
        batch_size=BATCH_SIZE,
        epochs=epochs[-1],
        validation_data=(put_in_order(digits.x_val, order), digits.y_val),
        validation_freq=epochs,
        validation_batch_size=1_000,
        verbose=0,
    ).history
    return history["val_accuracy"], model.count_params()


def main(argv=None):
    """Return of each network and order the accuracies by epoch: a list with one for each seed."""
    parser = make_parser("MNIST with its pixels in order and out of order.", OUTPUTS)
    parser.add_argument("--images", type=positive(int), default=IMAGES)
    parser.add_argument("--epochs", type=positive(int), nargs="+", default=EPOCHS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder, epochs, orders = make_folder(args.outputs), sorted(set(args.epochs)), make_orders()
    results = {name: {} for name in NETWORKS}
    for seed in range(1, args.seeds + 1):
        for name, one in results.items():
            for kind, order in orders.items():
                if kind == "rows_shuffled" and name not in RECURRENT:
                    continue
                found, one["parameters"] = train(name, seed, order, args.images, epochs)
                for epoch, accuracy in zip(epochs, found, strict=True):
                    one.setdefault(kind, {}).setdefault(str(epoch), []).append(accuracy)
                shown = "".join(f"{accuracy:9.2%}" for accuracy in found)
                print(f"seed {seed} {name:14} {kind:14}{shown}", flush=True)
    return save_results(results | {"epochs": epochs}, folder, __file__, argv)


if __name__ == "__main__":
    main()
