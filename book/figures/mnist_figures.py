"""Machinery of the book: pictures of MNIST, of one digit as numbers, augmentation, schedules."""

import keras
import matplotlib.pyplot as plt
import numpy as np

from mnist.data import load_parts, prepare_images
from mnist.models import IMAGE_SHAPE
from mnist.overfitting import techniques
from mnist.overfitting.techniques import learning_rate_schedule
from utils.figures import LINES

SEED = 42


def draw_samples(images, labels, columns=12):
    """Draw the first images of each digit, a row per digit."""
    figure, axes = plt.subplots(10, columns, figsize=(7.4, 6.4))
    for digit, row in enumerate(axes):
        for ax, image in zip(row, images[labels == digit][:columns], strict=True):
            ax.imshow(image)
            ax.axis("off")
    return figure


def draw_pixels(image):
    """Draw one image beside its 28 x 28 grey levels, as the file holds them."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 6.3), width_ratios=[1, 3.2])
    for axes in (left, right):
        axes.imshow(image)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    for (row, column), level in np.ndenumerate(image):
        color = "white" if level > 110 else "black"
        right.text(column, row, level, ha="center", va="center", fontsize=6, color=color)
    left.set_title("What you see")
    right.set_title("What the network gets")
    return figure


def augmented(images, kind):
    """Return prepared images as augmenting layers of this kind change them, shape (n, 28, 28)."""
    for layer in techniques.augmenting_layers(kind):
        images = layer(images, training=True)
    return keras.ops.convert_to_numpy(images).reshape(-1, 28, 28)


def draw_digit(axes, picture):
    """Draw an image with grey levels from 0 to 1, without ticks."""
    axes.imshow(picture, vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)


def draw_augmented(image, rows=3, columns=8):
    """Draw an image, first as it is, then as the augmenting layers change it."""
    x = np.repeat(prepare_images(image[np.newaxis], IMAGE_SHAPE), rows * columns - 1, axis=0)
    changed = augmented(x, "layers")
    figure, axes = plt.subplots(rows, columns, figsize=(8, 3.3))
    for ax, picture in zip(axes.flat, [image / 255, *changed], strict=True):
        draw_digit(ax, picture)
    axes[0, 0].set_title("as it is", fontsize=9, loc="center", fontweight="normal")
    for spine in axes[0, 0].spines.values():
        spine.set(visible=True, color="C1", linewidth=2)
    return figure


def draw_blur(images, columns=10):
    """Draw images as they are, after three augmenting layers and after RandomAffine."""
    x = prepare_images(images[:columns], IMAGE_SHAPE)
    rows = {
        "as they are": x.reshape(-1, 28, 28),
        "three layers": augmented(x, "layers"),
        "one layer": augmented(x, "affine"),
    }
    figure, axes = plt.subplots(len(rows), columns, figsize=(8, 2.6))
    for some, (label, pictures) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(some, pictures, strict=True):
            draw_digit(ax, picture)
        some[0].set_ylabel(label, rotation=0, ha="right", va="center")
    return figure


def draw_schedules(epochs=60, steps_per_epoch=215, rate=0.001):
    """Draw the learning rate that each schedule gives to each step of a training run."""
    figure, axes = plt.subplots()
    axes.set_prop_cycle(LINES)
    steps = np.arange(0, epochs * steps_per_epoch, 20)
    for name in ("constant", "step", "exponential", "cosine"):
        schedule = learning_rate_schedule(name, rate, epochs * steps_per_epoch)
        rates = [float(schedule(step)) if callable(schedule) else schedule for step in steps]
        axes.plot(steps / steps_per_epoch, rates, label=name)
    axes.set(title="Learning rate over the epochs", xlabel="Epoch", ylabel="Learning rate")
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.72))
    return figure


def draw():
    """Return the figures, and how many training images there are of each digit."""
    keras.utils.set_random_seed(SEED)
    images, labels = load_parts()["train"]
    figures = {
        "samples": draw_samples(images, labels),
        "pixels": draw_pixels(images[0]),
        "augmented": draw_augmented(images[0]),
        "blur": draw_blur(images),
        "schedules": draw_schedules(),
    }
    counts = {"counts": np.bincount(labels).tolist()}
    return {f"mnist_{name}": figure for name, figure in figures.items()}, counts
