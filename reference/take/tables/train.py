"""Learn to predict one column of a table from the others: python train.py customers.csv churned

Four kinds of models are compared on the same rows. The best is judged on rows that none of them has
seen, and then learns from all. Writes model.skops, and about.json: how the table was read.

Are several rows about the same person or thing? Then name the column that says which, as in
--group customer_id, or the losses are much too good for new ones: so they are even if that column
is not in the table. The rows are split at random: later times may be harder than what is promised.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import skops.io
from models import CLASSIFIERS, PREPARE, REGRESSORS
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GroupKFold,
    StratifiedGroupKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from table import kinds_of, read, to_table

FEWEST, FEWEST_GROUPS = 50, 10  # rows, and values of --group
RAREST = 10  # rows of a class: so each fold has some
MOST_CLASSES = 20  # a column of numbers with more different ones is a quantity


def kind_of(y):
    """Say what the column is taken for; return its models, and the score to compare them by."""
    if y.dtype == float:
        print(f"{y.name} is a number; losses are mean absolute errors, in its unit")
        return REGRESSORS, get_scorer("neg_mean_absolute_error")
    rows = y.value_counts()
    if len(rows) < 2 or rows.min() < RAREST:
        said = ", ".join(f'{count} rows of "{name}"' for name, count in rows.tail(5).items())
        sys.exit(f"{y.name} needs two classes with {RAREST} rows each, or more; it has {said}.")
    print(f"{y.name} is one of {len(rows)} classes; losses are cross-entropies, in nats")
    return CLASSIFIERS, get_scorer("neg_log_loss")


def split(y, groups):
    """Return which rows are known and which test, and how to fold the known; groups: or None."""
    rows, number = np.arange(len(y)), y.dtype == float
    if groups is None:
        strata = None if number else y
        parts = train_test_split(rows, test_size=0.2, stratify=strata, random_state=1)
        return *parts, {}
    if groups.nunique() < FEWEST_GROUPS:
        sys.exit(f"{groups.name} has {groups.nunique()} different values: {FEWEST_GROUPS} or more.")
    folds = (GroupKFold if number else StratifiedGroupKFold)(5, shuffle=True, random_state=1)
    known, test = next(folds.split(rows, y, groups))
    if not number and any(set(y.iloc[part]) != set(y) for part in (known, test)):
        sys.exit(f"a class of {y.name} has rows of too few {groups.name} to judge it by others.")
    return known, test, {"groups": groups.iloc[known], "cv": folds}


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("column", help="to predict")
    parser.add_argument("--group", metavar="COLUMN", help="whose row each is: not learned from")
    parser.add_argument("--decimal", choices=[".", ","], help="the other one is for thousands")
    args = parser.parse_args(argv)
    texts, separator = read(args.file)
    if args.group and args.group not in texts:
        sys.exit(f"there is no column {args.group}, but {', '.join(texts)}.")
    kinds = kinds_of(texts.drop(columns=args.group or []), args.decimal)
    if args.column not in kinds or len(kinds) < 2:
        sys.exit(f"{args.file} needs values in {args.column}, and in other columns.")
    table = to_table(texts, kinds, args.decimal)
    table = table[~table[args.column].isin([np.nan, ""])]
    if len(table) < FEWEST:
        sys.exit(f"{len(table)} rows are too few to learn from and to judge by: {FEWEST} or more.")
    x, y = table.drop(columns=args.column), table[args.column]
    if y.nunique() <= MOST_CLASSES:
        y = texts.loc[y.index, args.column].str.strip()  # a class 1 is not called 1.0
    if copies := table.duplicated().sum():
        print(f"{copies} rows equal others: delete copies of one case, or all losses are too good")
    for kind in ("number", "words"):
        print(f"{kind}:", ", ".join(name for name in x if kinds[name] == kind) or "none")
    models, score = kind_of(y)
    groups = texts.loc[y.index, args.group].str.strip() if args.group else None
    known, test, how = split(y, groups)
    x_known, x_test, y_known, y_test = x.iloc[known], x.iloc[test], y.iloc[known], y.iloc[test]
    losses = {}
    for name, model in models.items():
        model = make_pipeline(PREPARE, model)
        losses[name] = -cross_val_score(model, x_known, y_known, scoring=score, **how).mean()
        print(f"{name:16}{losses[name]:12.4g}")
        if not np.isfinite(losses[name]):
            sys.exit(f"{name} has no finite loss, so the models cannot be compared.")
    name = min(losses, key=losses.get)
    best = make_pipeline(PREPARE, models[name]).fit(x_known, y_known)
    losses["test"] = -score(best, x_test, y_test)
    print(f"{name} on {len(y_test)} rows that no model has seen: {losses['test']:.4g}")
    skops.io.dump(clone(best).fit(x, y), "model.skops")
    about = {"separator": separator, "decimal": args.decimal, "column": args.column}
    about["kinds"] = {column: kinds[column] for column in x}
    Path("about.json").write_text(json.dumps(about), encoding="utf-8")
    return losses


if __name__ == "__main__":
    main()
