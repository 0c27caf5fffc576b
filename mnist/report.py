"""Machinery of mnist.py: what a run keeps in its folder: figures, results and the HTML report.

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

import base64
import io
import math
import statistics
import textwrap
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

from mnist.data import SPLIT
from utils.figures import LINES, count_epochs, marker, name_lines, plot_history, save_figure
from utils.runs import (
    fail,
    keep_code,
    make_folder,
    provenance,
    replacing,
    write_json,
)
from utils.training import load_history

# The figures of a model: how its file's name ends, and what it shows, in words for those who
# cannot see it. What stands in braces is filled in from the results and the history.
CURVES = (
    " over {epochs} epochs: on training data from {key_first} to {key_last}, on validation data"
    " from {val_key_first} to {val_key_last}; lowest {val_key_least}, highest {val_key_most}"
)
FIGURES = {
    "acc_e{epochs}": "accuracy" + CURVES.replace("key", "accuracy"),
    "loss_e{epochs}": "loss" + CURVES.replace("key", "loss"),
    "lr_e{epochs}": "learning rate: from {learning_rate_first} to {learning_rate_last}, at most"
    " {learning_rate_most}",
    "times_e{epochs}": "seconds of each of {epochs} epochs: {seconds_least} to {seconds_most}",
    "confusion": "confusion matrix, true against predicted digits: of {validation[images]:,}"
    " validation images {validation[errors]} are off the diagonal",
    "mistakes": "up to 24 of the {validation[errors]} misread validation images, the most confident"
    " mistakes first; above each its digit, what it was read as, and the confidence",
}


def open_run(settings, folder, script, argv):
    """Make the folder of a new run; return it, and what run.json says: settings and provenance."""
    if (Path(folder) / "run.json").exists():
        go_on = f"python mnist/overfitting/lab.py --resume {folder}"
        fail(f"{folder} holds a run already. Go on with it ({go_on}), or choose another folder.")
    folder = make_folder(folder)
    run = {"provenance": provenance(script, argv) | {"split": SPLIT}, "settings": settings}
    run["provenance"]["code"] = keep_code(script, folder)
    write_json(run, folder / "run.json")
    return folder, run


def command_line(settings):
    """Return the options of the command line that ask for these settings, a dict."""
    options = []
    for name, value in settings.items():
        options += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return options


def changes(settings, default):
    """Return the options that make a run of a model another one; default: gives that of a name."""
    left_out = ("model", "epochs", "seed", "start_from")
    changed = {name: one for name, one in settings.items() if one != default(name)}
    return command_line({name: one for name, one in changed.items() if name not in left_out})


def save_predictions(predictions, path):
    """Save {part: probabilities, shape (n, 10)}, to compare networks image by image.

    Those of the training images are not saved.
    """
    kept = {part: array for part, array in predictions.items() if part != "train"}
    with replacing(path) as partial:
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


def draw_figures(name, history, digits, probabilities, folder, options=()):
    """Draw all figures of a trained model: NAME_acc_eN.png and so on, N the number of epochs.

    history: dict of lists, an entry per epoch; probabilities: what model.predict says of the
    validation images, shape (5000, 10); options: those of the run that the titles name.
    """
    title = textwrap.fill(" ".join([name, *options]), 60, break_on_hyphens=False)
    true, ending = digits.y_val.argmax(axis=1), f"e{history['epoch'][-1]}.png"
    remove_curves(name, folder)
    draw_curves(history, "accuracy", title, folder / f"{name}_acc_{ending}")
    draw_curves(history, "loss", title, folder / f"{name}_loss_{ending}")
    if len(set(history.get("learning_rate", []))) > 1:
        draw_curves(history, "learning_rate", title, folder / f"{name}_lr_{ending}")
    draw_times(history, title, folder / f"{name}_times_{ending}")
    draw_confusion(true, probabilities.argmax(axis=1), title, folder / f"{name}_confusion.png")
    draw_mistakes(digits.x_val, true, probabilities, title, folder / f"{name}_mistakes.png")


def remove_curves(name, folder):
    """Remove the curves of an earlier end of the run, such as by Ctrl-C."""
    for kind in ("acc", "loss", "lr", "times"):
        for path in folder.glob(f"{name}_{kind}_e*.png"):
            path.unlink()


def draw_curves(history, key, title, path):
    """Draw one quantity of a history over the epochs and mark the best value on validation data."""
    figure, axes = plt.subplots()
    plot_history(axes, history, key)
    label = key.capitalize().replace("_", " ")
    axes.set(title=f"{title}: {label.lower()}", xlabel="Epoch", ylabel=label)
    if values := history.get(f"val_{key}"):
        best = values.index(max(values) if key == "accuracy" else min(values))
        epoch = history["epoch"][best]
        axes.plot(epoch, values[best], "o", color="C1", markersize=8, markeredgecolor="white")
        axes.lines[1].set_label(f"validation,\nbest {values[best]:.4f}\nin epoch {epoch} (dot)")
        later = [value for value in history[key][2:] + values[2:] if math.isfinite(value)]
        # The first epochs would squeeze the others into a thin band. (A run may have diverged.)
        if len(values) >= 10 and later:
            margin = 0.08 * (max(later) - min(later))
            axes.set_ylim(min(later) - margin, max(later) + margin)
        name_lines(axes)
    save_figure(figure, path)


def draw_times(history, title, path):
    """Draw the seconds that each epoch took."""
    figure, axes = plt.subplots()
    axes.bar(history["epoch"], history["seconds"], color="C2", width=0.8)
    count_epochs(axes)
    seconds = math.fsum(history["seconds"])
    axes.set(title=f"{title}: {seconds:.0f} s of training")
    axes.set(xlabel="Epoch", ylabel="Seconds per epoch")
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
        said = f"{true[i]} read as {predicted[i]}\n{confidence[i]:.1%}"
        ax.set_title(said, fontsize=8, fontweight="normal", loc="center")
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


def write_report(results, folder):
    """Write results.json and, self-contained, report.html into a run's folder."""
    write_json(results, folder / "results.json")
    comparison, figures = [], {}
    histories = {name: load_history(folder, name) for name in results["models"]}
    if len(histories) > 1:
        draw_comparison(histories, folder / "comparison.png")
        ends = [f"{name} {h['val_accuracy'].iloc[-1]:.2%}" for name, h in histories.items()]
        said = f"Validation accuracy of each model over the epochs. At the end: {', '.join(ends)}"
        comparison = [embed(folder / "comparison.png", said)]
    for name, model in results["models"].items():
        facts = model | summarize(histories[name])
        paths = {folder / f"{name}_{end.format_map(model)}.png": FIGURES[end] for end in FIGURES}
        figures[name] = [
            embed(path, f"{name}: {caption.format_map(facts)}")
            for path, caption in paths.items()
            if path.exists()
        ]
    template = Path(__file__).with_name("report.html").read_text(encoding="utf-8")
    page = jinja2.Template(template, autoescape=True, trim_blocks=True).render(
        results, comparison=comparison, figures=figures
    )
    with replacing(folder / "report.html") as partial:
        partial.write_text(page, encoding="utf-8")


def summarize(history):
    """Return {"KEY_first", "KEY_last", "KEY_least", "KEY_most": as text} for each column."""
    found = {"first": history.iloc[0], "last": history.iloc[-1]}
    found |= {"least": history.min(), "most": history.max()}
    return {
        f"{key}_{which}": f"{row[key]:.4g}" for which, row in found.items() for key in row.index
    }


def embed(path, caption):
    """Return a PNG and what it shows, as data to embed in the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {"source": f"data:image/png;base64,{data}", "caption": caption}
