"""Machinery of the chapter: the network to look at, the digits to show it, its layers one by one.

The network is the one in `assets/models/`, or any that mnist.py has trained.
Chapter: visualizing/README.md#the-network-as-a-picture
"""

from pathlib import Path

import keras
import numpy as np
from keras import ops

from mnist.data import load_parts, prepare_images, writers_of
from utils.loading import load_model
from utils.runs import ROOT, fail

OTHERS = "Look into other networks for images with visualizing/own_network.py."
MODEL = ROOT / "assets" / "models" / "conv_net.keras"


def add_model_option(parser):
    """Add --model FILE to a parser; the default is the network that the project ships."""
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file of mnist.py")


def load_network(path, diverged=False):
    """Return the trained network in a file, or end with one line.

    diverged: whether one that gives no finite numbers is welcome.
    """
    model = load_model(path, diverged)
    if not isinstance(model, keras.Sequential) or not isinstance(
        model.layers[-1], keras.layers.Dense
    ):
        fail(f"{path} is not a Sequential model that ends with a dense layer. {OTHERS}")
    if model.input_shape[1:] not in [(784,), (28, 28, 1)] or model.output_shape != (None, 10):
        fail(f"{path} does not read digits: it takes {model.input_shape}. {OTHERS}")
    return model


def of_pictures(model):
    """Return the network as one that takes pictures, (28, 28, 1), also if it takes vectors."""
    if model.input_shape[1:] == (28, 28, 1):
        return model
    first = [keras.Input((28, 28, 1)), keras.layers.Reshape(model.input_shape[1:])]
    return keras.Sequential([*first, *model.layers])


def untrained(model, seed):
    """Return a network like this one, with the weights that it had before the training."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential.from_config(model.get_config())


def held_out_digits():
    """Return the 5,000 images held out for validation, uint8 of shape (5000, 28, 28), and labels.

    No network that comes with the book was trained with them, or with others by the people who
    wrote them. The test images are not for looking.
    """
    return load_parts()["validation"]


def some_digits(count):
    """Return so many of them, spread over all 5,000: images, labels and writers.

    The first hundred are by 19 of the 45 people; a hundred that are so spread are by 39.
    """
    images, labels = held_out_digits()
    chosen = np.linspace(0, len(images) - 1, count).astype(int)
    return images[chosen], labels[chosen], writers_of("validation")[chosen]


def one_of_each():
    """Return the first held-out image of each digit, shape (10, 28, 28)."""
    images, labels = held_out_digits()
    return images[[np.flatnonzero(labels == digit)[0] for digit in range(10)]]


def show_images(axes, images, columns, **options):
    """Draw images, so many in a row, in one Axes: to lay out one for each would take seconds."""
    for n, image in enumerate(images):
        row, column = divmod(n, columns)
        axes.imshow(image, extent=(column, column + 0.9, row + 0.9, row), **options)
    axes.set(xlim=(0, columns), ylim=(1 + (len(images) - 1) // columns, 0))
    axes.axis("off")


def as_input(model, images):
    """Return grey levels from 0 to 255, (n, 28, 28), as the inputs that the network takes."""
    return prepare_images(images, model.input_shape[1:])


def run_layers(layers, x):
    """Send x through one layer after the other."""
    for layer in layers:
        x = layer(x)
    return x


def logits(layers, x):
    """Return what the last of the layers computes before softmax, shape (n, 10)."""
    *hidden, last = layers
    x = ops.cast(run_layers(hidden, x), last.kernel.dtype)  # which may have been float16
    return ops.matmul(x, last.kernel) + last.bias


def probabilities(model, images, chunk=500):
    """Return what the network says of images with grey levels, (n, 28, 28): shape (n, 10).

    For the few images of each stroke in live/think.py, predict would take several times as long.
    """
    parts = range(0, len(images), chunk)
    x = as_input(model, images)
    return np.concatenate([model.predict_on_batch(x[part : part + chunk]) for part in parts])


def layer_outputs(model, x):
    """Return {name of the layer: what it gives for the inputs x}, as numpy arrays."""
    outputs = {}
    for layer in model.layers:
        x = layer(x)
        outputs[layer.name] = ops.convert_to_numpy(x)
    return outputs


def right_and_wrong(model, digits):
    """Return held-out images, labels and answers: one read right of each digit, as many misread."""
    images, labels = held_out_digits()
    answers = probabilities(model, images).argmax(axis=1)
    right = [np.flatnonzero((answers == labels) & (labels == digit))[:1] for digit in digits]
    chosen = np.concatenate([*right, np.flatnonzero(answers != labels)[: len(digits)]])
    return images[chosen], labels[chosen], answers[chosen]
