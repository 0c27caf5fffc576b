"""The tables of all results, with how each was made, and of the bands of main scripts."""

from book.pages.tables.common import entries, markdown, percent, table
from utils.runs import RESULTS, load_results, read_json


@table
def all_results():
    rows = []
    for name in sorted(path.stem for path in RESULTS.glob("*.json")):
        about = load_results(name)["provenance"]
        seconds, others = about.get("seconds"), about.get("others")
        rows.append(
            [
                f"`{name}`",
                f"`{about['command'].removeprefix('python ')}`",
                about.get("date", "earlier").replace("-", "\N{NON-BREAKING HYPHEN}"),
                about.get("commit") or "",
                about.get("cores", ""),
                "" if seconds is None else f"{seconds:,.0f}",
                "" if others is None else percent(others, 0),
            ]
        )
    header = ["result", "command, after `python`", "day", "commit", "cores", "seconds"]
    header += ["other programs"]
    return markdown(header, *rows, words=("command, after `python`", "day", "commit"))


@table
def bands():
    rows = []
    for path in sorted((RESULTS / "bands").glob("*.json")):
        band = read_json(path)
        losses = band["losses"].values()
        name = f"bands_{path.stem}"
        trials = entries(name) if (RESULTS / f"{name}.json").exists() else {}
        held = [f"{trial}: {one['inside']} of {one['runs']}" for trial, one in trials.items()]
        command = band["provenance"]["command"].removeprefix("python ")
        ends = f"{min(losses):.4g} to {max(losses):.4g}"
        rows.append([f"`{command}`", band["name"], len(losses), ends, "; ".join(held)])
    header = ["command, after `python`", "score", "seeds", "from ... to", "inside the band"]
    return markdown(header, *rows, words=("score", "from ... to", "inside the band"))
