"""The figures of the churn lessons: learning curves and ROC curves."""

from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.metrics import RocCurveDisplay

STYLE = Path(__file__).resolve().parent.parent / "assets" / "book.mplstyle"


def draw_roc(y, probabilities, path):
    """Draw a ROC curve for each model, given as name: probabilities of shape (n,)."""
    with plt.style.context(STYLE):
        figure, axes = plt.subplots(figsize=(5.8, 5.2))
        for name, probability in probabilities.items():
            RocCurveDisplay.from_predictions(y, probability, name=name.replace("_", " "), ax=axes)
        axes.set_title("Test customers: ROC curves")
        axes.set_xlabel("share of the customers who stayed that is reported wrongly")
        axes.set_ylabel("share of the customers who left that is found")
        axes.legend(loc="lower right")
        figure.savefig(path)
        plt.close(figure)


def draw_learning_curves(history, path):
    """Draw loss and accuracy, epoch by epoch, on training and perhaps on validation data."""
    with plt.style.context(STYLE):
        figure, panels = plt.subplots(1, 2, figsize=(9, 3.8))
        for axes, name in zip(panels, ("loss", "accuracy"), strict=True):
            epochs = range(1, len(history[name]) + 1)
            axes.plot(epochs, history[name], label="training")
            if f"val_{name}" in history:
                axes.plot(epochs, history[f"val_{name}"], label="validation")
            axes.set_title(name.capitalize())
            axes.set_xlabel("epoch")
            axes.legend()
        figure.savefig(path)
        plt.close(figure)
