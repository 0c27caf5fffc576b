"""Machinery of the book: images that are not digits, as the service sees them after prepare.py.

Chapter: serialization/rest/README.md#is-it-a-digit-at-all
"""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from scipy.interpolate import make_interp_spline

from serialization.rest.prepare import NoDigitError, prepare
from utils.runs import ROOT

SHEET = 280  # pixels of the sheets that are drawn on
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"  # matplotlib brings some
FACES = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Italic"]
FACES += ["DejaVuSansMono", "STIXGeneral", "STIXGeneralItalic"]
# Without those that some hand writes like a digit or a part of one: B C D G I J L O Q S T Z and y.
LETTERS = "AEFHKMNPRUVWXYadefhkmnprtuvwx"
SIGNS = "←↑→↓↔+×÷=≠≈√∑∏∫π§¶&@#%?!*<>{}[]~^♥♦♣♠★☎☂☺"
TURNED = [3, 4, 7]  # digits that are none upside down

EMOJI = ROOT / "cnn" / "data" / "emoji.npz"


def prepared(sheets):
    """Return what prepare.py makes of Pillow images, uint8 (n, 28, 28); the empty ones are left."""
    images = []
    for sheet in sheets:
        try:
            images.append(prepare(sheet))
        except NoDigitError:
            continue
    return np.stack(images)


def type_characters(characters, faces=FACES):
    """Return each character as each font draws it."""
    sheets = []
    for face in faces:
        font = ImageFont.truetype(FONTS / f"{face}.ttf", 200)
        for character in characters:
            sheet = Image.new("L", (SHEET, SHEET), 255)
            place = (SHEET / 2, SHEET / 2)
            ImageDraw.Draw(sheet).text(place, character, font=font, fill=0, anchor="mm")
            sheets.append(sheet)
    return prepared(sheets)


def scribble(rng, count):
    """Return smooth lines through random points, one to three in each image."""
    sheets = []
    for _ in range(count):
        sheet = Image.new("L", (SHEET, SHEET), 255)
        for _ in range(rng.integers(1, 4)):
            points = rng.uniform(40, 240, size=(rng.integers(5, 12), 2))
            times = np.linspace(0, len(points) - 1, 40 * len(points))
            line = make_interp_spline(np.arange(len(points)), points)(times)
            pen = int(rng.integers(14, 26))
            ImageDraw.Draw(sheet).line([*map(tuple, line)], fill=0, width=pen, joint="curve")
        sheets.append(sheet)
    return prepared(sheets)


def make_noise(rng, count):
    """Return squares of noise, from fine grains to large clouds, half of them black and white."""
    sheets = []
    for _ in range(count):
        noise = ndimage.gaussian_filter(rng.normal(size=(SHEET, SHEET)), rng.uniform(0, 12))
        if rng.random() < 0.5:
            noise = 1.0 * (noise > rng.uniform(0, 1.5) * noise.std())
        noise = (noise - noise.min()) / np.ptp(noise)
        edge = int(rng.integers(20, 80))
        noise = np.pad(noise[edge:-edge, edge:-edge], edge)
        sheets.append(Image.fromarray(np.rint(255 - 255 * noise).astype("uint8")))
    return prepared(sheets)


def cut_up(rng, digits, count):
    """Return images made of two digits: quarters mixed up, one over the other, side by side."""
    sheets = []
    for _ in range(count):
        one, other = (digits[i][4:24, 4:24] for i in rng.integers(len(digits), size=2))
        quarters = [one[:10, :10], one[:10, 10:], one[10:, :10], one[10:, 10:]]
        quarters = [np.rot90(quarters[i], rng.integers(4)) for i in rng.permutation(4)]
        mixed = np.block([quarters[:2], quarters[2:]])
        over = np.maximum(one, np.rot90(other, rng.integers(1, 4)))
        image = [mixed, over, np.hstack([one, other])][rng.integers(3)]
        sheets.append(Image.fromarray(255 - np.pad(image, 4)))
    return prepared(sheets)


def turn(digits, labels):
    """Return the digits that are none when they are upside down, upside down."""
    return prepared(
        Image.fromarray(np.ascontiguousarray(digit[::-1, ::-1]))
        for digit in digits[np.isin(labels, TURNED)]
    )


def read_emoji():
    """Return the emoji of the chapter on convolutional networks, by both artists, in grey."""
    with np.load(EMOJI) as arrays:
        return prepared(map(Image.fromarray, [*arrays["noto"], *arrays["twemoji"]]))
