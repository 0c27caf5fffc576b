"""Two ways to label pixels without a U-Net: pieces of ink, and a classifier slid over the scene.

The first looks for what is brighter than its surroundings. Each piece of that gets the digit whose
mean image it is nearest to. The second moves a window of 28 x 28 pixels over the scene, and a
classifier says what is in the middle of it; done for all places at once, that is a fully
convolutional network (Long, Shelhamer and Darrell, 2015). `segment.py` compares the U-Net with
both.
Chapter: cnn/segmentation/README.md#two-ways-without
"""

from itertools import product
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from scipy import ndimage
from scipy.special import softmax

from cnn.segmentation.measures import NEIGHBOURS, confusion, mean_iou
from cnn.segmentation.scenes import NAMES, TILE
from mnist.data import load_parts
from utils.options import verbosity

WINDOWS = 40_000  # of the training scenes, from which the classifier learns
EPOCHS = 3
BATCH_SIZE = 128
LEARNING_RATE = 0.002
ABOVE = TILE // 2  # of the rows of a window lie above its middle
THRESHOLDS = [0.1, 0.15, 0.2, 0.25, 0.3]  # how much brighter than around it ink is
LEAST = [10, 20, 40, 60, 80]  # pixels of a piece that may be a digit
CHOOSING = 200  # of the training scenes choose among these
AROUND = 10  # pixels, the width of the blur that gives the brightness around a pixel


class Pieces(NamedTuple):
    """What the first way has learned."""

    means: np.ndarray  # (10, 28, 28): how often a digit has ink at a place
    threshold: float  # how much brighter than its surroundings ink is
    least: int  # pixels of a piece that may be a digit


def fit_pieces(scenes):
    """Return Pieces: mean digits of all training images, the rest as it labels scenes best."""
    images, digits = load_parts()["train"]
    means = np.stack([(images[digits == digit] > 127).mean(axis=0) for digit in range(10)])
    best, chosen = -1, None
    for threshold, least in product(THRESHOLDS, LEAST):
        pieces = Pieces(means, threshold, least)
        guess = label_pieces(pieces, scenes.images[:CHOOSING]).argmax(axis=-1)
        reached = mean_iou(confusion(scenes.labels[:CHOOSING], guess, len(NAMES)))
        if reached > best:
            best, chosen = reached, pieces
    return chosen


def label_pieces(fitted, images):
    """Return probabilities (n, 64, 64, 11): a piece of ink is of one digit as a whole."""
    answers = np.zeros((*images.shape[:3], len(NAMES)), "float32")
    answers[..., 0] = 1
    for image, answer in zip(images[..., 0], answers, strict=True):
        ink = image - ndimage.gaussian_filter(image, AROUND) > fitted.threshold
        pieces, count = ndimage.label(ink, NEIGHBOURS)
        for number in range(1, count + 1):
            inside = pieces == number
            if inside.sum() >= fitted.least:
                distances = ((fitted.means - centre(inside)) ** 2).sum(axis=(1, 2))
                answer[inside] = [0, *softmax(-distances)]
    return answers


def centre(ink):
    """Return ink in a tile of 28 x 28 with its centre of mass in the middle, as MNIST has it."""
    rows, columns = (axis + round(TILE / 2 - axis.mean()) for axis in np.nonzero(ink))
    fits = (rows >= 0) & (rows < TILE) & (columns >= 0) & (columns < TILE)
    tile = np.zeros((TILE, TILE))
    tile[rows[fits], columns[fits]] = 1
    return tile


def build_classifier():
    """Return a network from windows (n, 28, 28, 1) to what is in their middle, (n, 11).

    It has strides in place of pooling, so that it can be slid.
    """
    return keras.Sequential(
        [
            keras.Input((TILE, TILE, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 4, 2, activation="relu"),
            layers.Conv2D(64, 4, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(len(NAMES), activation="softmax"),
        ],
        name="classifier",
    )


def surround(images):
    """Return images (n, height, width, 1) with a border: each pixel is the middle of a window."""
    border = (ABOVE, TILE - 1 - ABOVE)
    return np.pad(images, ((0, 0), border, border, (0, 0)))


def cut_windows(scenes, count, seed):
    """Return windows (count, 28, 28, 1), the labels in their middles, and the weights of these.

    Half of the middles are on digits. The weights make up for that: all pixels together count as
    they would if each were drawn equally often.
    """
    random = np.random.default_rng(seed)
    on = scenes.labels.ravel() > 0
    places = np.concatenate([random.choice(np.flatnonzero(kind), count // 2) for kind in (on, ~on)])
    which, rows, columns = np.unravel_index(places, scenes.labels.shape)
    every = np.lib.stride_tricks.sliding_window_view(surround(scenes.images), (TILE, TILE), (1, 2))
    windows = every[which, rows, columns, 0][..., None]
    share = on.mean()
    weights = np.repeat([2 * share, 2 * (1 - share)], count // 2)
    return windows, scenes.labels[which, rows, columns], weights


def train_classifier(scenes, windows=WINDOWS, epochs=EPOCHS, seed=1):
    """Return the classifier, trained on windows of the scenes."""
    keras.utils.set_random_seed(seed)
    classifier = build_classifier()
    classifier.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],
    )
    x, y, weights = cut_windows(scenes, windows, seed)
    classifier.fit(
        x,
        y,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        sample_weight=weights,
        verbose=verbosity(),
    )
    return classifier


def slide(classifier, size):
    """Return a network from whole scenes to what the classifier says at each of their pixels.

    A stride would skip places. Instead, whatever comes after it looks at places so much further
    apart: the stride becomes a dilation. A dense layer becomes a convolution as large as its input.
    """
    height = size + TILE - 1
    scenes = keras.Input((height, height, 1))
    x, dilation, weights = scenes, 1, []
    for layer in classifier.layers:
        if isinstance(layer, layers.Flatten):
            kernel = layer.input.shape[1]  # of the dense layer that follows
        elif isinstance(layer, layers.Conv2D):
            how = {"dilation_rate": dilation, "activation": layer.activation}
            x = layers.Conv2D(layer.filters, layer.kernel_size, **how)(x)
            dilation *= layer.strides[0]
            weights += layer.get_weights()
        else:
            how = {"dilation_rate": dilation, "activation": layer.activation}
            x = layers.Conv2D(layer.units, kernel, **how)(x)
            table, biases = layer.get_weights()
            weights += [table.reshape(kernel, kernel, -1, layer.units), biases]
            kernel = 1  # a dense layer on the numbers of one place
    slid = keras.Model(scenes, x)
    slid.set_weights(weights)
    return slid


def label_by_sliding(classifier, images):
    """Return probabilities (n, height, width, 11) for images (n, height, width, 1)."""
    slid = slide(classifier, images.shape[1])
    return slid.predict(surround(images), batch_size=25, verbose=0)
