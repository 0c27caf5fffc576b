"""Your own runs of a chapter, side by side: what differed, how good they were, how they learned.

    python reference/my_runs.py mnist                 # or xor, mlp, text/gpt ...
    python reference/my_runs.py mlp --script mlp.py   # those of one script

You will see a table for each script, the newest run first, with the options and settings in which
the runs differ and with their scores; what differs between the newest and the last that had more
than another seed, edited lines included, and whether that is beyond seeds; and the path of a figure
with the curves of the newest. Takes seconds.
Chapter: reference/README.md#comparing-your-runs
"""

from chapter import OUTPUTS

import contextlib
import io
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from reference.differences import AnyRun, describe, number_versions, split_up
from utils.figures import LINES, count_epochs, marker, name_lines, save_figure
from utils.options import make_parser
from utils.runs import ROOT, fail, make_folder, printable, read_bytes, read_json, save_results
from utils.schemas import check

SCORES = ("accuracy", "cross_entropy", "loss", "auc", "errors", "mean", "bits")
# What scores are not chosen by, or are no scores of the run at all.
OTHERS = ("test.", "train.", "training.", "history.", "settings.", "matrix", "sampling_error")
COLUMNS = 5  # scores that a table has at most
CURVES = 8  # that are drawn
QUANTITIES = {"val_loss": "Validation loss", "loss": "Training loss"}


def written(path):
    """Return when a file was written, to sort by it; of two at one time, its name decides."""
    return path.stat().st_mtime_ns, path


def load_runs(outputs):
    """Return the runs in a folder, the newest first: name, script, options, results, histories."""
    runs = []
    for path in sorted(outputs.glob("*/results.json"), key=written, reverse=True):
        name = f"{printable(path.parent.name)}/results.json"
        try:
            results = check(read_json(path), AnyRun)
            about = results.pop("provenance")
            _, script, *options = shlex.split(about["command"])
            run = {"run": path.parent.name, "script": printable(Path(script).name), "path": script}
            run |= {"folder": path.parent, "code": about.get("code", {})}
            run |= {"results": results, "options": without_outputs(options)}
            settings = about.get("settings", {})
            if settings and "--seed" in options:
                settings["seed"] = options[options.index("--seed") + 1]
            results.setdefault("settings", settings)
            make_table([run])
            number_versions([run])
        except (OSError, ValueError, TypeError, LookupError, OverflowError) as error:
            print(printable(f"left out: {name} cannot be read ({error})"))
            continue
        if "--test" in options and "'validation'" not in str(results):
            print(f"left out: {name} has scores of test data only")
            continue
        run["histories"] = load_histories(path.parent, results)
        runs.append(run)
    return runs


def without_outputs(options):
    """Return the options of a command as one text, except for the folder that it wrote to."""
    if "--outputs" in options:
        place = options.index("--outputs")
        options = options[:place] + options[place + 2 :]
    return shlex.join(options)


def load_histories(folder, results):
    """Return {name of a network: DataFrame of numbers, a row per epoch} of what a run has kept."""
    histories = {}
    for path in sorted(folder.glob("*_history.csv")):
        with contextlib.suppress(OSError, ValueError, OverflowError):  # no table of numbers
            table = pd.read_csv(io.BytesIO(read_bytes(path))).astype(float)
            histories[path.name.removesuffix("_history.csv")] = table
    if not histories:
        with contextlib.suppress(KeyError, ValueError, TypeError, OverflowError):
            histories[""] = pd.DataFrame(results["history"]).astype(float)
    return histories


