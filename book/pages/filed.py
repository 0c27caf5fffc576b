"""Machinery of the book: the tables of the page with all results, and of the bands."""

from book.pages.results import load
from book.pages.tables import markdown, number
from utils.runs import RESULTS, read_json


def entries(name):
    """Return the results of a measurement, {key: value}, without how they were measured."""
    return {key: value for key, value in load(name).items() if key != "provenance"}


def all_results():
    rows = []
    for name in sorted(path.stem for path in RESULTS.glob("*.json")):
        about = load(name)["provenance"]
        seconds, others = about.get("seconds"), about.get("others")
        row = [f"`{name}`", f"`{about['command'].removeprefix('python ')}`"]
        row.append(about.get("date", "earlier").replace("-", "\N{NON-BREAKING HYPHEN}"))
        row += [about.get("commit") or "", about.get("cores", "")]
        row.append("" if seconds is None else f"{seconds:,.0f}")
        rows.append([*row, "" if others is None else number(others, ".0%")])
    left = ["command, after `python`", "day", "commit"]
    return markdown(["result", *left, "cores", "seconds", "other programs"], rows, left)


def bands():
    rows = []
    for path in sorted((RESULTS / "bands").glob("*.json")):
        band, name = read_json(path), f"bands_{path.stem}"
        losses = band["losses"].values()
        trials = entries(name) if (RESULTS / f"{name}.json").exists() else {}
        held = [f"{trial}: {one['inside']} of {one['runs']}" for trial, one in trials.items()]
        command = band["provenance"]["command"].removeprefix("python ")
        ends = f"{min(losses):.4g} to {max(losses):.4g}"
        rows.append([f"`{command}`", band["name"], len(losses), ends, "; ".join(held)])
    left = ["score", "from ... to", "inside the band"]
    return markdown(["command, after `python`", left[0], "seeds", *left[1:]], rows, left)
