"""Machinery of mnist.py: finished runs, for scripts that read them.

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from mnist.data import SPLIT, load_parts
from utils.runs import fail
from utils.schemas import Count, Loss, Positive, Share, Whole, read_arrays, read_form

Function = Annotated[str, Field(pattern=r"^[^\W\d]\w*$", max_length=200)]  # of models.py


class Scores(BaseModel):
    images: Count
    errors: Whole
    accuracy: Share
    cross_entropy: Loss


class Network(BaseModel):
    parameters: Whole
    epochs: Count
    seconds_per_epoch: Positive
    train: Scores
    validation: Scores


class Settings(BaseModel):
    start_from: str | None = None


class Run(BaseModel):
    """What results.json says of a run; more may be there."""

    provenance: dict
    settings: Settings
    models: Annotated[dict[Function, Network], Field(min_length=1)]


def load_finished(folder):
    """Return the results.json of a finished run of MNIST, or end the program with one line."""
    run = read_form(Path(folder) / "results.json", Run, "a folder of a finished run on MNIST")
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
        saved = read_arrays(path, "validation")
        for part, array in saved.items():
            good = part in labels and array.shape == labels[part].shape and array.dtype.kind == "f"
            if good and not np.isfinite(array).all():
                fail(f"{model} in {folder} diverged. Train it again, at a lower rate.")
            if not (good and array.min() >= 0 and np.allclose(array.sum(axis=1), 1, atol=1e-3)):
                fail(f"{path} has not ten probabilities for each {part} image. Train again.")
        predictions[model] = {part: (array, labels[part]) for part, array in saved.items()}
    return predictions
