"""Machinery of mnist.py: finished runs, for scripts that read them, and their report written anew.

    python mnist/finished.py RUN    # writes report.html anew

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

from chapter import OUTPUTS

import io
from pathlib import Path

import jinja2
import numpy as np

from mnist.data import SPLIT, load_parts
from mnist.report import write_report
from utils.files import fits, read_json
from utils.loading import DIVERGED
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, read_bytes

# What results.json says of a run, and of each network; more may be there.
RUN = {"provenance": dict, "settings": dict, "models": dict}
SCORES = {"images": int, "errors": int, "accuracy": int | float, "cross_entropy": int | float}
NETWORK = {"parameters": int, "epochs": int, "seconds_per_epoch": int | float}
NETWORK |= {"train": SCORES, "validation": SCORES}


def load_finished(folder):
    """Return the results.json of a finished run of MNIST, or end the program with one line."""
    try:
        run = read_json(Path(folder) / "results.json")
    except (OSError, ValueError):
        run = None
    good = fits(run, RUN) and all(fits(model, NETWORK) for model in run["models"].values())
    if not (good and all(map(str.isidentifier, run["models"]))):  # names are of functions
        fail(f"{folder} is not a folder of a finished run: it has no readable results.json.")
    refuse_other_split(run, folder)
    return run


def refuse_other_split(run, folder):
    """End the program if a run of MNIST chose by other images than runs do; run: what it says."""
    if run["provenance"].get("split") != SPLIT:
        fail(f"{folder} was trained with another split of MNIST. Train it anew, in a new folder.")


def load_predictions(folder):
    """Return what save_predictions saved of a finished run, or end the program with one line.

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
