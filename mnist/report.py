"""Machinery of mnist.py: a model's results and figures, and the HTML report of a run.

python mnist/report.py RUN writes the report of a finished run anew.
"""

import argparse
import base64
import io
import json
import statistics
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    classification_report,
    confusion_matrix,
)

from data import VALIDATION_SIZE
from runs import find_run, replacing, write_json
from utils import draw_acc_loss_graph, draw_graph_by_type, draw_times, finish_graph

# The figures of a model: how its file's name ends, and what it shows.
FIGURES = {
    "acc_e{epochs}": "Accuracy over the epochs",
    "loss_e{epochs}": "Loss over the epochs",
    "lr_e{epochs}": "Learning rate over the epochs",
    "times_e{epochs}": "Seconds of each epoch",
    "confusion": "Confusion matrix: true against predicted digits",
    "mistakes": "The test images that the network got most wrong",
}

SMALLEST = np.finfo("float32").tiny  # a probability of which there still is a logarithm


def describe(model, history, digits, test, probabilities, folder):
    """Draw the figures of a trained model and return its results, ready for JSON.

    history: dict of lists, an entry per epoch; test: what model.evaluate says of the test
    images; probabilities: what model.predict says of them, shape (10000, 10).
    """
    name = model.name
    true, predicted = digits.y_test.argmax(axis=1), probabilities.argmax(axis=1)
    draw_acc_loss_graph(history, name, folder)
    draw_times(history, name, folder)
    if len(set(history["learning_rate"])) > 1:
        path = folder / f"{name}_lr_e{history['epoch'][-1]}.png"
        draw_graph_by_type(history, "lr", name, path)
    draw_confusion(true, predicted, name, folder)
    draw_mistakes(digits.x_test, true, probabilities, name, folder)
    layers = io.StringIO()
    model.summary(print_fn=lambda line: layers.write(f"{line}\n"))
    return {
        "parameters": model.count_params(),
        "epochs": len(history["epoch"]),
        "seconds_per_epoch": statistics.median(history["seconds"]),
        "train": score(digits.y_train, model.predict(digits.x_train, 256, verbose=0)),
        "validation": score(digits.y_val, model.predict(digits.x_val, 256, verbose=0)),
        "test": score(digits.y_test, probabilities) | {"loss": test["loss"]},
        "confusion_matrix": confusion_matrix(true, predicted, labels=range(10)).tolist(),
        "classification_report": classification_report(true, predicted, digits=4, zero_division=0),
        "summary": layers.getvalue(),
    }


def score(labels, probabilities):
    """Return accuracy, errors and cross-entropy, without any penalty; both arrays (n, 10)."""
    of_truth = probabilities[labels == 1]
    right = labels.argmax(axis=1) == probabilities.argmax(axis=1)
    return {
        "accuracy": float(right.mean()),
        "errors": int((~right).sum()),
        # A sure mistake may have a probability of 1e-20. scikit-learn's log_loss would cut that
        # off at 1e-7 and hide how sure the network was; Keras's loss does not, either.
        "cross_entropy": float(-np.log(np.maximum(of_truth, SMALLEST)).mean()),
    }


def draw_confusion(true, predicted, name, folder):
    """Draw NAME_confusion.png: how often each digit was taken for each other."""
    figure, axes = plt.subplots(figsize=(6.4, 5.6))
    matrix = confusion_matrix(true, predicted, labels=range(10))
    ConfusionMatrixDisplay(matrix).plot(ax=axes, cmap="Blues", colorbar=False)
    axes.grid(False)
    axes.set(title=f"{name}: test images", xlabel="Predicted digit", ylabel="True digit")
    figure.savefig(folder / f"{name}_confusion.png")
    plt.close(figure)


def draw_mistakes(images, true, probabilities, name, folder, rows=3, columns=8):
    """Draw NAME_mistakes.png: the wrongly read test images, the surest mistakes first."""
    predicted, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = [i for i in (-sureness).argsort() if predicted[i] != true[i]]
    figure, axes = plt.subplots(rows, columns, figsize=(8.6, 4.2))
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, wrong, strict=False):
        ax.imshow(images[i].reshape(28, 28))
        ax.set_title(
            f"{true[i]} read as {predicted[i]}\n{sureness[i]:.1%}",
            fontsize=8,
            fontweight="normal",
            loc="center",
        )
    figure.suptitle(f"{name}: {len(wrong)} of {len(true):,} test images misread", fontsize=12)
    figure.savefig(folder / f"{name}_mistakes.png")
    plt.close(figure)


def draw_comparison(histories, path):
    """Draw the validation accuracy of several models, {name: history}, in one figure."""
    figure, axes = plt.subplots(figsize=(9, 5.4))
    for name, history in histories.items():
        axes.plot(history["epoch"], history["val_accuracy"], label=name, linewidth=1.4)
    # The first epochs of a slow starter would squeeze all that matters into a thin band.
    low = min(history["val_accuracy"].median() for history in histories.values())
    axes.set_ylim(bottom=max(0, low - 0.01))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    finish_graph(figure, axes, "Validation accuracy of each model", "Accuracy", path)


def write_report(results, folder):
    """Write results.json and, self-contained, report.html into a run's folder."""
    write_json(results, folder / "results.json")
    models = results["models"]
    images = []
    if len(models) > 1:
        histories = {name: pd.read_csv(folder / f"{name}_history.csv") for name in models}
        draw_comparison(histories, folder / "comparison.png")
        images = [embed(folder / "comparison.png", "Validation accuracy of each model")]
    figures = {
        name: [
            embed(folder / f"{name}_{ending.format_map(model)}.png", f"{name}: {caption}")
            for ending, caption in FIGURES.items()
            if (folder / f"{name}_{ending.format_map(model)}.png").exists()
        ]
        for name, model in models.items()
    }
    template = Path(__file__).with_name("report.html").read_text(encoding="utf-8")
    page = jinja2.Template(template, autoescape=True, trim_blocks=True).render(
        results, comparison=images, figures=figures, validation_size=VALIDATION_SIZE
    )
    with replacing(folder / "report.html") as partial:
        partial.write_text(page, encoding="utf-8")


def embed(path, caption):
    """Return a PNG with its caption, as data that stands in the page itself."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {"source": f"data:image/png;base64,{data}", "caption": caption}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the HTML report of a run anew.")
    parser.add_argument("run", help="folder of the run, as a path or as its name in outputs/")
    run_folder = find_run(parser.parse_args().run)
    write_report(json.loads((run_folder / "results.json").read_text()), run_folder)
