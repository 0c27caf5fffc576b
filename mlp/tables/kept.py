"""Machinery of this part: the model that a run keeps, asked again about other rows.

`table.py`, `predict.py` and the service use it; it does nothing by itself. It imports Keras only if
the model is a network. Others are kept as skops does it, and loaded if they consist of what our own
consist of: such a file starts no program and opens no other file. Its trees are not checked,
though: one that was tampered with could crash the process.
Chapter: mlp/tables/README.md#what-is-kept
"""

import re
import warnings
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import skops.io
from pydantic import BaseModel, Field, model_validator
from scipy.special import softmax
from sklearn.exceptions import InconsistentVersionWarning
from threadpoolctl import threadpool_limits

from mlp.tables.columns import FORMATS, inputs_of, to_inputs
from utils.estimators import load_estimator
from utils.runs import fail, first_line, replacing, save_network, shown
from utils.schemas import Name, Number, Share, Two, read_form
from utils.tables import DECIMALS, SEPARATORS

NETWORK = "neural_network"
OTHERS = ["mean", "majority_class", "ridge_regression", "logistic_regression"]
OTHERS += ["gradient_boosting", "random_forest"]
MODELS = {NETWORK: "table.keras"} | dict.fromkeys(OTHERS, "table.skops")  # and their files
AT_ONCE = 10_000  # rows that a network is asked about at once
HOTTEST = 20  # temperature
TINY = np.finfo("float32").tiny  # a probability of which there still is a logarithm
# What a layer cannot be called like: Keras allows no slash, and gives these names itself.
TAKEN = re.compile(
    r"(cast|clip|concatenate|functional|get_item|isnan|nan_to_num|normalization|rescaling|"
    r"sequential|softmax|string_lookup|take)(_\d+)?"
)
TRUSTED = ["numpy.clip", "numpy.dtype", "functools.partial", "sklearn.tree._tree.Tree"]
TRUSTED += ["sklearn.compose._column_transformer.make_column_selector"]
TRUSTED += ["sklearn.utils.validation.check_array", "sklearn.utils._bunch.Bunch"]
TRUSTED += ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
# What the models of comparing.py consist of, besides values and arrays.
KINDS = r"numpy\.clip|numpy\.random\._generator\.Generator|functools\.partial"
KINDS += r"|sklearn\.(pipeline|compose|impute|preprocessing|dummy|linear_model)\.[\w.]+"
KINDS += r"|sklearn\.(ensemble|tree|_loss)\.[\w.]+"
KINDS += r"|sklearn\.utils\.(_bunch\.Bunch|validation\.check_array)"
# On a busy computer, threads would wait for one another at each of a thousand trees.
one_thread = threadpool_limits.wrap(limits=1, user_api="openmp")


class Column(BaseModel):
    """The description of a column, as look returns it."""

    name: Name
    kind: Literal["number", "words", "left out", "date"]
    format: Literal[*FORMATS, None] = None
    decimal: Literal[*DECIMALS, None] = None
    exact: Literal[True, None] = None
    hours: Literal[True, None] = None

    @model_validator(mode="after")
    def a_date_has_a_format(self):
        if (self.kind == "date") != (self.format is not None):
            raise ValueError("a date should have a format, and nothing else has one")
        return self


class File(BaseModel):
    separator: Literal[*SEPARATORS]
    encoding: Name


class Point(BaseModel):
    threshold: Share


class Run(BaseModel):
    """What results.json says of a run of table.py."""

    target: Name
    task: Literal["number", "yes-or-no", "classes"]
    file: File
    columns: list[Column]
    names: Annotated[list[str], Field(min_length=1)]
    ranges: dict[Name, Annotated[list[Number], Two]]
    words: dict[Name, list[str]]
    gaps: dict[Name, Share]
    rare: dict[Name, Share]
    kept: Literal[*MODELS]
    temperature: Annotated[float, Field(ge=1, le=HOTTEST, allow_inf_nan=False)]
    thresholds: dict[str, Any] = {}

    @model_validator(mode="after")
    def task_and_names_belong_together(self):
        if self.task != {1: "number", 2: "yes-or-no"}.get(len(self.names), "classes"):
            raise ValueError(f"task {self.task} does not fit {len(self.names)} names")
        if self.task == "yes-or-no":
            Point.model_validate(self.thresholds.get("calculated"), strict=True)
        return self


