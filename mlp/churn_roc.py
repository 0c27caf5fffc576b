"""The ROC curves of the second churn lesson.

Chapter: mlp/README.md#reading-the-results
"""

import matplotlib.pyplot as plt
from sklearn.metrics import RocCurveDisplay

from utils.figures import save_figure


def draw_roc(y, probabilities, path):
    """Draw a ROC curve for each model, given as name: probabilities of shape (n,)."""
    figure, axes = plt.subplots(figsize=(5.8, 5.2))
    for name, probability in probabilities.items():
        RocCurveDisplay.from_predictions(y, probability, name=name.replace("_", " "), ax=axes)
    axes.set_title("Test customers: ROC curves")
    axes.set_xlabel("share of the customers who stayed that is reported wrongly")
    axes.set_ylabel("share of the customers who left that is found")
    axes.legend(loc="lower right")
    save_figure(figure, path)
