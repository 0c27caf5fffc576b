"""A network as a picture: a block for each layer, with the shapes between them.

    python visualizing/draw_weights.py                # conv_net
    python visualizing/draw_weights.py -m le_net      # any network of mnist/models.py
    python visualizing/draw_weights.py -m mnist/outputs/RUN/mlp_tiny.keras

You will see a figure. A trained MLP with few hidden neurons is drawn with its weights: what
each hidden neuron looks for in the image, and which digits it votes for. Takes some seconds.
Chapter: visualizing/README.md#the-network-as-a-picture
"""

from chapter import OUTPUTS

import re

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch

from utils.figures import NEGATIVE, POSITIVE, save_figure
from utils.options import make_parser
from utils.runs import make_folder, save_results
from visualizing.shapes import find_network

MODEL = "conv_net"  # a name in mnist/models.py, or a .keras file
COLORS = {"Conv2D": "C0", "Dense": "C1", "BatchNormalization": "C2", "Dropout": "C7"}
POOLING = "C6"
MOST = 16  # hidden neurons that are drawn one by one


def size_of(shape):
    """Return how wide, high and deep a block is, for a shape such as (26, 26, 32) or (64,)."""
    if len(shape) == 1:
        return 0.3, 0.35 * np.sqrt(shape[0]) ** 0.8, 0.0
    height, _, channels = shape if len(shape) == 3 else (*shape, 1)  # steps of a sequence
    return 0.12 * np.sqrt(channels) + 0.15, height / 7, height / 14


def draw_block(axes, x, shape, color):
    """Draw a block with its left edge at x, centred on y = 0; return how wide it is."""
    width, height, depth = size_of(shape)
    bottom, top = -height / 2, height / 2
    shift = np.array([depth / 2, depth / 2])
    front = np.array([(x, bottom), (x + width, bottom), (x + width, top), (x, top)])
    faces = [
        (front, 1.0),
        (np.array([front[3], front[2], front[2] + shift, front[3] + shift]), 0.6),
        (np.array([front[1], front[1] + shift, front[2] + shift, front[2]]), 0.8),
    ]
    for corners, shade in faces:
        axes.fill(*corners.T, facecolor="white", edgecolor="none")
        axes.fill(*corners.T, facecolor=color, alpha=0.75 * shade, edgecolor="white", linewidth=1)
    return width + depth / 2


def caption(layer):
    """Return the kind of a layer and what else there is to say of it in a word or two."""
    kind = type(layer).__name__
    if kind == "Conv2D":
        return f"{kind}\n{' x '.join(map(str, layer.kernel_size))}, {layer.activation.__name__}"
    if kind == "Dense":
        return f"{kind}\n{layer.activation.__name__}"
    if hasattr(layer, "pool_size"):
        return f"{kind.removesuffix('2D')}\n{' x '.join(map(str, layer.pool_size))}"
    return kind.replace("BatchNormalization", "Batch-\nNormalization")


def draw_blocks(model):
    """Draw what goes in and what each layer gives."""
    blocks = [("input", model.input_shape[1:], "0.5")]
    for layer in model.layers:
        kind = type(layer).__name__
        color = COLORS.get(kind, POOLING if hasattr(layer, "pool_size") else "0.7")
        blocks.append((caption(layer), layer.output.shape[1:], color))
    low = -max(size_of(shape)[1] for _, shape, _ in blocks) / 2 - 0.5
    figure, axes = plt.subplots(figsize=(1.28 * len(blocks), 4.2))
    x = 0
    for text, shape, color in blocks:
        width, height, _ = size_of(shape)
        taken = draw_block(axes, x, shape, color)
        middle = x + width / 2
        label = " x ".join(f"{n:,}" for n in shape)
        style = {"ha": "center", "va": "top", "fontsize": 9}
        axes.text(middle, -height / 2 - 0.15, label, weight="bold", **style)
        axes.text(middle, low - 0.35, text, color="0.25", **style)
        x += max(taken + 0.5, 1.75)
    axes.set(xlim=(-0.9, x), ylim=(low - 1.4, -low + 1))
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def draw_weights(model):
    """Draw an MLP's hidden neurons as images of their weights, and lines to the digits.

    Red: positive, blue: negative; a line is as thick as its weight is large.
    """
    (first, _), (last, _) = (layer.get_weights() for layer in model.layers[-2:])
    hidden = first.shape[1]
    figure = plt.figure(figsize=(7.5, 1.15 * hidden + 0.4), layout="none")
    limit = np.abs(first).max()
    right = figure.add_axes((0.86, 0.02, 0.1, 0.96))
    right.set(xlim=(0, 1), ylim=(9.5, -0.5))
    right.axis("off")
    for digit in range(10):
        right.text(0.4, digit, str(digit), fontsize=15, va="center", weight="bold")
    for neuron in range(hidden):
        height = 0.96 / hidden
        left = figure.add_axes((0.03, 0.98 - (neuron + 1) * height, 0.25, 0.9 * height))
        left.imshow(first[:, neuron].reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit)
        left.axis("off")
        for digit in range(10):
            weight = last[neuron, digit]
            ends = {"coordsA": "data", "coordsB": "data", "axesA": left, "axesB": right}
            color = POSITIVE if weight > 0 else NEGATIVE
            line = ConnectionPatch((28, 13.5), (0.2, digit), color=color, alpha=0.7, **ends)
            line.set_annotation_clip(False)  # it begins and ends beside the images
            line.set_linewidth(4 * abs(weight) / np.abs(last).max())
            figure.add_artist(line)
    return figure


def main(argv=None):
    """Draw the network; return the shapes of what its layers give."""
    parser = make_parser("Draw a network.", OUTPUTS)
    parser.add_argument("-m", "--model", default=MODEL, help="a network's name, or its file")
    args = parser.parse_args(argv)
    model = find_network(args.model)
    folder = make_folder(args.outputs)
    name = re.sub(r"\W+", "_", model.name)  # a file's model may be called anything
    save_figure(draw_blocks(model), folder / f"blocks_{name}.png")
    small = model.input_shape == (None, 784) and len(model.layers) == 2
    if small and model.layers[0].units <= MOST:
        save_figure(draw_weights(model), folder / f"weights_{name}.png")
    results = {layer.name: layer.output.shape[1:] for layer in model.layers}
    return save_results({"shapes": results}, folder, __file__, argv)


if __name__ == "__main__":
    main()
