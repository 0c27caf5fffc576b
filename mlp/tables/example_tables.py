"""Machinery of this part: what `table.py` makes of tables that nobody here wrote.

    python mlp/tables/example_tables.py                  # all, about four minutes on two cores
    python mlp/tables/example_tables.py breast_cancer

Writes the tables that come with scikit-learn as CSV files, which you may try yourself, and takes
the penguins of this folder and the customers of the chapter. Runs `table.py` on each with the
options below and keeps what it scores on the test rows. Stopped? The same command with `--outputs`
and its folder goes on.
Chapter: mlp/tables/README.md#eight-tables
"""

from chapter import OUTPUTS

import json
import shutil
from pathlib import Path

from sklearn import datasets

from mlp.tables import table
from utils.options import make_parser
from utils.runs import make_folder, save_results

FOLDER = Path(__file__).resolve().parent

PENGUINS, CUSTOMERS = FOLDER / "penguins.csv", FOLDER.parent / "Churn_Modelling.csv"
BY_BIRD = ["--group", "Individual ID", "--drop", "Sample Number"]
SEX = ["--target", "Sex", *BY_BIRD]
EXAMPLES = {  # file or function of scikit-learn, and options of table.py
    "breast_cancer": (
        datasets.load_breast_cancer,
        ["--target", "target", "--yes", "malignant", "--cost-miss", "10"],
    ),
    "penguins_sex": (PENGUINS, SEX),
    "churn": (CUSTOMERS, ["--target", "Exited", "--drop", "Surname"]),
    "iris": (datasets.load_iris, ["--target", "target"]),
    "wine": (datasets.load_wine, ["--target", "target"]),
    "digits": (datasets.load_digits, ["--target", "target"]),
    "diabetes": (datasets.load_diabetes, ["--target", "target"]),
    "penguins_mass": (PENGUINS, ["--target", "Body Mass (g)", *BY_BIRD]),
    # The experiments of the chapter.
    "penguins_torn_apart": (PENGUINS, ["--target", "Sex", "--drop", *BY_BIRD[1::2]]),
    "penguins_no_hidden": (PENGUINS, [*SEX, "--hidden"]),
    "penguins_without_two": (PENGUINS, [*SEX, "Culmen Depth (mm)", "Body Mass (g)"]),
}
FIGURE = "breast_cancer"  # whose figure is kept
KEPT = ["task", "recommended", "rows", "leaks", "thresholds", "importance", "validation", "test"]


def write_table(source, path):
    """Write a table of scikit-learn as a CSV file with words for the classes; return its path."""
    if not callable(source):
        return source
    data = source(as_frame=True)
    frame = data.frame
    if "target_names" in data and len(data.target_names) == frame["target"].nunique():
        frame = frame.assign(target=[data.target_names[i] for i in frame["target"]])
    frame.to_csv(path, index=False)
    return path


def run(name, folder):
    """Return the results of table.py for an example, which may have been run before."""
    source, options = EXAMPLES[name]
    path = write_table(source, folder / f"{name}.csv")
    if (folder / name / "results.json").exists():
        return json.loads((folder / name / "results.json").read_text(encoding="utf-8"))
    return table.main(["--data", str(path), *options, "--outputs", str(folder / name), "--test"])


def main(argv=None):
    parser = make_parser("Runs table.py on tables that nobody here wrote.", OUTPUTS)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(EXAMPLES)}; default: all")
    args = parser.parse_args(argv)
    if unknown := set(args.names) - set(EXAMPLES):
        parser.error(f"no example {', '.join(sorted(unknown))}")
    folder = make_folder(args.outputs)
    results = {}
    for name in args.names or EXAMPLES:
        found = run(name, folder)
        results[name] = {key: found[key] for key in KEPT if key in found}
        results[name]["columns"] = len(found["columns"])
    if FIGURE in results:
        shutil.copy(folder / FIGURE / "table.png", folder / "own_table.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
