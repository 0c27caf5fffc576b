"""The tables of the exercises: what there is, and what their checks refuse."""

import re

from book.pages.tables.common import load_results, markdown, percent, table
from utils.runs import ROOT

TASKS = ROOT / "exercises" / "tasks"


@table
def exercises():
    rows = []
    for path in sorted(TASKS.glob("[0-9]*_*.py")):
        number, _, name = path.stem.partition("_")
        text = path.read_text(encoding="utf-8")
        title = text.removeprefix('"""').splitlines()[0].rstrip(".")
        file, anchor = re.search(r"^Chapter: (\S+)#(\S+)$", text, re.MULTILINE).groups()
        section = anchor.replace("-", " ").capitalize()
        link = f"[{section}](../{file}#{anchor})"
        rows.append([int(number), f"[`{name}`](tasks/{path.name})", title, link])
    head = [["", "exercise", "what to write", "taught in"], ["---:", "---", "---", "---"]]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in [*head, *rows])


@table
def exercise_mutants():
    totals = load_results("exercises")["totals"]
    kinds = {
        "by hand, known when checks were written or mended": "hand",
        "by hand, written after the checks": "unseen",
        "by rule": "rule",
    }
    counts = {title: totals[kind] for title, kind in kinds.items()}
    keys = ("mutants", "refused", "named")
    counts["all"] = {key: sum(one[key] for one in counts.values()) for key in keys}
    rows = [
        [title, one["mutants"], *(with_share(one[key], one["mutants"]) for key in keys[1:])]
        for title, one in counts.items()
    ]
    return markdown(["wrong solutions", "number", "refused", "and the fault named"], *rows)


def with_share(count, of):
    return f"{count} ({percent(count / of, 1)})"
