"""Machinery of this chapter: the figure of backpropagation, with values, weights and gradients.

Chapter: basics/README.md#backpropagation
"""

from itertools import pairwise

import matplotlib.pyplot as plt


def draw_values(columns, parameters, gradient):
    """Draw a small network: values in the neurons, weights and gradients at the connections.

    columns: the inputs and each layer's outputs, as arrays; parameters and gradient: the weights
    of shape (inputs, neurons) and the biases of each layer in turn.
    """
    figure, axis = plt.subplots(figsize=(9, 4.6))
    heights = [[2.0 * ((len(c) - 1) / 2 - i) for i in range(len(c))] for c in columns]
    paper = {"facecolor": plt.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 2.5}
    circle = {"boxstyle": "circle,pad=0.5", "facecolor": "white", "edgecolor": "#2b2b29"}
    for layer, (old, new) in enumerate(pairwise(heights)):
        weights, biases = parameters[2 * layer : 2 * layer + 2]
        d_weights, d_biases = gradient[2 * layer : 2 * layer + 2]
        for i, start in enumerate(old):
            for j, end in enumerate(new):
                axis.plot([layer, layer + 1], [start, end], color="#b9b9b4", zorder=1)
                at = (layer + 0.35, start + 0.35 * (end - start))
                axis.annotate(
                    f"{weights[i, j]:+.1f}",
                    at,
                    (0, 7),
                    ha="center",
                    va="center",
                    color="C0",
                    textcoords="offset points",
                    bbox=paper,
                    weight="bold",
                )
                axis.annotate(f"{d_weights[i, j]:+.4f}", at, (0, -7), ha="center", va="center",
                              color="C1", textcoords="offset points", bbox=paper)  # fmt: skip
        for j, end in enumerate(new):
            axis.text(layer + 1, end - 0.5, f"{biases[j]:+.1f}", ha="right", color="C0",
                      weight="bold", va="center")  # fmt: skip
            axis.text(layer + 1.02, end - 0.5, f" {d_biases[j]:+.4f}", color="C1", va="center")
    for layer, (column, places) in enumerate(zip(columns, heights, strict=True)):
        for value, height in zip(column, places, strict=True):
            axis.text(layer, height, f"{value:.4f}", ha="center", va="center", bbox=circle)
    axis.plot([], [], "o", markerfacecolor="white", color="#2b2b29", label="value of the neuron")
    axis.plot([], [], color="C0", label="weight or, below a neuron, bias")
    axis.plot([], [], color="C1", label="its gradient")
    axis.legend(loc="lower right")
    axis.set_xticks(range(len(columns)), ["inputs", "hidden layer", "output"])
    axis.set(yticks=[], xlim=(-0.25, len(columns) - 0.65), ylim=(-1.9, 1.6))
    axis.tick_params(length=0, labelsize=11)
    axis.spines[:].set_visible(False)
    axis.grid(False)
    return figure
