"""Scenes of handwritten digits on top of each other, with a label for every pixel.

A scene has 64 x 64 pixels. One to five digits of MNIST lie in it, each with an ink of its own, over
clutter: a shadow, pieces of strokes, noise. Two digits may cross, but their middles are at least
ten pixels apart. The digits of a part (see mnist/data.py) are by its writers alone, the pieces of
strokes, too. The other scripts of this folder take their scenes from here.
Chapter: cnn/segmentation/README.md#scenes
"""

from typing import NamedTuple

import numpy as np

from mnist.data import load_parts
from utils.runs import fail

SIZE = 64  # pixels, width and height of a scene
MOST = 5  # digits in a scene
APART = 10  # pixels, at least, from the middle of a digit to that of another one
PIECES = 8  # of strokes, in a scene
TILE = 28  # pixels, width and height of a digit of MNIST; its ink leaves a margin of 4 or so
MARGIN = 4  # so far may a tile reach beyond the scene
NAMES = ["nothing", *map(str, range(10))]  # of the labels: 0 is no digit, 1 a 0, and 10 a 9


class Scenes(NamedTuple):
    """Images and, for each pixel, what is on top there."""

    images: np.ndarray  # (n, 64, 64, 1), float32, from 0 to about 1
    labels: np.ndarray  # (n, 64, 64), uint8: 0 where no digit is, d + 1 for the digit d
    owners: np.ndarray  # (n, 64, 64), uint8: 0, or 1 for the scene's first digit, 2 for its second


def make_scenes(part, count, seed, most=MOST):
    """Return Scenes of the digits of a part: "train", "validation" or "test"."""
    images, digits = load_parts()[part]
    random = np.random.default_rng(seed)
    made = [make_scene(images, digits, random.integers(1, most + 1), random) for _ in range(count)]
    pictures, labels, owners = map(np.stack, zip(*made, strict=True))
    return Scenes(pictures[..., None].astype("float32"), labels, owners)


def make_scene(images, digits, count, random):
    """Return the grey levels, the labels and the owners of one scene, each (64, 64)."""
    canvas = shadow(SIZE + 2 * MARGIN, random)  # the margin around the scene is cut off at the end
    labels, owners = np.zeros((2, *canvas.shape), "uint8")
    for _ in range(PIECES):
        size = random.integers(5, 10)
        row, column = random.integers(4, TILE - 4 - size, 2)
        piece = images[random.integers(len(images))][row : row + size, column : column + size]
        paint(canvas, piece, random.integers(0, len(canvas) - size, 2), random)
    for number, place in enumerate(choose_places(count, random), start=1):
        chosen = random.integers(len(images))
        ink = paint(canvas, images[chosen], place, random)
        window = tuple(slice(start, start + TILE) for start in place)
        labels[window][ink] = digits[chosen] + 1
        owners[window][ink] = number
    canvas += random.normal(0, 0.05, canvas.shape)
    inside = slice(MARGIN, -MARGIN)
    return [array[inside, inside] for array in (canvas, labels, owners)]


def shadow(size, random):
    """Return a background that grows brighter from one side to the other, (size, size)."""
    slopes = random.uniform(-0.3, 0.3, 2)
    ramp = np.add.outer(*(slope * np.linspace(-0.5, 0.5, size) for slope in slopes))
    return ramp - ramp.min()


def paint(canvas, pixels, place, random):
    """Paint a digit or a piece of one over the canvas, with some ink; return where it now is."""
    cover = pixels / 255
    window = tuple(slice(start, start + len(pixels)) for start in place)
    canvas[window] += cover * (random.uniform(0.5, 1) - canvas[window])
    return cover > 0.5


def choose_places(count, random):
    """Return the upper left corners of so many tiles, which are not too near to each other."""
    for _ in range(100):  # anew, where the first ones leave no place for the last
        places = []
        for _ in range(1000):
            place = random.integers(0, SIZE + 2 * MARGIN - TILE + 1, 2)
            if all(np.hypot(*(place - other)) >= APART for other in places):
                places.append(place)
            if len(places) == count:
                return places
    return fail(f"A scene has no room for {count} digits that are {APART} pixels apart.")
