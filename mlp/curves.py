"""Machinery of this chapter: the curves of the second lesson.

Chapter: mlp/README.md#reading-the-results
"""

import matplotlib.pyplot as plt
from sklearn.metrics import precision_recall_curve, roc_curve

from utils.figures import save_figure


def draw_curves(y, probabilities, points, path):
    """Draw ROC and precision-recall curves of the models, and on the latter the thresholds."""
    figure, (roc, pr) = plt.subplots(1, 2, figsize=(10.4, 5))
    for (name, p), dashes in zip(probabilities.items(), (":", "-.", "--", "-"), strict=True):
        reported, found, _ = roc_curve(y, p)
        roc.plot(reported, found, dashes, label=name.replace("_", " "))
        precision, recall, _ = precision_recall_curve(y, p)
        precision[-1] = precision[-2]  # the last point, (0, 1), is not that of a threshold
        pr.plot(recall, precision, dashes, drawstyle="steps-post")
    for point in (points["usual"], points["calculated"]):
        if point["calls"]:
            place = (point["leavers"] / y.sum(), point["leavers"] / point["calls"])
            pr.plot(*place, "ko")
            below = {"textcoords": "offset points", "ha": "right", "va": "top"}
            pr.annotate(f"{point['threshold']:.1f}", place, (-6, -2), **below)
    recall = "share of those who left that is reported"
    roc.set(title="ROC", xlabel="share of those who stayed that is reported", ylabel=recall)
    pr.set(title="Precision and recall", xlabel=f"{recall} (recall)")
    pr.set_ylabel("share of the reported who left (precision)")
    roc.legend(loc="lower right")
    save_figure(figure, path)
