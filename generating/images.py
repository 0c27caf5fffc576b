"""Machinery: whose digits the chapter learns from, and sheets of digits.

Chapter: generating/README.md#a-space-of-few-numbers
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from mnist.data import load_parts, prepare_images, writers_of
from utils.runs import replacing

PIXELS = 784
CLASSES = 10


class Part(NamedTuple):
    """Digits of some writers: images (n, 784) from 0 to 1, labels (n,), writers (n,)."""

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray


def load_digits(train_samples=None):
    """Return {"train", "judge", "validation": Part}; no writer is in two of them.

    "train" and "judge" divide those who train in the other chapters: networks that draw learn from
    three writers in four, and the network that judges what they draw from the fourth.
    """
    parts, writers = load_parts(), writers_of("train")
    judges = np.isin(writers, np.unique(writers)[::4])
    chosen = {"train": np.flatnonzero(~judges)[:train_samples], "judge": np.flatnonzero(judges)}
    found = {name: as_part(*parts["train"], writers, places) for name, places in chosen.items()}
    return found | {"validation": as_part(*parts["validation"], writers_of("validation"))}


def load_test():
    """Return the Part of the test images, for the one time that they are asked."""
    return as_part(*load_parts()["test"], writers_of("test"))


def as_part(images, labels, writers, places=slice(None)):
    flat = prepare_images(images[places], (PIXELS,))
    return Part(flat, labels[places].astype("int32"), writers[places])


def to_grey(images):
    """Return images as uint8, (n, 28, 28), as MNIST has them; given from 0 to 1, (n, 784)."""
    return np.rint(255 * np.clip(images, 0, 1)).astype("uint8").reshape(-1, 28, 28)


def draw_sheet(images, columns, path, titles=()):
    """Draw digits (n, 784) in rows of so many; titles: one for each row, at its left."""
    rows = len(images) // columns
    tiles = to_grey(images[: rows * columns]).reshape(rows, columns, 28, 28)
    sheet = np.pad(tiles, [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=40)
    sheet = sheet.transpose(0, 2, 1, 3).reshape(30 * rows, 30 * columns)
    figure, axes = plt.subplots(figsize=(0.55 * columns + (1.9 if titles else 0.2), 0.55 * rows))
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks(30 * np.arange(len(titles)) + 15, titles)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    with replacing(path) as partial:
        figure.savefig(partial)
    plt.close(figure)
