"""A figure of two neurons: a biological one, greatly simplified, and an artificial one.

    python basics/draw_neuron.py

You will see a figure and the calculation of the artificial neuron.
Takes about a second; nothing is trained.
Chapter: basics/README.md#neurons
"""

from chapter import OUTPUTS

import math

import matplotlib.pyplot as plt
import numpy as np

from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import make_folder, save_results

INPUTS = [1.0, 0.5, 2.0]
WEIGHTS = [0.8, -1.2, 0.3]
BIAS = -0.4

CELL = "#d9c2e3"
OUTLINE = "#8a4fa3"
GREY = "#5a5a57"


def neuron(inputs, weights, bias):
    """Return the weighted sum of an artificial neuron, bias included, and its sigmoid."""
    total = float(np.dot(inputs, weights)) + bias
    return total, 1 / (1 + math.exp(-total))


def draw_branch(axis, x, y, angle, length, depth):
    """Draw a branch that forks at its end, and draw its forks in the same way."""
    end_x, end_y = x + length * math.cos(angle), y + length * math.sin(angle)
    axis.plot([x, end_x], [y, end_y], color=OUTLINE, linewidth=1 + depth, solid_capstyle="round")
    if depth:
        for turn in (-0.45, 0.45):
            draw_branch(axis, end_x, end_y, angle + turn, 0.62 * length, depth - 1)


def draw_biological(axis):
    """Draw dendrites, cell body, axon and its terminals, with their names."""
    for angle in (1.9, 2.6, math.pi + 0.15, 3.9, 4.5):
        draw_branch(axis, 0.8 * math.cos(angle), 0.8 * math.sin(angle), angle, 0.9, 2)
    axis.plot([0.8, 4.2], [0, 0], color=OUTLINE, linewidth=4)
    for angle in (-0.7, 0, 0.7):
        draw_branch(axis, 4.2, 0, angle, 0.7, 1)
    axis.add_patch(plt.Circle((0, 0), 0.85, facecolor=CELL, edgecolor=OUTLINE, linewidth=2))
    axis.add_patch(plt.Circle((0, 0), 0.3, facecolor=OUTLINE, edgecolor="none"))
    for x, y, text in [
        (-1.5, -2.75, "dendrites\nreceive signals"),
        (0.75, 1.5, "cell body\nadds them up"),
        (2.6, -0.8, "axon\nconducts a pulse"),
        (4.7, 1.5, "synapses\npass it on"),
    ]:
        axis.text(x, y, text, ha="center", va="center", color=GREY)
    axis.set(title="A biological neuron", xlim=(-2.9, 5.8), ylim=(-3.2, 2.7))


def draw_artificial(axis, total, output):
    """Draw inputs, weights, sum, activation and output, with their numbers."""
    heights = [1.7, 0, -1.7]
    arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0}
    paper = {"facecolor": plt.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 2}
    for value, weight, y in zip(INPUTS, WEIGHTS, heights, strict=True):
        axis.annotate("", (2.05, 0.25 * y), (0.4, y), arrowprops=arrow)
        axis.text(0, y, f"{value:g}", ha="center", va="center", weight="bold", fontsize=11)
        axis.text(1.15, 0.67 * y, f"× {weight:g}", ha="center", va="center", color="C1", bbox=paper)
    circles = [(2.7, f"sum\n{total:.1f}", CELL), (4.9, f"sigmoid\n{output:.3f}", "#c9daee")]
    for x, text, color in circles:
        axis.add_patch(plt.Circle((x, 0), 0.68, facecolor=color, edgecolor=GREY))
        axis.text(x, 0, text, ha="center", va="center")
    axis.annotate("", (2.7, -0.7), (2.7, -1.6), arrowprops=arrow)
    axis.text(2.7, -1.7, f"bias {BIAS:g}", ha="center", va="top", color="C1")
    axis.annotate("", (4.2, 0), (3.4, 0), arrowprops=arrow)
    axis.annotate("", (6.4, 0), (5.6, 0), arrowprops=arrow)
    for x, y, text in [(0, 2.3, "inputs"), (1.5, 1.75, "weights"), (4.9, 1.0, "activation"),
                       (6.1, -0.45, "output")]:  # fmt: skip
        axis.text(x, y, text, ha="center", va="center", color=GREY)
    axis.set(title="An artificial neuron", xlim=(-0.5, 6.7), ylim=(-3.2, 2.7))


def main(argv=None):
    """Draw both neurons; return the artificial one's weighted sum and output."""
    args = make_parser("Draw a biological and an artificial neuron.", OUTPUTS).parse_args(argv)
    folder = make_folder(args.outputs)

    total, output = neuron(INPUTS, WEIGHTS, BIAS)
    products = [f"{x:g} * {weight:g}" for x, weight in zip(INPUTS, WEIGHTS, strict=True)]
    print("weighted sum:", " + ".join([*products, f"{BIAS:g}"]), f"= {total:.2f}")
    print(f"output: sigmoid({total:.2f}) = {output:.3f}")

    figure, axes = plt.subplots(1, 2, figsize=(11, 4))
    draw_biological(axes[0])
    draw_artificial(axes[1], total, output)
    for axis in axes:
        axis.set_aspect("equal")
        axis.axis("off")
    save_figure(figure, folder / "neurons.png")
    return save_results({"sum": total, "output": output}, folder, __file__, argv)


if __name__ == "__main__":
    main()
