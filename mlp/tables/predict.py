"""Predict with a network that `table.py` has saved, for every row of a file.

    python mlp/tables/predict.py --model RUN --rows FILE

RUN is the folder of a run of `table.py`. FILE is a CSV file with the same columns, in any order; it
needs no target, and columns that the network does not take stay as they are. You will see what the
network does not know, such as new words or larger numbers, the first answers, and

    10 rows, 4 of them with yes (from a probability of 0.5 on).

`predictions.csv` in `mlp/outputs/<start time>/` has all rows as they stand in the file, with their
answers. Takes a few seconds. Nothing is fitted here: words, gaps and scaling are in the network.
Ends with one line if much of a column cannot be read, or most of it is unlike what was learned.
Chapter: mlp/tables/README.md#predicting-tomorrow
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np
import pandas as pd

from mlp.tables.columns import inputs_of, is_description, is_words, to_inputs
from mlp.tables.network import ask
from utils.loading import load_model
from utils.options import make_parser, number
from utils.runs import (
    fail,
    find_run,
    make_folder,
    printable,
    read_json,
    replacing,
    save_results,
    shown,
    writing_to,
)
from utils.tables import DECIMALS, SEPARATORS, read_rows, read_values

SHOWN = 10  # rows that are printed
UNREADABLE = 0.1  # of the values of a column, at most
OUTSIDE = 0.5  # of the values of a column, at most, may be smaller or larger than all learned ones
MANY = 10  # values: of fewer, it is only said that they are


def parse_options(argv):
    parser = make_parser("Asks a network of table.py about the rows of a file.", OUTPUTS)
    add = parser.add_argument
    add("--model", required=True, metavar="RUN", help="folder of a run of table.py, or its network")
    add("--rows", type=Path, required=True, metavar="FILE", help="a CSV or an Excel file")
    about = "probability from which on the answer is yes; default: that of the run"
    add("--threshold", type=number(float, 0, 1), help=about)
    add("--encoding", help="of the file; default: utf-8, or that of the file that was learned from")
    about = "what stands before decimals where a column leaves it open; default: as in that file"
    add("--decimal", choices=DECIMALS, help=about)
    add("--anyway", action="store_true", help="answer even if the rows are unlike those learned")
    return parser.parse_args(argv)


def check_run(run):
    """Raise an error of one of many kinds if results.json is not that of a run of table.py."""
    names = run["names"]
    points = run["thresholds"] if run["task"] == "yes-or-no" else {"calculated": {"threshold": 0}}
    good = [
        isinstance(run["target"], str) and isinstance(run["columns"], list),
        *map(is_description, run["columns"]),
        isinstance(names, list) and all(isinstance(name, str) for name in names),
        run["task"] == {1: "number", 2: "yes-or-no"}.get(len(names), "classes"),
        run["file"]["separator"] in [*SEPARATORS] and isinstance(run["file"]["encoding"], str),
        *[np.isfinite(ends).all() and len(ends) == 2 for ends in run["ranges"].values()],
        0 <= points["calculated"]["threshold"] <= 1,
    ]
    if not all(good):
        raise ValueError


def load_run(folder):
    """Return what a run of table.py says of its columns and its target, and its network."""
    try:
        run = read_json(folder / "results.json")
        check_run(run)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, AttributeError):
        fail(f"{shown(folder)} is not a finished run of table.py, or an old one: train again.")
    model = load_model(folder / "table.keras", compile=False)
    nothing = pd.DataFrame({column["name"]: [None] for column in run["columns"]}, dtype=object)
    try:
        if model.output.keys() != {*run["names"]}:
            raise ValueError
        ask(model, to_inputs(nothing, run["columns"]), run["names"])
    except Exception:  # of whatever library the network has led to
        fail(f"the network in {shown(folder)} is not the one that its results.json describes.")
    return run, model


def find_strange(model, inputs, table, columns, ranges):
    """Return what the network does not know, and what is smaller or larger than all it has learned.

    Both are dicts: for each input "rows", "of" how many that have a value, and in the first one an
    example, "such as".
    """
    words = {
        layer.input.name: set(map(str, layer.get_vocabulary()))
        for layer in model.layers
        if isinstance(layer, keras.layers.StringLookup)
    }
    unknown, outside = {}, {}
    for column in columns:
        known = table[column["name"]].notna().to_numpy()
        for name in inputs_of(column):
            values = inputs[name]
            if is_words(values):
                strange = known & ~np.isin(values.astype(str), list(words.get(name, values)))
            else:
                strange = known & np.isnan(values)
                least, most = ranges.get(name, (-np.inf, np.inf))
                if far := int(((values < least) | (values > most)).sum()):
                    outside[name] = {"rows": far, "of": int(known.sum())}
            if rows := int(strange.sum()):
                example = str(table[column["name"]].iloc[int(strange.argmax())])
                unknown[name] = {"rows": rows, "of": int(known.sum()), "such as": example}
    return unknown, outside


def say_strange(unknown, outside, inputs, rows, ranges):
    """Print what find_strange has found in so many rows."""
    for name, one in unknown.items():
        kind = "unknown or rare words" if is_words(inputs[name]) else "values that it cannot read"
        example = f'{kind}, such as "{one["such as"]}"'
        print(printable(f"{name}: {example}, in {one['rows']:,} of {rows:,} rows"))
    for name, one in outside.items():
        counts = f"{one['rows']:,} of {one['of']:,} values"
        print(printable(f"{name}: {counts} outside of {ranges[name][0]:g} to {ranges[name][1]:g}"))


def main(argv=None):
    args = parse_options(argv)
    path = Path(args.model)
    run, model = load_run(path.parent if path.is_file() else find_run(path, OUTPUTS))
    texts, form, _ = read_rows(args.rows, args.encoding, run["file"])
    columns = [column for column in run["columns"] if inputs_of(column)]
    missing = [column["name"] for column in columns if column["name"] not in texts.columns]
    if missing:
        fail(f"{args.rows} has no column {', '.join(missing)}. The network needs it.")
    kinds = {column["name"]: column["kind"] for column in columns}
    numbers, words = ([one for one in kinds if kinds[one] == kind] for kind in ("number", "words"))
    # A file with another separator is of another origin.
    same = form["separator"] == run["file"]["separator"]
    before = {column["name"]: column.get("decimal") if same else None for column in columns}
    table, decimals = read_values(texts[[*before]], args.decimal, before, numbers, words)

    inputs, ranges = to_inputs(table, columns), run["ranges"]
    unknown, outside = find_strange(model, inputs, table, columns, ranges)
    say_strange(unknown, outside, inputs, len(table), ranges)
    many = [name for name in numbers if name in outside and outside[name]["of"] >= MANY]
    found = [(name, outside[name], OUTSIDE) for name in many]
    found += [(name, unknown[name], UNREADABLE) for name in unknown if not is_words(inputs[name])]
    far = [name for name, one, most in found if one["rows"] > most * one["of"]]
    if far and not args.anyway:
        about = "unlike what the network has learned from: correct the file, or add --anyway"
        fail(f"{args.rows} has much in {', '.join(far)} that is {about}.")
    folder = make_folder(args.outputs)

    names, target = run["names"], run["target"]
    answers = ask(model, inputs, names)
    if run["task"] == "number":
        added = {f"{target}, predicted": answers}
    else:
        chosen = answers.argmax(axis=1)
        if run["task"] == "yes-or-no":
            threshold = args.threshold
            if threshold is None:
                threshold = run["thresholds"]["calculated"]["threshold"]
            chosen = (answers[:, 1] >= threshold).astype(int)
        added = {f"{target}, predicted": [names[i] for i in chosen]}
        for i, name in enumerate(names):
            added[f"probability of {name}"] = answers[:, i].round(4)
    texts = texts.assign(**added)  # also over those of an earlier run
    print(*map(printable, str(texts[list(added)].head(SHOWN)).split("\n")), sep="\n")
    if run["task"] == "yes-or-no":
        print(f"{len(texts):,} rows, {chosen.sum():,} of them with {printable(names[1])} ", end="")
        print(f"(from a probability of {threshold:.2g} on).")
    how = {"sep": form["separator"], "decimal": "," if "comma" in decimals.values() else "."}
    with writing_to(folder), replacing(folder / "predictions.csv") as partial:
        texts.to_csv(partial, index=False, encoding="utf-8-sig", **how)  # a mark for Excel
    results = {"rows": len(texts), "unknown": unknown, "outside": outside}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
