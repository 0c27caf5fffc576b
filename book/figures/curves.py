"""Machinery of the book: eight learning curves without their names, an exercise for a class.

Draws them from assets/results/broken.json, and prints them as the table that teaching/TEACHING.md
has for those who cannot see them.
"""

import matplotlib.pyplot as plt

from book.pages.tables import markdown, number
from utils.figures import plot_history
from utils.files import load_results

# In the order of the panels A to H. teaching/keys/SOLUTIONS.md names them.
TRAININGS = [
    "not_scaled",
    "labels_shuffled",
    "healthy",
    "rate_too_low",
    "batches_of_two",
    "rate_too_high",
    "not_shuffled",
    "softmax_forgotten",
]


def table():
    """Return the curves as a table in Markdown: a value of each for some of the epochs."""
    rows, epochs = [], (1, 2, 4, 6, 8, 10)
    for letter, name in zip("ABCDEFGH", TRAININGS, strict=True):
        history = load_results("broken")[name]["history"]
        for key, label in (("accuracy", "training"), ("val_accuracy", "validation")):
            shares = [number(history[key][epoch - 1], ".0%") for epoch in epochs]
            rows.append([f"{letter}, {label}", *shares])
    return markdown(["", "epoch 1", *epochs[1:]], rows)


def draw():
    trainings = load_results("broken")
    figure, panels = plt.subplots(2, 4, figsize=(12, 5.6), sharex=True, sharey=True)
    for letter, name, axes in zip("ABCDEFGH", TRAININGS, panels.flat, strict=True):
        history = trainings[name]["history"]
        plot_history(axes, history, "accuracy")
        first, last = history["loss"][0], history["loss"][-1]
        axes.set_title(f"{letter}   loss {first:.2f} → {last:.2f}", fontsize=11)
        axes.set(ylim=(0, 1.02))
    for axes in panels[:, 0]:
        axes.set_ylabel("Accuracy")
    for axes in panels[1]:
        axes.set_xlabel("Epoch")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    print(table())
    return {"eight_curves": figure}, {}
