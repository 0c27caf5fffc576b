"""Machinery of mnist.py: a model's figures, and the HTML report of a run.

    python mnist/report.py RUN    # writes the report of a finished run anew

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

from chapter import OUTPUTS

import base64
import io
import statistics
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

from utils.data import VALIDATION_SIZE
from utils.figures import draw_acc_loss_graph, draw_graph_by_type, draw_times, save_figure
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, load_finished, replacing, write_json
from utils.training import load_history

# The figures of a model: how its file's name ends, and what it shows.
FIGURES = {
    "acc_e{epochs}": "Accuracy over the epochs",
    "loss_e{epochs}": "Loss over the epochs",
    "lr_e{epochs}": "Learning rate over the epochs",
    "times_e{epochs}": "Seconds of each epoch",
    "confusion": "Confusion matrix: true against predicted digits",
    "mistakes": "The test images that the network got most wrong",
}


def draw_figures(name, history, digits, probabilities, folder):
    """Draw all figures of a trained model.

    history: dict of lists, an entry per epoch; probabilities: what model.predict says of the
    test images, shape (10000, 10).
    """
    draw_acc_loss_graph(history, name, folder)
    draw_times(history, name, folder)
    if len(set(history["learning_rate"])) > 1:
        path = folder / f"{name}_lr_e{history['epoch'][-1]}.png"
        draw_graph_by_type(history, "lr", name, path)
    true = digits.y_test.argmax(axis=1)
    draw_confusion(true, probabilities.argmax(axis=1), name, folder)
    draw_mistakes(digits.x_test, true, probabilities, name, folder)


def save_model(model, answers, digits, folder):
    """Save NAME.keras and NAME_answers.npz, with which networks can be compared image by image.

    answers: {part: probabilities, shape (n, 10)}. For the validation and the test images the second
    file holds these, under the part's name, and the true digits, under PART_labels.
    """
    with replacing(folder / f"{model.name}.keras") as partial:
        model.save(partial)
    kept = {}
    for part in ("validation", "test"):
        _, labels = digits.parts()[part]
        kept |= {part: answers[part], f"{part}_labels": labels.argmax(axis=1).astype("uint8")}
    with replacing(folder / f"{model.name}_answers.npz") as partial:
        np.savez_compressed(partial, **kept)


def describe(model, history):
    """Return what can be said of a trained model before it is evaluated, ready for JSON."""
    layers = io.StringIO()
    model.summary(print_fn=lambda line: layers.write(f"{line}\n"))
    return {
        "parameters": model.count_params(),
        "epochs": len(history["epoch"]),
        "seconds_per_epoch": statistics.median(history["seconds"]),
        "summary": layers.getvalue(),
    }


def draw_confusion(true, predicted, name, folder):
    """Draw NAME_confusion.png: how often each digit was taken for each other digit."""
    figure, axes = plt.subplots(figsize=(6.4, 5.6))
    ConfusionMatrixDisplay.from_predictions(
        true, predicted, labels=range(10), ax=axes, cmap="Blues", colorbar=False
    )
    axes.grid(False)
    axes.set(title=f"{name}: test images", xlabel="Predicted digit", ylabel="True digit")
    save_figure(figure, folder / f"{name}_confusion.png")


def draw_mistakes(images, true, probabilities, name, folder, rows=3, columns=8):
    """Draw NAME_mistakes.png: the misread test images, the most confident mistakes first."""
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
    save_figure(figure, folder / f"{name}_mistakes.png")


def draw_comparison(histories, path):
    """Draw the validation accuracy of several models, {name: history}, in one figure."""
    figure, axes = plt.subplots(figsize=(9, 5.4))
    for name, history in histories.items():
        axes.plot(history["epoch"], history["val_accuracy"], label=name, linewidth=1.4)
    # The first epochs of a slow starter would squeeze all that matters into a thin band.
    low = min(history["val_accuracy"].median() for history in histories.values())
    axes.set_ylim(bottom=max(0, low - 0.01))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set(title="Validation accuracy of each model", xlabel="Epoch", ylabel="Accuracy")
    save_figure(figure, path)


def write_report(results, folder):
    """Write results.json and, self-contained, report.html into a run's folder."""
    write_json(results, folder / "results.json")
    models = results["models"]
    images = []
    if len(models) > 1:
        histories = {name: load_history(folder, name) for name in models}
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
    """Return a PNG with its caption, as data to embed in the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {"source": f"data:image/png;base64,{data}", "caption": caption}


def main(argv=None):
    parser = make_parser("Write the HTML report of a run anew.")
    parser.add_argument("run", help="folder of the run, as a path or as its name in outputs/")
    folder = find_run(parser.parse_args(argv).run, OUTPUTS)
    try:
        write_report(load_finished(folder), folder)
    except (jinja2.TemplateError, KeyError, TypeError, ValueError) as error:
        fail(f"{folder} holds no results of mnist.py ({first_line(error)}).")


if __name__ == "__main__":
    main()
