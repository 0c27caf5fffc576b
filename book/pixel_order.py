"""Machinery of the book: MNIST read row by row, and with all pixels in another order.

    python book/pixel_order.py

Trains a perceptron, the convolutional network, the LSTM and the GRU of mnist/ in turn, on images as
they are and on images whose 784 pixels stand in another order, the same for all images. To a
perceptron that makes no difference; who else has relied on what lies next to what? Prints accuracy
on the validation images and the seconds of the training, the fastest of six. Three minutes on two
cores.
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np

from models import MODELS
from utils.data import prepare_mnist
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

NETWORKS = ["mlp_one_layer", "conv_net", "lstm", "gru"]
IMAGES = 5_000
EPOCHS = 3
BATCH_SIZE = 256
SEEDS = 3


def shuffle_pixels(images, order):
    """Return the images with their 784 pixels in another order."""
    return images.reshape(len(images), 784)[:, order].reshape(images.shape)


def train(name, seed, order, images, epochs):
    """Return the validation accuracy and the seconds of the training, without its first step."""
    keras.utils.set_random_seed(seed)
    model = MODELS[name]()
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
    digits = prepare_mnist(model.input_shape[1:], images)
    x, x_val = (shuffle_pixels(part, order) for part in (digits.x_train, digits.x_val))
    model.fit(x, digits.y_train, BATCH_SIZE, steps_per_epoch=1, verbose=0)  # compiles
    start = time.perf_counter()
    model.fit(x, digits.y_train, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    seconds = time.perf_counter() - start
    return model.evaluate(x_val, digits.y_val, 1_000, verbose=0)[1], seconds, model.count_params()


def main(argv=None):
    parser = make_parser("MNIST with its pixels in order and out of order.", OUTPUTS)
    parser.add_argument("--images", type=positive(int), default=IMAGES)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    orders = {"in_order": np.arange(784), "shuffled": np.random.default_rng(0).permutation(784)}
    results = {name: {"seconds": np.inf, **{kind: [] for kind in orders}} for name in NETWORKS}
    for seed in range(1, args.seeds + 1):
        for name in NETWORKS:
            for kind, order in orders.items():
                accuracy, seconds, parameters = train(name, seed, order, args.images, args.epochs)
                one = results[name]
                one[kind].append(accuracy)
                one["seconds"], one["parameters"] = min(one["seconds"], seconds), parameters
                print(f"seed {seed} {name:14} {kind:9} {accuracy:.2%} {seconds:.0f} s", flush=True)
    for one in results.values():
        for kind in orders:
            one[kind] = spread(one[kind])
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
