"""Figures: the book's style, saving, lines that are told apart, the curves of a training run."""

import math
import textwrap
import unicodedata

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from scipy.optimize import isotonic_regression

from utils.runs import replacing

# Nobody should need the colour of a line: up to five have dashes of their own, too.
DASHES = ["-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (7, 1.5, 1.5, 1.5)), (0, (3, 2.5))]
COLORS = plt.rcParams["axes.prop_cycle"].by_key()["color"]
POSITIVE = "#b2182b"  # of weights: nearly the ends of the map RdBu_r
NEGATIVE = "#2166ac"
NAME_SIZE = 9.5  # points, of a name behind a line
LINES = cycler(color=COLORS) + cycler(linestyle=[DASHES[i % 5] for i in range(len(COLORS))])


def save_figure(figure, path):
    """Save a figure, whole or not at all, and close it.

    Its texts may be names of files, columns or classes, so they are shown letter by letter, and a $
    begins no formula. Only what stands at the ticks may be one, as matplotlib's own numbers are.
    """
    sides = [side for axes in figure.axes for side in (axes.xaxis, axes.yaxis)]
    numbers = {label for side in sides for label in side.get_ticklabels(which="both")}
    for text in figure.findobj(lambda artist: isinstance(artist, Text) and artist not in numbers):
        text.set_parse_math(False)
        text.set_text(drawable(text.get_text()))
    with replacing(path) as partial:
        figure.savefig(partial)
    plt.close(figure)


def drawable(text):
    """Return a text with a sign in place of each control character and each half of a letter."""
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"}
    return "".join("\N{REPLACEMENT CHARACTER}" if c in odd else c for c in text)


def name_lines(axes):
    """Write the name of each line with a label behind its right end, in its colour.

    Call it when the limits of the axes are final. Names that would overlap are moved apart.
    """
    lines = [line for line in axes.lines if not line.get_label().startswith("_")]
    axes.autoscale_view()  # matplotlib would fit the limits to the lines only later
    to_axes = (axes.transData + axes.transAxes.inverted()).transform
    height = axes.get_figure().get_figheight() * axes.get_position().height
    step = 1.35 * NAME_SIZE / 72 / height  # of a line of text, as a share of the axes
    named = []
    for line in lines:
        x, y = (np.asarray(values, float) for values in line.get_data(orig=False))
        known = np.flatnonzero(np.isfinite(y))
        end = to_axes((x[known[-1]], y[known[-1]]))[1] if len(known) else 0.5
        named.append((float(np.clip(end, 0, 1)), line))
    named.sort(key=lambda pair: pair[0])
    rooms = [step * (1 + line.get_label().count("\n")) for _, line in named]
    places = spread_out([height for height, _ in named], rooms)
    for place, (_, line) in zip(places, named, strict=True):
        axes.annotate(
            line.get_label(),
            (1, place),
            xytext=(6, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            color=tuple(0.7 * share for share in to_rgb(line.get_color())),  # letters are thin
            fontsize=NAME_SIZE,
        )


def spread_out(wanted, rooms):
    """Return places as near as can be to those wanted, in their order, each with its room.

    wanted: sorted numbers between 0 and 1; rooms: how much of that each takes up.
    """
    offsets = np.cumsum(rooms) - np.divide(rooms, 2)  # of the places if all touched from 0 on
    lows = isotonic_regression(np.subtract(wanted, offsets)).x
    return np.clip(lows, 0, max(0, 1 - sum(rooms))) + offsets


def plot_history(axes, history, key):
    """Plot a quantity over the epochs: a line for training, a dashed one for validation data.

    history: {quantity: a value per epoch}, as fit returns it or as a file of a run holds it.
    The lines have labels for name_lines or a legend.
    """
    epochs = history["epoch"] if "epoch" in history else range(1, len(history[key]) + 1)
    for name, label, dashes in ((key, "training", "-"), (f"val_{key}", "validation", DASHES[1])):
        if name in history:
            style = {"linestyle": dashes, "marker": marker(epochs)}
            axes.plot(epochs, history[name], label=label, **style)
    count_epochs(axes)


def count_epochs(axes):
    """Number an axis of epochs by whole, round numbers: tens where it is long."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def marker(epochs):
    """A line of few points needs markers: a single epoch would not be seen at all."""
    return "o" if len(epochs) < 10 else ""


def draw_sheet(images, titles, path, columns=8):
    """Draw images (height, width, 3), or None for a gap, in rows, each under its title."""
    rows = math.ceil(len(images) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(10, 10.5 / columns * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        if image is not None:
            axis.imshow(image)
            axis.set_title(textwrap.fill(title, 16), fontsize=8, fontweight="normal", loc="left")
    save_figure(figure, path)
