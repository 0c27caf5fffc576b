"""Machinery of this chapter: its two figures.

Chapter: xor/README.md#running-it
"""

import matplotlib.pyplot as plt
import numpy as np

from utils.figures import NEGATIVE, POSITIVE, marker, save_figure


def draw_predictions(model, history, path):
    """Draw the loss of a training run beside the network's predictions over the unit square.

    model: takes (rows, 2); history: what fit has returned.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2))
    loss = history.history["loss"]
    left.plot(range(1, len(loss) + 1), loss, marker=marker(loss))
    left.set(title="Loss", xlabel="epoch", ylabel="binary cross-entropy", ylim=(0, None))

    side = np.linspace(0, 1, 101, dtype="float32")
    a, b = np.meshgrid(side, side)
    points = np.column_stack([a.ravel(), b.ravel()])
    outputs = model.predict(points, batch_size=len(points), verbose=0).reshape(a.shape)
    surface = right.contourf(a, b, outputs, levels=np.linspace(0, 1, 21), cmap="RdBu_r")
    if outputs.min() < 0.5 < outputs.max():
        right.contour(a, b, outputs, levels=[0.5], colors="black", linewidths=1.2)
    badge = {"boxstyle": "circle", "facecolor": "white", "edgecolor": "black"}
    for corner, target in [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]:
        right.text(*corner, target, ha="center", va="center", weight="bold", bbox=badge)
    right.set(title="Output of the network", xlabel="first input", ylabel="second input")
    right.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal")
    right.set(xlim=(-0.07, 1.07), ylim=(-0.07, 1.07))
    right.grid(False)
    figure.colorbar(surface, ax=right, ticks=[0, 0.25, 0.5, 0.75, 1])
    save_figure(figure, path)


def draw_network(weights, values, path):
    """Draw the neurons of a network with their values, and the weights between them.

    weights: an array (inputs, neurons) per layer; values: the inputs, then each layer's outputs.
    """
    tallest = max(len(column) for column in values)
    figure, axes = plt.subplots(figsize=(9.5, min(max(3, 0.6 * tallest), 30)))
    # The neurons of a column stand one apart, centred on 0, the first one on top.
    heights = [(len(column) - 1) / 2 - np.arange(len(column)) for column in values]
    strongest = max(np.abs(matrix).max() for matrix in weights)
    for layer, matrix in enumerate(weights):
        for (source, target), weight in np.ndenumerate(matrix):
            axes.plot(
                [layer, layer + 1],
                [heights[layer][source], heights[layer + 1][target]],
                color=POSITIVE if weight > 0 else NEGATIVE,
                linewidth=3.5 * abs(weight) / strongest,
            )
    badge = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": "black"}
    for layer, column in enumerate(values):
        for height, value in zip(heights[layer], column, strict=True):
            # A neuron without effect on the next layer is drawn grey.
            badge["facecolor"] = "#dcdcd8" if value == 0 else "white"
            axes.text(layer, height, f"{value:.2f}", ha="center", va="center", bbox=badge)
    names = ["inputs", *[f"hidden layer {i}" for i in range(1, len(weights))], "output"]
    axes.set_xticks(range(len(names)), names)
    axes.set(yticks=[], xlim=(-0.2, len(weights) + 0.2), ylim=(-tallest / 2, tallest / 2))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    save_figure(figure, path)
