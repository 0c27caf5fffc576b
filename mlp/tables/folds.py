"""Machinery of this part: which rows train, which validate, and which are to test.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#four-folds
"""

from collections import namedtuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from mlp.tables.kept import apply, ask, to_frame
from mlp.tables.network import build_preparation
from utils.runs import fail

SMALL = 2_500  # rows, below which four folds choose
PARTS = ["training", "validation"]

# Rows as each model likes them: inputs by name, a pandas frame, the numbers that the network gets.
Part = namedtuple("Part", ["inputs", "frame", "X", "y"])
Fold = namedtuple("Fold", ["training", "validation", "preparation", "words"])


def split(y, groups, classes, seed, times=None):
    """Return the rows to test, about 20 %, and of each fold those that train and that validate.

    There is one fold, with 60 % to train and 20 % to validate; of a table of fewer than SMALL rows
    four, in which each row validates once that does not test. All rows of a group are in one part.
    Classes, or low and high numbers, are spread evenly. With times, a number for each row, the
    newest rows are to test, those that validate come before them, and none trains that is later.
    """
    small = len(y) < SMALL
    if times is not None:
        shares = [0.4, 0.5, 0.6, 0.7, 0.8] if small else [0.6, 0.8]
        ends = np.sort(times)[[int(share * len(y)) for share in shares]]
        place = np.searchsorted(ends, times, side="right")
        blocks = [np.flatnonzero(place == i) for i in range(len(ends) + 1)]
        test = blocks.pop()
        folds = [(np.flatnonzero(place < i), blocks[i]) for i in range(1, len(blocks))]
        return check_parts(test, folds, y, classes)
    strata = y if classes else pd.qcut(pd.Series(y).rank(method="first"), 5, labels=False)
    if groups is None:
        parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(y, strata)
    else:
        if len(np.unique(groups)) < 10:
            fail("fewer than ten groups: without --group, the scores are of old groups' new rows.")
        parts = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(y, strata, groups)
    test, *others = [rows for _, rows in parts]
    known = np.sort(np.concatenate(others))
    folds = [(np.setdiff1d(known, rows), rows) for rows in (others if small else others[:1])]
    return check_parts(test, folds, y, classes)


def check_parts(test, folds, y, classes):
    """Return test and the folds that can be used, or end the program with one line."""
    found = [find_fault(zip(PARTS, fold, strict=True), y, classes) for fold in folds]
    if fault := find_fault([("test", test)], y, classes) or (all(found) and found[0]):
        fail(fault)
    return test, [fold for fold, fault in zip(folds, found, strict=True) if not fault]


def find_fault(parts, y, classes):
    """Return why one of some parts, (name, rows), cannot be used, or None."""
    for part, rows in parts:
        if not len(rows):
            return f"there is no row for {part}: --time has too few different values."
        if classes and len(np.unique(y[rows])) < len(classes):
            return f"a class has no row in the part for {part}: too few groups or times have it."
        if not classes and np.ptp(y[rows]) == 0:
            return f"the target is {y[rows[0]]:g} in all rows of the part for {part}."
    return None


def take(inputs, rows):
    """Return some rows of the inputs."""
    return {name: values[rows] for name, values in inputs.items()}


def make_fold(inputs, y, training, validation):
    """Return a fold of these rows; whatever is fitted is fitted on those that train."""
    preparation, words = build_preparation(take(inputs, training))
    parts = []
    for rows in (training, validation):
        plain = take(inputs, rows)
        parts.append(Part(plain, to_frame(plain, words), apply(preparation, plain), y[rows]))
    return Fold(*parts, preparation, words)


def ask_each(models, folds, inputs, numbers, names):
    """Return the answers about rows, each from the model of the fold in which it validates.

    models: of each fold; numbers: the fold of each row, (rows,).
    """
    found = [
        ask(model, take(inputs, numbers == number), names, fold.words)
        for number, (model, fold) in enumerate(zip(models, folds, strict=True))
    ]
    return np.concatenate(found)[np.argsort(np.argsort(numbers, kind="stable"))]
