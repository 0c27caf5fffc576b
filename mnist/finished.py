"""Machinery of mnist.py: finished runs, for scripts that read them.

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

import io
from pathlib import Path

import numpy as np

from mnist.data import SPLIT, load_parts
from utils.runs import fail, first_line, read_bytes, read_json

# What results.json says of a run, and of each network; more may be there.
RUN = {"provenance": dict, "settings": dict, "models": dict}
SCORES = {"images": int, "errors": int, "accuracy": int | float, "cross_entropy": int | float}
NETWORK = {"parameters": int, "epochs": int, "seconds_per_epoch": int | float}
NETWORK |= {"train": SCORES, "validation": SCORES}


def fits(value, form):
    """Tell whether a value of JSON has a form, made of dicts and of types at their ends."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(fits(value.get(name), form[name]) for name in form)
    return isinstance(value, form)


def load_finished(folder):
    """Return the results.json of a finished run of MNIST, or end the program with one line."""
    try:
        run = read_json(Path(folder) / "results.json")
    except (OSError, ValueError):
        run = None
    good = fits(run, RUN) and all(fits(model, NETWORK) for model in run["models"].values())
    if not (good and all(map(str.isidentifier, run["models"]))):  # names are of functions
        fail(f"{folder} is not a folder of a finished run on MNIST: it has no such results.json.")
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
            fail(f"{model} in {folder} diverged. Train it again, at a lower rate.")
        predictions[model] = {part: (array, labels[part]) for part, array in saved.items()}
    return predictions
