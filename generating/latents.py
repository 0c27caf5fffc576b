"""Machinery: whose digits the chapter learns from, its runs on disk, and sheets of digits.

Chapter: generating/README.md#a-space-of-few-numbers
"""

from chapter import OUTPUTS

import math
from contextlib import ExitStack
from typing import NamedTuple

import keras
import matplotlib.pyplot as plt
import numpy as np

from mnist.data import load_parts, prepare_images, writers_of
from utils.figures import save_figure
from utils.runs import fail, find_run, read_json, replacing, write_json, writing_to
from utils.saving import load_model

PIXELS = 784
CLASSES = 10
ANY = 10  # in place of a digit: the flow is not told which one


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
    return Part(
        prepare_images(images[places], (PIXELS,)),
        labels[places].astype("int32"),
        writers[places],
    )


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
    save_figure(figure, path)


def save_run(folder, settings, **networks):
    """Write the networks of a run, NAME.keras, and then its settings: without them, it is none."""
    about = folder / "settings.json"
    with writing_to(folder):
        with ExitStack() as stack:  # those that were there are replaced once all are written
            for name, network in networks.items():
                network.save(stack.enter_context(replacing(folder / f"{name}.keras")))
            about.unlink(missing_ok=True)
        write_json(settings, about)


def load_run(run, script, shapes):
    """Return the size of the space and the networks of a run of a script of this chapter.

    shapes: from the size to {name of a network: (shapes of its inputs, of its outputs)}.
    """
    folder = find_run(run, OUTPUTS)
    try:
        settings = read_json(folder / "settings.json")
        size = settings["size"] if settings["script"] == script else None
    except (OSError, ValueError, KeyError, TypeError):
        size = None
    if type(size) is not int:
        fail(f"{folder} is not a run of {script}: give the folder that the script has named.")
    networks = []
    for name, shape in shapes(size).items():
        network = load_model(folder / f"{name}.keras", compile=False)
        if (network.input_shape, network.output_shape) != shape:
            fail(f"the networks in {run} do not fit together: not all are for {size} numbers.")
        networks.append(network)
    return size, *networks


def load_vae(run):
    """Return the size of the space, the encoder and the decoder of a run of vae.py."""

    def shapes(size):
        point, image = (None, size), (None, PIXELS)
        return {"encoder": (image, [point, point]), "decoder": (point, image)}

    return load_run(run, "vae.py", shapes)


def load_flow(run):
    """Return the flow of a run of flow.py, which takes point, time and digit, and its decoder."""

    def shapes(size):
        point = (None, size)
        inputs = [point, (None, 1), (None,)]
        return {"flow": (inputs, point), "decoder": (point, (None, PIXELS))}

    _, flow, decoder = load_run(run, "flow.py", shapes)
    return flow, decoder


def in_batches(network, *inputs):
    """Return what a network gives for many inputs, as numpy arrays."""
    inputs = inputs[0] if len(inputs) == 1 else list(inputs)
    return network.predict(inputs, batch_size=1000, verbose=0)


def in_reports(steps, report):
    """Return how fit is to take so many steps, rounded up, with a line after each report."""
    epochs = math.ceil(steps / report)
    return {"steps_per_epoch": math.ceil(steps / epochs), "epochs": epochs}


def cosine_adam(rate, steps):
    """Return Adam with a learning rate that falls from its highest to zero along a cosine."""
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
