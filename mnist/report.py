"""Machinery of mnist.py: what is saved of a model, and the HTML report of a run.

    python mnist/report.py RUN    # writes the report of a finished run anew

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

from chapter import OUTPUTS

import base64
import io
import statistics
from pathlib import Path

import jinja2
import numpy as np

from mnist.data import load_parts
from mnist.finished import load_finished
from mnist.run_figures import draw_comparison
from utils.bands import place_run
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, read_bytes, replacing, shown, write_json
from utils.saving import DIVERGED, save_network
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


def save_model(model, predictions, folder):
    """Save NAME.keras and NAME_predictions.npz, to compare networks image by image.

    predictions: {part: probabilities, shape (n, 10)}; those of the training images are not saved.
    """
    save_network(model, folder / f"{model.name}.keras")
    kept = {part: array for part, array in predictions.items() if part != "train"}
    with replacing(folder / f"{model.name}_predictions.npz") as partial:
        np.savez_compressed(partial, **kept)


def load_predictions(folder):
    """Return what save_model saved of a finished run, or end the program with one line.

    As {model: {part: (probabilities, one-hot labels)}}, both of shape (n, 10); there is a part
    "test" only if the run was made with --test.
    """
    labels = {part: np.eye(10)[digits] for part, (_, digits) in load_parts().items()}
    predictions = {}
    for model in load_finished(folder)["models"]:
        path = folder / f"{model}_predictions.npz"
        try:
            with np.load(io.BytesIO(read_bytes(path))) as arrays:
                saved = {"validation": arrays["validation"]} | dict(arrays)
            for part, array in saved.items():
                good = array.shape == labels[part].shape and array.dtype.kind == "f"
                if good and np.isfinite(array).all():
                    good = array.min() >= 0 and np.allclose(array.sum(axis=1), 1, atol=1e-3)
                if not good:
                    raise ValueError(f"not ten probabilities for each {part} image")
        except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
            fail(f"cannot read {path} ({first_line(error)}). Train again.")
        if not all(np.isfinite(array).all() for array in saved.values()):
            fail(f"{model} in {folder} {DIVERGED}")
        predictions[model] = {part: (array, labels[part]) for part, array in saved.items()}
    return predictions


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


def write_report(results, folder):
    """Write results.json and, self-contained, report.html into a run's folder."""
    write_json(results, folder / "results.json")
    models = results["models"]
    images, histories = [], {name: load_history(folder, name) for name in models}
    if len(models) > 1:
        draw_comparison(histories, folder / "comparison.png")
        ends = [f"{name} {h['val_accuracy'].iloc[-1]:.2%}" for name, h in histories.items()]
        said = f"Validation accuracy of each model over the epochs. At the end: {', '.join(ends)}"
        images = [embed(folder / "comparison.png", said)]
    facts = {name: model | summarize(histories[name]) for name, model in models.items()}
    figures = {
        name: [
            embed(
                folder / f"{name}_{ending.format_map(model)}.png",
                f"{name}: {caption.format_map(facts[name])}",
            )
            for ending, caption in FIGURES.items()
            if (folder / f"{name}_{ending.format_map(model)}.png").exists()
        ]
        for name, model in models.items()
    }
    template = Path(__file__).with_name("report.html").read_text(encoding="utf-8")
    page = jinja2.Template(template, autoescape=True, trim_blocks=True).render(
        results, comparison=images, figures=figures
    )
    with replacing(folder / "report.html") as partial:
        partial.write_text(page, encoding="utf-8")


def say_where(results, folder):
    """Say what lies in the folder of a run, and where the run lies among those of the book."""
    models = results["models"]
    if results["interrupted"]:
        done = ", ".join(f"{name} {model['epochs']}" for name, model in models.items())
        print(f"Stopped by Ctrl-C. Whole epochs of {results['settings']['epochs']}: {done or 0}.")
    if not models:
        return
    place_run(results, "mnist.py", results["settings"])
    print(f"Models, curves and report.html are in {shown(folder)}")


def summarize(history):
    """Return {"KEY_first", "KEY_last", "KEY_least", "KEY_most": as text} for each column."""
    said = {}
    for key in history.columns:
        values = history[key]
        four = values.iloc[0], values.iloc[-1], values.min(), values.max()
        for which, value in zip(("first", "last", "least", "most"), four, strict=True):
            said[f"{key}_{which}"] = f"{value:.4g}"
    return said


def embed(path, caption):
    """Return a PNG and what it shows, as data to embed in the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {"source": f"data:image/png;base64,{data}", "caption": caption}


def main(argv=None):
    parser = make_parser("Write the HTML report of a run anew.")
    parser.add_argument("run", help="folder of the run, as a path or as its name in outputs/")
    folder = find_run(parser.parse_args(argv).run, OUTPUTS)
    try:
        write_report(load_finished(folder), folder)
    except (jinja2.TemplateError, IndexError, KeyError, TypeError, ValueError) as error:
        fail(f"{folder} holds no results of mnist.py ({first_line(error)}).")


if __name__ == "__main__":
    main()