class Kept(NamedTuple):
    """A model, and what has to be known to ask it; about: what results.json says of the run."""

    model: object
    about: dict

    @property
    def columns(self):
        """The columns that the model takes, as columns.look describes them."""
        return [column for column in self.about["columns"] if inputs_of(column)]

    @property
    def threshold(self):
        """The probability from which on the answer is yes."""
        return self.about["thresholds"]["calculated"]["threshold"]

    def ask(self, inputs):
        """Return the answers: probabilities (n, classes), or numbers (n,)."""
        about = self.about
        return ask(self.model, inputs, about["names"], about["words"], about["temperature"])

    def choose(self, answers, threshold=None):
        """Return for each answer the class that it comes to, or the number itself.

        threshold: probability from which on the answer is yes; None: that of the run.
        """
        names = self.about["names"]
        if len(names) == 1:
            return answers
        if len(names) > 2:
            return np.array(names, object)[answers.argmax(axis=1)]
        threshold = self.threshold if threshold is None else threshold
        return np.array(names, object)[(answers[:, 1] >= threshold).astype(int)]


def to_frame(inputs, vocabularies):
    """Return the inputs as trees like them best: numbers with their gaps, words as categories.

    All models get the same words; the others are gaps.
    """
    columns = {}
    for name, values in inputs.items():
        if name not in vocabularies:
            columns[name] = values
        elif words := vocabularies[name]:  # a column of rare words says nothing
            columns[name] = pd.Categorical.from_codes(pd.Index(words).get_indexer(values), words)
    return pd.DataFrame(columns)


def ask(model, inputs, names, words, temperature=1.0):
    """Return the answers of a model, of whatever kind, as Kept.ask does."""
    if not hasattr(model, "predict_on_batch"):
        return ask_other(model, to_frame(inputs, words), temperature)
    answers = apply(model, inputs)
    answers = np.concatenate([answers[name] for name in names], axis=1)
    if not np.isfinite(answers).all():
        fail("the network gives no finite numbers: it diverged. Try a lower --learning-rate.")
    return answers if len(names) > 1 else answers[:, 0]


@one_thread
def ask_other(model, frame, temperature=1.0):
    """Return the answers of a model of scikit-learn; the temperature divides the logits."""
    if not hasattr(model, "predict_proba"):
        return model.predict(frame)
    return softmax(np.log(np.maximum(model.predict_proba(frame), TINY)) / temperature, axis=1)


def apply(model, inputs):
    """Return what a network that takes inputs by name makes of them: an array, or a dict of it."""
    rows, called = len(next(iter(inputs.values()))), input_names(inputs)
    pieces = [
        model.predict_on_batch(
            {called[name]: values[i : i + AT_ONCE, None] for name, values in inputs.items()}
        )
        for i in range(0, rows, AT_ONCE)
    ]
    if isinstance(pieces[0], dict):
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return np.concatenate(pieces)


def input_names(names):
    """Return {column or part of a date: the name of its input}, none of them twice."""
    found = {}
    for name in names:
        found[name] = name.replace("/", "_")
        while TAKEN.fullmatch(found[name]) or [*found.values()].count(found[name]) > 1:
            found[name] += "_"
    return found


def save(model, name, folder):
    """Save a model of this name in the folder of its run."""
    if name == NETWORK:
        save_network(model, folder / MODELS[name])
        return
    with replacing(folder / MODELS[name]) as partial:
        skops.io.dump(model, partial)


def load_run(folder):
    """Return what a run of table.py has kept, or end the program with one line."""
    run = read_form(folder / "results.json", Run, "a finished run of table.py, or it is old")
    kept = Kept(load(folder / MODELS[run["kept"]]), run)
    nothing = pd.DataFrame({column["name"]: [None] for column in kept.columns}, dtype=object)
    try:
        shape = (1, len(run["names"])) if len(run["names"]) > 1 else (1,)
        if kept.ask(to_inputs(nothing, kept.columns)).shape != shape:
            raise ValueError
    except Exception:  # of whatever library the model has led to
        fail(f"the model in {shown(folder)} is not the one that its results.json describes.")
    return kept


def load(path):
    """Return the model in a file of a run, or end the program with one line."""
    if path.suffix == ".keras":
        from utils.loading import load_model  # only here: Keras takes seconds

        return load_model(path, compile=False)
    try:
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            return load_estimator(path, KINDS, TRUSTED)
    except Exception as error:  # skops raises many kinds for a file that it cannot read
        about = first_line(error)[:200] if path.exists() else "there is none"
        return fail(f"cannot load {shown(path)}: {about}")
