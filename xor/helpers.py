"""Machinery of this chapter: the options of its scripts, lines that show the progress, a figure.

Chapter: xor/README.md#xor-experiment
"""

import keras
import matplotlib.pyplot as plt
import numpy as np

from utils.options import OPTIMIZERS, positive, seed
from utils.runs import replacing

ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid"]
OPTIONS = {
    "hidden": {"type": positive(int), "nargs": "*", "help": "neurons of each hidden layer"},
    "activation": {"choices": ACTIVATIONS, "help": "of the hidden layers"},
    "optimizer": {"choices": OPTIMIZERS, "help": "how the weights are changed"},
    "learning_rate": {"type": positive(float), "help": "step size of the optimizer"},
    "epochs": {"type": positive(int), "help": "passes over the four rows"},
    "seed": {"type": seed, "help": "fixes the initial weights"},
}


def add_options(parser, **defaults):
    """Add those of the OPTIONS to a parser that get a default here."""
    for name, default in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", default=default, **OPTIONS[name])


def progress():
    """Return callbacks: one, which prints loss and accuracy after every 25 epochs."""

    def show(index, logs):
        epoch = index + 1
        if epoch % 25 == 0:
            print(f"epoch {epoch:4}   loss {logs['loss']:.4f}   accuracy {logs['accuracy']:.0%}")

    return [keras.callbacks.LambdaCallback(on_epoch_end=show)]


def draw_predictions(model, loss, path):
    """Draw the loss of each epoch beside the network's predictions over the unit square.

    model: takes (rows, 2).
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2))
    left.plot(range(1, len(loss) + 1), loss, marker="o" if len(loss) < 10 else "")
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
    with replacing(path) as partial:
        figure.savefig(partial)
    plt.close(figure)
