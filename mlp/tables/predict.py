"""Predict with a network that `table.py` has saved, for every row of a file.

    python mlp/tables/predict.py --model RUN --rows FILE

RUN is the folder of a run of `table.py`. FILE is a CSV file with the same columns, in any order; it
needs no target, and columns that the network does not take stay as they are. You will see what the
network does not know, such as new words, the first answers, and

    10 rows, 4 of them with yes (from a probability of 0.5 on).

`predictions.csv` in `mlp/outputs/<start time>/` has all rows with their answers. Takes a few
seconds. Nothing is fitted here: words, gaps and scaling are in the network.
Chapter: mlp/tables/README.md#predicting-tomorrow
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np

from columns import inputs_of, is_description, is_words, to_inputs
from network import ask
from rows import read_rows
from utils.finished import fits
from utils.models import load_model
from utils.options import make_parser, number
from utils.runs import fail, find_run, make_folder, read_json, save_results, shown, writing_to

SHOWN = 10  # rows that are printed
# What results.json says of a run of table.py.
RUN = {"columns": list, "target": str, "names": list, "task": str}
POINTS = {"thresholds": {"calculated": {"threshold": int | float}}}


def parse_options(argv):
    parser = make_parser("Asks a network of table.py about the rows of a file.", OUTPUTS)
    add = parser.add_argument
    add("--model", required=True, metavar="RUN", help="folder of a run of table.py, or its network")
    add("--rows", type=Path, required=True, metavar="FILE", help="a CSV file")
    about = "probability from which on the answer is yes; default: that of the run"
    add("--threshold", type=number(float, 0, 1), help=about)
    add("--encoding", help="of the file, such as cp1252; default: utf-8, or what its mark says")
    return parser.parse_args(argv)


def load_run(folder):
    """Return what a run of table.py says of its columns and its target, and its network."""
    try:
        run = read_json(folder / "results.json")
        form = RUN | (POINTS if run["task"] == "yes-or-no" else {})
        if not fits(run, form) or not all(map(is_description, run["columns"])):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        fail(f"{shown(folder)} is not a finished run of table.py: its results.json cannot be read.")
    model = load_model(folder / "table.keras", compile=False)
    known = {name for column in run["columns"] for name in inputs_of(column)}
    inputs = {each.name for each in model.inputs}
    answers = getattr(model, "output", None)  # a list of layers need not have it
    names = {*answers} if isinstance(answers, dict) else set()
    if not inputs <= known or names != {*map(str, run["names"])}:
        fail(f"the network in {shown(folder)} is not the one that its results.json describes.")
    return run, model


def find_unknown(model, inputs, table, columns):
    """Return for each input how many of its values the network does not know, and one of these."""
    words = {
        layer.input.name: set(map(str, layer.get_vocabulary()))
        for layer in model.layers
        if isinstance(layer, keras.layers.StringLookup)
    }
    unknown = {}
    for column in columns:
        for name in inputs_of(column):
            known, values = table[column["name"]].notna().to_numpy(), inputs[name]
            if is_words(values):
                strange = known & ~np.isin(values.astype(str), list(words.get(name, values)))
            else:
                strange = known & np.isnan(values)
            if strange.any():
                example = str(table[column["name"]].iloc[int(strange.argmax())])
                unknown[name] = {"rows": int(strange.sum()), "such as": example}
    return unknown


def main(argv=None):
    args = parse_options(argv)
    path = Path(args.model)
    run, model = load_run(path.parent if path.is_file() else find_run(path, OUTPUTS))
    table, _ = read_rows(args.rows, args.encoding)
    columns = [column for column in run["columns"] if inputs_of(column)]
    missing = [column["name"] for column in columns if column["name"] not in table.columns]
    if missing:
        fail(f"{args.rows} has no column {', '.join(missing)}. The network needs it.")
    folder = make_folder(args.outputs)

    inputs = to_inputs(table, columns)
    unknown = find_unknown(model, inputs, table, columns)
    for name, one in unknown.items():
        kind = "unknown or rare words" if is_words(inputs[name]) else "values that it cannot read"
        example = f'{kind}, such as "{one["such as"]}"'
        print(f"{name}: {example}, in {one['rows']:,} of {len(table):,} rows")

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
    table = table.assign(**added)  # also over those of an earlier run
    print(table[list(added)].head(SHOWN))
    if run["task"] == "yes-or-no":
        print(f"{len(table):,} rows, {chosen.sum():,} of them with {names[1]} ", end="")
        print(f"(from a probability of {threshold:.2g} on).")
    with writing_to(folder):
        table.to_csv(folder / "predictions.csv", index=False, encoding="utf-8-sig")  # for Excel
    return save_results({"rows": len(table), "unknown": unknown}, folder, __file__, argv)


if __name__ == "__main__":
    main()
