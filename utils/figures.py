"""Figures: the book's style, saving, and the curves of a training."""

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from utils.runs import ROOT, replacing

plt.style.use(ROOT / "assets" / "book.mplstyle")


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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
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
