"""Figures: the book's style, saving, and the curves of a training."""

import math

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from utils.runs import ROOT, replacing

plt.style.use(ROOT / "assets" / "book.mplstyle")

# What draw_graph_by_type can draw: the key in the history and the label of the axis.
GRAPHS = {
    "acc": ("accuracy", "Accuracy"),
    "loss": ("loss", "Loss"),
    "lr": ("learning_rate", "Learning rate"),
}


def save_figure(figure, path):
    """Save a figure, whole or not at all, and close it."""
    with replacing(path) as partial:
        figure.savefig(partial)
    plt.close(figure)


def plot_history(axes, history, key):
    """Plot a quantity over the epochs, on training and, where the history has it, validation data.

    history: {quantity: a value per epoch}, as fit returns it or as a file of a run holds it.
    """
    epochs = history["epoch"] if "epoch" in history else range(1, len(history[key]) + 1)
    for name, label in ((key, "training"), (f"val_{key}", "validation")):
        if name in history:
            axes.plot(epochs, history[name], marker=marker(epochs), label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if f"val_{key}" in history:
        axes.legend()


def marker(epochs):
    """A line of few points needs markers: a single epoch would not be seen at all."""
    return "o" if len(epochs) < 10 else ""


def draw_learning_curves(history, path):
    """Draw loss and accuracy, epoch by epoch, side by side."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8))
    for axes, key in zip(panels, ("loss", "accuracy"), strict=True):
        plot_history(axes, history, key)
        axes.set(title=key.capitalize(), xlabel="Epoch")
    save_figure(figure, path)


def draw_graph_by_type(history, kind, name, path):
    """Draw one quantity of a history over the epochs and mark the best value on validation data.

    history: dict of lists; kind: a key of GRAPHS; name: of the model, for the title.
    """
    key, label = GRAPHS[kind]
    figure, axes = plt.subplots()
    plot_history(axes, history, key)
    if f"val_{key}" in history:
        values = history[f"val_{key}"]
        best = values.index(max(values) if kind == "acc" else min(values))
        axes.plot(history["epoch"][best], values[best], "o", color="C1", markersize=7)
        axes.annotate(
            f"best: {values[best]:.4f}\nepoch {history['epoch'][best]}",
            (history["epoch"][best], values[best]),
            xytext=(0, -14 if kind == "acc" else 14),
            textcoords="offset points",
            ha="center",
            va="top" if kind == "acc" else "bottom",
            color="C1",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1},
        )
    later = [value for k in (key, f"val_{key}") for value in history.get(k, [])[2:]]
    later = [value for value in later if math.isfinite(value)]  # a training may have diverged
    # The first epochs would squeeze the others into a thin band.
    if kind != "lr" and len(history["epoch"]) >= 10 and later:
        margin = 0.08 * (max(later) - min(later))
        axes.set_ylim(min(later) - margin, max(later) + margin)
    axes.set(title=f"{name}: {label.lower()}", xlabel="Epoch", ylabel=label)
    save_figure(figure, path)


def draw_acc_loss_graph(history, name, folder):
    """Draw NAME_acc_eN.png and NAME_loss_eN.png, where N is the number of epochs."""
    epochs = history["epoch"][-1]
    for kind in ("acc", "loss"):
        draw_graph_by_type(history, kind, name, folder / f"{name}_{kind}_e{epochs}.png")


def draw_times(history, name, folder):
    """Draw NAME_times_eN.png: the seconds that each epoch took."""
    figure, axes = plt.subplots()
    axes.bar(history["epoch"], history["seconds"], color="C2", width=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    title = f"{name}: {math.fsum(history['seconds']):.0f} s of training"
    axes.set(title=title, xlabel="Epoch", ylabel="Seconds per epoch")
    save_figure(figure, folder / f"{name}_times_e{history['epoch'][-1]}.png")
