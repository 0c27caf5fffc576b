"""Machinery of the book: the picture of the front page, what the reader's networks will do."""

import matplotlib.pyplot as plt
import numpy as np

from cnn.classify import classify, load_network, with_maps
from cnn.photographs import PHOTOS, read_picture
from forecasts.methods import Linear
from forecasts.scores import stitch
from forecasts.series import load_traffic
from forecasts.windows import Data
from mnist.data import load_mnist, prepare_images
from utils.loading import load_model
from utils.runs import ROOT

SIDE = 5  # digits and feature maps in a row
ROOM = 7  # pixels above a digit and beside it, for the answer
DAYS = ("2018-05-09", "2018-05-13")  # Wednesday to Saturday, in the test part


def paste(images, room=1):
    """Return images (n, height, width) in rows of SIDE as one; room: pixels above and beside."""
    framed = np.pad(images[: SIDE**2], ((0, 0), (room, 1), (room, 1)), constant_values=np.nan)
    height, width = framed.shape[1:]
    rows = framed.reshape(SIDE, SIDE, height, width).swapaxes(1, 2)
    return rows.reshape(SIDE * height, SIDE * width)


def draw_digits(digits, maps):
    """Draw test images with what the network reads in them; return its answers to them."""
    _, (images, _) = load_mnist()
    model = load_model(ROOT / "assets" / "models" / "conv_net.keras")
    x = prepare_images(images[: SIDE**2], (28, 28, 1))
    answers = model.predict_on_batch(x).argmax(axis=-1)
    digits.imshow(paste(x[..., 0], ROOM))
    tile = ROOM + 28 + 1
    for number, answer in enumerate(answers):
        row, column = divmod(number, SIDE)
        corner = tile * column + 2, tile * row + ROOM + 4
        digits.text(*corner, answer, color="C1", fontsize=9, weight="bold")
    digits.set_title("Read digits")
    first = np.moveaxis(np.asarray(model.layers[0](x[:1]))[0], -1, 0)
    most = first.max(axis=(1, 2), keepdims=True)
    strongest = np.argsort(-most.ravel())[: SIDE**2]
    maps.imshow(paste((first / np.maximum(most, 1e-6))[strongest]), cmap="inferno")
    maps.set_title("See what it sees in a 7")
    return answers.tolist()


def draw_photo(axes):
    """Draw a photograph under its class activation map; return its name and probability."""
    network, classes, preprocess = load_network("EfficientNetLite0")
    pixels = read_picture(PHOTOS / "cat.jpg", network.input_shape[1])
    probabilities, maps = classify(with_maps(network), preprocess, pixels)
    best = int(probabilities.argmax())
    height, width = pixels.shape[:2]
    axes.imshow(pixels)
    axes.imshow(
        maps[..., best],
        cmap="inferno",
        alpha=0.45,
        interpolation="bicubic",
        extent=(0, width, height, 0),
    )
    axes.set_title("Name a photograph")
    name = f"{classes[best]}, {probabilities[best]:.0%}"
    axes.text(8, height - 10, name, color="white", fontsize=11, weight="bold")
    return classes[best], float(probabilities[best])


def draw_forecast(axes):
    """Draw some days of traffic and their forecasts, each made at the midnight before."""
    data = Data(load_traffic(), 48, 24)
    first, last = data.series.times.searchsorted(DAYS)
    hours = np.arange(last - first)
    axes.fill_between(hours, data.series.values[first:last], color="C0", alpha=0.25, linewidth=0)
    axes.plot(hours, stitch(Linear().fit(data), first, last), color="C1", label="forecast")
    axes.fill_between([], [], color="C0", alpha=0.25, label="what came")
    axes.legend(loc="upper right", ncols=2)
    axes.set(title="Forecast tomorrow's traffic", yticks=[], ylim=(0, 8500), xlim=(0, hours[-1]))
    axes.set_xticks(range(12, len(hours), 24), ["Wed", "Thu", "Fri", "Sat"])
    axes.grid(False)


def draw():
    """Return the picture, and what the networks answered in it."""
    figure, axes = plt.subplots(2, 2, figsize=(8.4, 8.8))
    axes = axes.ravel()
    for panel in axes[:3]:
        panel.axis("off")
    results = {"digits": draw_digits(*axes[:2]), "photo": draw_photo(axes[2])}
    draw_forecast(axes[3])
    axes[3].set_box_aspect(1)
    return {"front_page": figure}, results