def make_table(runs):
    """Return a DataFrame of runs of one script: the settings that differ, then the scores.

    It has a row for each network or method of a run; None if the script has no scores.
    """
    rows = [
        part
        | {"run": run["run"], "of": name, "options": run["options"]}
        | {"code": run.get("version", "")}
        | {"settings": {key: str(value) for key, value in run["results"]["settings"].items()}}
        for run in runs
        for name, part in split_up(run["results"]).items()
    ]
    table = pd.json_normalize(rows)
    told = ["of", "code", "options", *[name for name in table if name.startswith("settings.")]]
    told = [name for name in told if table[name].nunique(dropna=False) > 1]
    if any(name.startswith("settings.") for name in told) and "options" in told:
        told.remove("options")  # the settings say the same
    if "settings.model" in told and (table["of"] == table["settings.model"]).all():
        told.remove("settings.model")
    scores = [
        name
        for name in table.columns.difference(["run", *told], sort=False)
        if name.split(".")[-1].startswith(SCORES) and not any(other in name for other in OTHERS)
    ]
    scores = table[scores].apply(pd.to_numeric, errors="coerce").dropna(axis="columns", how="all")
    shares = scores.filter(regex=r"(^|\.)(accuracy|auc)$")
    if ((shares < 0) | (shares > 1)).any(axis=None):
        raise ValueError("an accuracy that is not between 0 and 1")
    if scores.empty:
        return None
    known = scores.notna().sum().sort_values(ascending=False, kind="stable").index[:COLUMNS]
    scores = scores[[name for name in scores if name in known]]  # in the order of the file
    table = pd.concat([table[["run", *told]], scores], axis="columns").set_index("run")
    short = [name.removeprefix("settings.") for name in table]
    return table.set_axis(short, axis="columns") if len({"run", *short}) > len(short) else table


def as_text(table):
    """Return a table for a terminal, as narrow as it can be: one run alone is a list."""
    short = [name.removeprefix("validation.") for name in table]
    if len({*short}) == len(short):
        table = table.set_axis(short, axis="columns")
    table = table.rename_axis(None)
    text = (table.astype(object).T if len(table) == 1 else table).to_string(
        na_rep="", float_format="{:.4f}".format
    )
    return "\n".join(map(printable, text.split("\n")))


def name_curves(runs):
    """Return {name: history}, the newest first; the name of a run will do if it has but one."""
    return {
        f"{run['run']} {name}" if len(run["histories"]) > 1 else run["run"]: history
        for run in runs
        for name, history in run["histories"].items()
    }


def draw(curves, path):
    """Draw the losses over the epochs; curves: {name: history}."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 3.8))
    for axes, (quantity, title) in zip(panels, QUANTITIES.items(), strict=True):
        axes.set_prop_cycle(LINES)
        for name, history in curves.items():
            if quantity in history:
                values = history[quantity]
                axes.plot(range(1, len(values) + 1), values, marker=marker(values), label=name)
        count_epochs(axes)
        axes.set(title=title, xlabel="Epoch")
    name_lines(panels[1])
    save_figure(figure, path)


def main(argv=None):
    """Compare; return the tables, {script: [{column: value}, a row each]}."""
    parser = make_parser("Compare your runs of a chapter.", OUTPUTS)
    add = parser.add_argument
    add("chapter", help="the folder of a chapter, such as mnist or text/gpt")
    add("--script", help="only the runs of this script, such as mnist.py")
    args = parser.parse_args(argv)
    outputs = ROOT / args.chapter / "outputs"
    if not outputs.is_dir():
        parser.error(f"there is no chapter {args.chapter}, or it has no runs yet")
    runs = [run for run in load_runs(outputs) if args.script in (None, run["script"])]
    if not runs:
        fail(f"no finished run of {args.script or 'a script'} is in {args.chapter}/outputs.")
    folder, tables = make_folder(args.outputs), {}
    for script in dict.fromkeys(run["script"] for run in runs):
        of_script = [run for run in runs if run["script"] == script]
        number_versions(of_script)
        table = make_table(of_script)
        if table is not None:
            print(f"\n{script}\n{as_text(table)}", *describe(of_script), sep="\n")
            rows = table.reset_index().astype(object)
            tables[script] = rows.where(rows.notna(), None).to_dict(orient="records")
    learned = [run for run in runs if run["histories"]]
    if learned:
        script = learned[0]["script"]
        curves = name_curves([run for run in learned if run["script"] == script])
        draw(dict(list(curves.items())[:CURVES]), folder / "runs.png")
        print(f"\nThe figure has the newest curves of {script}, {CURVES} at most.")
    return save_results(tables, folder, __file__, argv)


if __name__ == "__main__":
    main()
