"""Machinery of mnist.py: the figures of a trained model, and those that compare several.

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

import math
import textwrap

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

from utils.figures import LINES, count_epochs, marker, name_lines, plot_history, save_figure

# What draw_graph_by_type can draw: the key in the history and the label of the axis.
GRAPHS = {
    "acc": ("accuracy", "Accuracy"),
    "loss": ("loss", "Loss"),
    "lr": ("learning_rate", "Learning rate"),
}


def draw_figures(name, history, digits, probabilities, folder, changes=()):
    """Draw all figures of a trained model: NAME_acc_eN.png and so on, N the number of epochs.

    history: dict of lists, an entry per epoch; probabilities: what model.predict says of the
    validation images, shape (5000, 10); changes: options of the run that the titles name.
    """
    title = textwrap.fill(" ".join([name, *changes]), 60, break_on_hyphens=False)
    true = digits.y_val.argmax(axis=1)
    ending = f"e{history['epoch'][-1]}.png"
    for kind in ("acc", "loss"):
        draw_graph_by_type(history, kind, title, folder / f"{name}_{kind}_{ending}")
    if len(set(history["learning_rate"])) > 1:
        draw_graph_by_type(history, "lr", title, folder / f"{name}_lr_{ending}")
    draw_times(history, title, folder / f"{name}_times_{ending}")
    draw_confusion(true, probabilities.argmax(axis=1), title, folder / f"{name}_confusion.png")
    draw_mistakes(digits.x_val, true, probabilities, title, folder / f"{name}_mistakes.png")


def draw_graph_by_type(history, kind, title, path):
    """Draw one quantity of a history over the epochs and mark the best value on validation data.

    history: dict of lists; kind: a key of GRAPHS; title: names the model.
    """
    key, label = GRAPHS[kind]
    figure, axes = plt.subplots()
    plot_history(axes, history, key)
    if f"val_{key}" in history:
        values = history[f"val_{key}"]
        best = values.index(max(values) if kind == "acc" else min(values))
        epoch = history["epoch"][best]
        axes.plot(epoch, values[best], "o", color="C1", markersize=8, markeredgecolor="white")
        axes.lines[1].set_label(f"validation,\nbest {values[best]:.4f}\nin epoch {epoch} (dot)")
    later = [value for k in (key, f"val_{key}") for value in history.get(k, [])[2:]]
    later = [value for value in later if math.isfinite(value)]  # a run may have diverged
    # The first epochs would squeeze the others into a thin band.
    if kind != "lr" and len(history["epoch"]) >= 10 and later:
        margin = 0.08 * (max(later) - min(later))
        axes.set_ylim(min(later) - margin, max(later) + margin)
    axes.set(title=f"{title}: {label.lower()}", xlabel="Epoch", ylabel=label)
    if f"val_{key}" in history:
        name_lines(axes)
    save_figure(figure, path)


def draw_times(history, title, path):
    """Draw the seconds that each epoch took."""
    figure, axes = plt.subplots()
    axes.bar(history["epoch"], history["seconds"], color="C2", width=0.8)
    count_epochs(axes)
    seconds = math.fsum(history["seconds"])
    axes.set(title=f"{title}: {seconds:.0f} s of training", xlabel="Epoch")
    axes.set_ylabel("Seconds per epoch")
    save_figure(figure, path)


def draw_confusion(true, predicted, title, path):
    """Draw how often each digit was taken for each other digit."""
    figure, axes = plt.subplots(figsize=(6.4, 5.6))
    ConfusionMatrixDisplay.from_predictions(
        true, predicted, labels=range(10), ax=axes, cmap="Blues", colorbar=False
    )
    axes.grid(False)
    axes.set(title=f"{title}: validation images", xlabel="Predicted digit", ylabel="True digit")
    save_figure(figure, path)


def draw_mistakes(images, true, probabilities, title, path, rows=3, columns=8):
    """Draw the misread validation images, the most confident mistakes first."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = [i for i in (-confidence).argsort() if predicted[i] != true[i]]
    figure, axes = plt.subplots(rows, columns, figsize=(8.6, 4.2))
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, wrong, strict=False):
        ax.imshow(images[i].reshape(28, 28))
        ax.set_title(
            f"{true[i]} read as {predicted[i]}\n{confidence[i]:.1%}",
            fontsize=8,
            fontweight="normal",
            loc="center",
        )
    said = f"{title}: {len(wrong)} of {len(true):,} validation images misread"
    figure.suptitle(said, fontsize=12)
    save_figure(figure, path)


def draw_comparison(histories, path):
    """Draw the validation accuracy of several models, {name: history}, in one figure."""
    figure, axes = plt.subplots(figsize=(9, 5.4))
    axes.set_prop_cycle(LINES)
    for name, history in histories.items():
        epochs, accuracies = history["epoch"], history["val_accuracy"]
        axes.plot(epochs, accuracies, marker=marker(epochs), label=name, linewidth=1.4)
    count_epochs(axes)
    # The first epochs of a slow starter would squeeze all that matters into a thin band.
    low = min(history["val_accuracy"].median() for history in histories.values())
    axes.set_ylim(bottom=max(0, low - 0.01))
    axes.set(title="Validation accuracy of each model", xlabel="Epoch", ylabel="Accuracy")
    name_lines(axes)
    save_figure(figure, path)
