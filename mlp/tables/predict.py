"""Predict with the model that `table.py` has kept, for every row of a file.

    python mlp/tables/predict.py --model RUN --rows FILE

RUN is the folder of a run of `table.py`. FILE is a CSV or an Excel file with the same columns, in
any order; it needs no target, and columns that the model does not take stay as they are. You will
see what the model does not know, such as new words or larger numbers, the first answers, and

    10 rows, 4 of them with yes (from a probability of 0.5 on).

`predictions.csv` in `mlp/outputs/<start time>/` has all rows as they stand in the file, with their
answers, written as the file is. Takes a few seconds. Nothing is fitted here. Ends with one line if
much of a column cannot be read, or most of it is unlike what was learned.
Chapter: mlp/tables/README.md#predicting-tomorrow
"""

from chapter import OUTPUTS

from pathlib import Path

from mlp.tables.kept import load_run
from mlp.tables.unlike import find_missing, find_refused, find_strange, say_strange, to_values
from utils.files import write_rows
from utils.options import make_parser, number
from utils.runs import fail, find_run, make_folder, printable, save_results
from utils.tables import DECIMALS, read_rows

SHOWN = 10  # rows that are printed


def parse_options(argv):
    parser = make_parser("Asks the model of a run of table.py about the rows of a file.", OUTPUTS)
    add = parser.add_argument
    add("--model", required=True, metavar="RUN", help="folder of a run of table.py")
    add("--rows", type=Path, required=True, metavar="FILE", help="a CSV or an Excel file")
    about = "probability from which on the answer is yes; default: that of the run"
    add("--threshold", type=number(float, 0, 1), help=about)
    add("--encoding", help="of the file; default: utf-8, or that of the file that was learned from")
    about = "what stands before decimals where a column leaves it open; default: as in that file"
    add("--decimal", choices=DECIMALS, help=about)
    add("--anyway", action="store_true", help="answer even if the rows are unlike those learned")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_options(argv)
    path = Path(args.model)
    kept = load_run(path.parent if path.is_file() else find_run(path, OUTPUTS))
    run = kept.about
    texts, form, _ = read_rows(args.rows, args.encoding, run["file"])
    missing = {column["name"] for column in kept.columns} - {*texts.columns}
    if missing:
        fail(f"{args.rows} has no column {', '.join(sorted(missing))}. The model needs it.")
    # A file with another separator is of another origin.
    same = form["separator"] == run["file"]["separator"]
    table, inputs, decimals = to_values(texts, kept, args.decimal, same)

    unknown, outside = find_strange(inputs, table, kept)
    missing = find_missing(table, kept)
    say_strange(unknown, outside, missing, inputs, run["ranges"])
    far = find_refused(unknown, outside, missing, table, kept)
    if far and not args.anyway:
        about = "unlike what the model has learned from: correct the file, or add --anyway"
        fail(f"{args.rows} has much in {', '.join(far)} that is {about}.")
    folder = make_folder(args.outputs)

    names, target = run["names"], run["target"]
    answers = kept.ask(inputs)
    chosen = kept.choose(answers, args.threshold)
    added = {f"{target}, predicted": chosen}
    if len(names) > 1:
        for i, name in enumerate(names):
            added[f"probability of {name}"] = answers[:, i].round(4)
    texts = texts.assign(**added)  # also over those of an earlier run
    print(*map(printable, str(texts[list(added)].head(SHOWN)).split("\n")), sep="\n")
    if run["task"] == "yes-or-no":
        threshold = kept.threshold if args.threshold is None else args.threshold
        yes = f"{(chosen == names[1]).sum():,} of them with {printable(names[1])}"
        print(f"{len(texts):,} rows, {yes} (from a probability of {threshold:.2g} on).")
    marks = {*decimals.values(), args.decimal}
    comma = "comma" in marks or (form["separator"] == ";" and "point" not in marks)
    write_rows(texts, folder / "predictions.csv", form, comma)
    strange = [
        {name: one | {"rows": int(one["rows"].sum())} for name, one in found.items()}
        for found in (unknown, outside)
    ]
    results = {"rows": len(texts), "unknown": strange[0], "outside": strange[1]}
    results["missing"] = missing
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
