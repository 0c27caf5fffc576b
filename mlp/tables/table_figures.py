"""Machinery of this part: the figure of a run.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#your-own-table
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve

from mnist.studies.temperature import reliability
from utils.figures import DASHES, name_lines, plot_history, save_figure

BINS = 10  # of the calibration, at most
ROWS_PER_BIN = 20
MOST_POINTS = 1_000  # of the numbers that are drawn


def draw(history, answers, y, classes, points, path):
    """Draw the learning curves and, depending on the task, what the answers are worth.

    answers: of each model, by name; points: what find_thresholds returns, or None.
    """
    two = len(classes) == 2
    figure, panels = plt.subplots(1, 3 if two else 2, figsize=(12 if two else 8.4, 4.2))
    plot_history(panels[0], history, "loss")
    panels[0].set(title="Learning", xlabel="Epoch", ylabel="Loss")
    name_lines(panels[0])
    if not classes:
        draw_numbers(panels[1], answers["neural_network"], y)
    elif two:
        draw_precision(panels[1], answers, y, points, classes[1])
    if classes:
        draw_calibration(panels[-1], answers["neural_network"], y, classes)
    save_figure(figure, path)


def draw_numbers(axes, answers, y):
    chosen = np.random.default_rng(0).permutation(len(y))[:MOST_POINTS]
    axes.plot(y[chosen], answers[chosen], "o", markersize=3, alpha=0.5)
    ends = [min(y.min(), answers.min()), max(y.max(), answers.max())]
    axes.plot(ends, ends, color="gray", linewidth=1)
    axes.set(title="Predictions", xlabel="true", ylabel="predicted by the network")


def draw_precision(axes, answers, y, points, yes):
    names = [name for name in answers if name != "majority_class"]
    for name, dashes in zip(names, DASHES, strict=False):
        precision, recall, _ = precision_recall_curve(y, answers[name][:, 1])
        label = name.replace("_", " ")
        axes.plot(recall[:-1], precision[:-1], linestyle=dashes, label=label)
    for point in (points["usual"], points["calculated"]):
        place = (point["recall"], point["precision"])
        axes.plot(*place, "ko")
        about = {"textcoords": "offset points", "ha": "right"}
        axes.annotate(f"{point['threshold']:.2f}", place, (-6, -12), **about)
    axes.set(title="Precision and recall", ylabel=f'precision of "{yes}"')
    axes.set(xlabel=f'recall of "{yes}"', xlim=(0, 1.02), ylim=(0, 1.03))
    axes.legend(loc="lower left")


def draw_calibration(axes, answers, y, classes):
    axes.plot([0, 1], [0, 1], color="gray", linewidth=1)
    bins = min(BINS, max(3, len(y) // ROWS_PER_BIN))
    if len(classes) == 2:
        happened, said = calibration_curve(y, answers[:, 1], n_bins=bins, strategy="quantile")
        axes.set(xlabel=f'probability of "{classes[1]}"', ylabel="share of rows in which it is so")
    else:
        _, said, happened = reliability(answers, np.eye(len(classes))[y], bins).T
        axes.set(xlabel="probability of the answer", ylabel="share of right answers")
    axes.plot(said, happened, "o-")
    axes.set(title="Calibration", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
