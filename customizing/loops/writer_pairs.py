"""Machinery: pairs of digits by one writer or by two, and how they differ to the naked eye.

Chapter: customizing/loops/README.md#by-the-same-writer
"""

import numpy as np

from mnist.data import load_parts, prepare_images, writers_of


def draw_pairs(part, pairs, random, among=None):
    """Return pairs of images of one digit, whether one person wrote both, and who wrote each.

    among: the writers to take, all of the part unless given. The shapes are (pairs, 2, 28, 28),
    (pairs,) and (pairs, 2). Every other pair is by one writer. The first image is drawn in the same
    way in both cases, so it tells nothing about the answer.
    """
    images, digits = load_parts()[part]
    writers = writers_of(part)
    groups = {}  # (writer, digit): places of the images
    for place in np.flatnonzero(np.isin(writers, writers if among is None else among)):
        groups.setdefault((int(writers[place]), int(digits[place])), []).append(place)
    others = {d: [w for w, digit in groups if digit == d] for d in range(10)}
    able = [place for places in groups.values() if len(places) > 1 for place in places]
    chosen = []
    for place, first in enumerate(random.choice(able, size=pairs)):
        writer, digit = int(writers[first]), int(digits[first])
        if place % 2:  # by another person, each as likely as the next one
            writer = random.choice([w for w in others[digit] if w != writer])
        second = random.choice([p for p in groups[writer, digit] if p != first])
        chosen.append((first, second))
    chosen = np.array(chosen)
    same = np.arange(pairs) % 2 == 0
    return prepare_images(images[chosen], (2, 28, 28)), same, writers[chosen]


def features(images):
    """Return ink, slant, width, height and thickness of each image: (..., 5).

    Slant is the covariance of row and column over the variance of rows; thickness is the ink over
    the edges that one crosses from left to right, row by row.
    """
    ink = images.sum(axis=(-2, -1)) + 1e-6
    rows, columns = np.mgrid[:28, :28].astype("float32")
    middle = [(images * axis).sum(axis=(-2, -1)) / ink for axis in (rows, columns)]
    far = [a - m[..., None, None] for a, m in zip((rows, columns), middle, strict=True)]
    variance = (images * far[0] ** 2).sum(axis=(-2, -1)) / ink
    slant = (images * far[0] * far[1]).sum(axis=(-2, -1)) / ink / variance
    spread = (images * far[1] ** 2).sum(axis=(-2, -1)) / ink
    steps = np.abs(np.diff(images, axis=-1)).sum(axis=(-2, -1))  # edges crossed, row by row
    return np.stack([ink, slant, spread**0.5, variance**0.5, ink / steps], axis=-1)


def differences(pairs):
    """Return how the images of each pair differ, in five features and by pixels: (n, 6)."""
    apart = np.abs(np.diff(features(pairs), axis=1))[:, 0]
    pixels = np.sqrt(((pairs[:, 0] - pairs[:, 1]) ** 2).sum(axis=(1, 2)))
    return np.column_stack([apart, pixels])
