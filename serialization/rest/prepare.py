"""From any image of a digit to what MNIST looks like: each step is one function.

The digits of MNIST are light ink (255) on black paper (0), scaled to 20 x 20 pixels and placed
in 28 x 28 so that their centre of mass is in the middle. A network has never seen anything
else, so a drawing or a photograph is brought into the same form first. The service uses this
module; python serialization/rest/preparation_steps.py measures each step in about two minutes.

Chapter: serialization/rest/README.md#preparing-an-image
"""

import numpy as np
from numpy.polynomial import polynomial
from PIL import Image, ImageOps

SIDE = 28  # pixels of the image that the network sees
BOX = 20  # pixels of the digit within it
LARGEST = 1024  # a longer side is not worth its memory
NOISE = 0.2  # of the darkest ink: what is fainter is paper
SURE = 0.5  # of the darkest ink: from here on it is surely the digit and not grain of the paper
CONTRAST = 0.1  # of the whole range from black to white: less is not a drawing
DARK = 0.2  # paper that is darker than this is a screen or a blackboard: light does not scale it


class NoDigitError(ValueError):
    """The image is empty: it has no ink."""


def to_grey(image):
    """Turn a Pillow image into brightness, shape (height, width), 0 black to 1 white."""
    image.draft("L", (LARGEST, LARGEST))  # lets a large JPEG be decoded small
    if image.mode.startswith("I"):  # a PNG of 16 bits, which convert would cut off at 255
        image = Image.fromarray((np.asarray(image) / 257).astype("uint8"))
    transparent = image.has_transparency_data
    image = image.convert("LA" if transparent else "L")
    if factor := max(image.size) // LARGEST:
        image = image.reduce(factor)  # takes less memory than thumbnail, but whole steps only
    image.thumbnail((LARGEST, LARGEST))
    image = ImageOps.exif_transpose(image)  # a phone notes how it was held
    if not transparent:
        return np.asarray(image, dtype="float32") / 255
    brightness, opacity = np.moveaxis(np.asarray(image, dtype="float32") / 255, -1, 0)
    on_white = brightness * opacity + (1 - opacity)
    return on_white if np.ptp(on_white) >= CONTRAST else brightness * opacity


def find_paper(grey):
    """Return how bright the paper is at each pixel, or would be without the ink.

    Most of the border is paper, but the light on a photograph is uneven. So a surface of degree 2
    is fitted to the border by least absolute deviations: what the median is for a single number.
    They are found by least squares with weights, again and again (Schlossmacher, "An iterative
    technique for absolute deviations curve fitting", 1973).
    """
    border = np.ones(grey.shape, bool)
    border[1:-1, 1:-1] = False
    rows, columns = np.nonzero(border)
    down, across = (np.linspace(-1, 1, length) for length in grey.shape)
    low = np.add.outer(range(3), range(3)) <= 2  # of the nine terms up to x²y², those of degree 2
    terms = polynomial.polyvander2d(down[rows], across[columns], (2, 2))[:, low.ravel()]
    level = np.median(grey[border])
    difference = rest = grey[border] - level
    surface = np.zeros((3, 3))
    for _ in range(10):
        weights = np.maximum(np.abs(rest), 0.01) ** -0.5
        surface[low] = np.linalg.lstsq(weights[:, None] * terms, weights * difference)[0]
        rest = difference - terms @ surface[low]
    return (level + polynomial.polygrid2d(down, across, surface)).astype("float32")


def find_ink(grey, paper=find_paper):
    """Turn brightness into ink, 0 paper to 1: dark on light and light on dark come out alike.

    What differs from the paper is ink: the darker pixels or the lighter ones, depending on which
    there are more of among those that differ most. In half the light, ink and paper differ half as
    much.
    """
    level = paper(grey)
    difference = (grey - level) / np.maximum(level, DARK)
    surely = np.abs(difference) >= SURE * np.abs(difference).max()
    ink = (difference if difference[surely].sum() > 0 else -difference).clip(0)
    if ink.max() < CONTRAST:
        raise NoDigitError("nothing stands out from the paper")
    return np.where(ink < NOISE * ink.max(), 0, ink / ink.max())


def crop(ink):
    """Cut away the rows and columns around the digit, those without anything surely drawn."""
    sure = ink >= SURE
    rows, columns = np.flatnonzero(sure.any(axis=1)), np.flatnonzero(sure.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scale(ink):
    """Make the longer side 20 pixels; the shorter one follows, so that a 1 stays slim."""
    height, width = ink.shape
    factor = BOX / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    image = Image.fromarray(ink.astype("float32")).resize(size, Image.Resampling.BICUBIC)
    ink = np.asarray(image).clip(0)
    return (ink / ink.max()).clip(0, 1)


def paste(ink, top, left):
    """Return 28 x 28 pixels with the digit at a place, grey levels from 0 to 255."""
    image = np.zeros((SIDE, SIDE), dtype="uint8")
    height, width = ink.shape
    image[top : top + height, left : left + width] = np.rint(255 * ink)
    return image


def centre(ink):
    """Place the digit in 28 x 28 pixels, with its centre of mass in the middle."""
    mass = [ink.sum(axis=1) / ink.sum(), ink.sum(axis=0) / ink.sum()]  # of each row, each column
    top, left = (
        min(max(round(SIDE / 2 - float(shares @ np.arange(len(shares)))), 0), SIDE - len(shares))
        for shares in mass
    )
    return paste(ink, top, left)


def prepare(image):
    """Return what the network sees of a Pillow image: uint8, shape (28, 28)."""
    return centre(scale(crop(find_ink(to_grey(image)))))
