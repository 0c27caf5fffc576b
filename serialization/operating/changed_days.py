"""Machinery of the book: days on which a service gets other digits than it was made for.

Chapter: serialization/operating/README.md#watching-it
"""

from itertools import product

import numpy as np
from PIL import Image
from scipy import ndimage

from serialization.rest.light import as_median, prepare_in, shine
from serialization.rest.not_digits import LETTERS, type_characters
from serialization.rest.preparation_steps import put_on_sheet
from serialization.rest.prepare import find_paper, to_grey

WINDOW = 500  # images of a day
DAYS = 3  # of each change


def redraw(image, quarters):
    """Return a digit, its strokes thicker by quarters of a pixel at each side, or thinner."""
    large = np.asarray(Image.fromarray(image).resize((112, 112), Image.Resampling.BICUBIC))
    size = abs(quarters)
    disc = np.hypot(*np.ogrid[-size : size + 1, -size : size + 1]) <= size
    work = ndimage.grey_dilation if quarters > 0 else ndimage.grey_erosion
    return prepare_in(1 - work(large, footprint=disc) / np.float32(255), find_paper)


def photograph(image, rng):
    """Return a digit on a sheet of paper in a shadow, as prepare.py finds it."""
    grey = to_grey(put_on_sheet(image, rng))
    grey = 1 - grey if np.median(as_median(grey)) < 0.5 else grey
    return prepare_in(shine(grey, "shadow", rng), find_paper)


CHANGES = {  # functions of an image, its digit, the day from 1, and a generator of random numbers
    "thicker_pen": lambda image, digit, day, rng: redraw(image, 2 * day),
    "thinner_pen": lambda image, digit, day, rng: redraw(image, -day),
    "shadow": lambda image, digit, day, rng: photograph(image, rng),
    "out_of_focus": lambda image, *_: ndimage.gaussian_filter(image, 1),
    "inverted": lambda image, *_: 255 - image,
    "mirrored": lambda image, *_: image[:, ::-1],
    "turned_6_and_9": lambda image, digit, *_: image[::-1, ::-1] if digit in (6, 9) else image,
}
LETTER_SHARES = {"letters": 1, "few_letters": 0.05, "years": 0}


def make_days(images, labels, rng):
    """Yield the kind of each day, its images and its labels; that of a letter is -1."""
    for start in range(0, len(images), WINDOW):  # the students of MNIST's test stand in front
        rows = slice(start, start + WINDOW)
        yield "students" if 2 * start < len(images) else "employees", images[rows], labels[rows]
    letters = type_characters(LETTERS)
    for kind, day in product([*CHANGES, *LETTER_SHARES], range(1, DAYS + 1)):
        rows = rng.permutation(len(images))[:WINDOW]
        if kind == "years":  # of birth, each of four digits
            years = "".join(map(str, rng.integers(1940, 2016, WINDOW // 4)))
            rows = [rng.choice(np.flatnonzero(labels == int(digit))) for digit in years]
        x, y = images[rows], labels[rows].astype(int)
        if change := CHANGES.get(kind):
            x = np.stack([change(*one, day, rng) for one in zip(x, y, strict=True)])
        else:
            count = round(LETTER_SHARES[kind] * len(x))
            x[:count], y[:count] = letters[rng.integers(len(letters), size=count)], -1
        yield kind, x, y
