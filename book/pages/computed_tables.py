"""Machinery of the book: the tables of the pages that take more than tables.py can be told."""

import re
import tomllib
from collections import Counter

from scipy.stats import norm

from book.pages.results import load
from book.pages.tables import markdown, number, p_value
from utils.bands import BANDS, can_tell
from utils.comparisons import holm
from utils.runs import RESULTS, ROOT, read_json

TABLES = {}  # functions that make a table, by its name


def table(make):
    TABLES[make.__name__] = make
    return make


def words(name):
    return name.replace("_", " ")


def entries(name):
    """Return the results of a measurement, {key: value}, without how they were measured."""
    return {key: value for key, value in load(name).items() if key != "provenance"}


@table
def all_results():
    rows = []
    for name in sorted(path.stem for path in RESULTS.glob("*.json")):
        about = load(name)["provenance"]
        seconds, others = about.get("seconds"), about.get("others")
        row = [f"`{name}`", f"`{about['command'].removeprefix('python ')}`"]
        row.append(about.get("date", "earlier").replace("-", "\N{NON-BREAKING HYPHEN}"))
        maker = about.get("processor", "").partition("(")[0].partition(" ")[0]
        row += [about.get("commit") or "", f"{about.get('cores', '')} {maker}".strip()]
        row.append("" if seconds is None else f"{seconds:,.0f}")
        rows.append([*row, "" if others is None else number(others, ".0%")])
    left = ["command, after `python`", "day", "commit"]
    return markdown(["result", *left, "cores", "seconds", "other programs"], rows, left)


@table
def bands():
    rows = []
    for path in sorted(BANDS.glob("*.json")):
        band, name = read_json(path), f"bands_{path.stem}"
        losses = band["losses"].values()
        trials = entries(name) if (RESULTS / f"{name}.json").exists() else {}
        held = [f"{trial}: {one['inside']} of {one['runs']}" for trial, one in trials.items()]
        command = band["provenance"]["command"].removeprefix("python ")
        ends = f"{min(losses):.4g} to {max(losses):.4g}"
        speaks = "yes" if can_tell(trials) else "no"
        rows.append([f"`{command}`", band["name"], len(losses), ends, "; ".join(held), speaks])
    left = ["score", "from ... to", "inside the band", "speaks"]
    return markdown(["command, after `python`", left[0], "seeds", *left[1:]], rows, left)


@table
def mutants():
    rules = load("mutants")["rules"]
    rows = [[rule, rules[rule]["drawn"], rules[rule]["died"]] for rule in sorted(rules)]
    rows.append(["all", *(load("mutants")[key] for key in ("drawn", "died"))])
    return markdown(["what is wrong", "drawn", "noticed"], rows, ["what is wrong"])


@table
def unnoticed():
    rows, toml = [], ROOT / "tests" / "long" / "alive.toml"
    known = tomllib.loads(toml.read_text(encoding="utf-8"))["alive"]
    reasons = {(one["file"], one["old"], one["new"]): one["why"] for one in known}
    for one in load("mutants")["alive"]:
        change = f"`{one['old']}` to `{one['new']}`".replace("|", "\\|").replace("\n", " ")
        why = "" if one["tests"] else "no quick test runs this line"
        why = reasons.get((one["file"], one["old"], one["new"]), why)
        rows.append([f"`{one['file']}`, {one['line']}", change, one["tests"], why])
    left = ["line", "change", "why it is not noticed"]
    return markdown([*left[:2], "tests that run it", left[2]], rows, left)


def searches(value, keys=()):
    """Return what tune has found in a result, [(of what, what tune returns)]."""
    if not isinstance(value, dict):
        return []
    if {"best", "tried"} <= set(value):
        said = {"tuned", "searched", "search", "ways", "kinds", "sides", "methods"}
        return [(" ".join(words(key) for key in keys if key not in said), value)]
    return [found for key, one in value.items() for found in searches(one, (*keys, key))]


@table
def ends_of_searches():
    """Return the table of the best settings that are the first or the last of three or more."""
    rows = []
    for name in sorted(path.stem for path in RESULTS.glob("*.json")):
        for where, found in searches(load(name)):
            for key, best in found["best"].items():
                tried = {one[key] for one in found["tried"]} - {None}
                if len(tried) > 2 and best in (min(tried), max(tried)):
                    values = ", ".join(f"{value:g}" for value in sorted(tried))
                    rows.append([f"`{name}`", where, words(key), f"{best:g}", values])
    left = ["of", "setting", "tried"]
    return markdown(["result", *left[:2], "best", left[2]], rows, left)


@table
def exercises():
    rows = []
    for path in sorted((ROOT / "exercises" / "tasks").glob("[0-9]*_*.py")):
        place, _, name = path.stem.partition("_")
        text = path.read_text(encoding="utf-8")
        title = text.removeprefix('"""').splitlines()[0].rstrip(".")
        file, anchor = re.search(r"^Chapter: (\S+)#(\S+)$", text, re.MULTILINE).groups()
        link = f"[{anchor.replace('-', ' ').capitalize()}](../{file}#{anchor})"
        rows.append([int(place), f"[`{name}`](tasks/{path.name})", title, link])
    left = ["exercise", "what to write", "taught in"]
    return markdown(["", *left], rows, left).replace("| --- |", "| ---: |", 1)


@table
def exercise_mutants():
    totals, keys = load("exercises")["totals"], ("mutants", "refused", "named")
    titles = {
        "last": "by outsiders, the last list",
        "earlier": "by outsiders, two earlier lists, after what they showed was mended",
        "hand": "by hand, known when checks were written or mended",
        "unseen": "by hand, afterwards",
        "rule": "by rule",
    }
    kinds = {title: totals[kind] for kind, title in titles.items()}
    kinds["all"] = {key: sum(one[key] for one in kinds.values()) for key in keys}
    rows = []
    for title, one in kinds.items():
        shares = [f"{one[key]} ({number(one[key] / one['mutants'], '.1%')})" for key in keys[1:]]
        rows.append([title, one["mutants"], *shares])
    return markdown(["wrong solutions", "number", "refused", "and the fault named"], rows)


def p_values(intervals):
    """Return p of each {"mean", "low", "high"}, corrected by Holm for their number.

    An interval of 95 % is 2 * 1.96 standard errors wide if its draws are normally distributed.
    """
    scores = [2 * norm.isf(0.025) * one["mean"] / (one["high"] - one["low"]) for one in intervals]
    return holm([2 * norm.sf(abs(score)) for score in scores])


@table
def forecast_1_behind():
    """Return the table of how much larger networks' errors are than that of the recommended one."""
    found, methods, rows = load("forecast_1"), ["perceptron", "GRU"], []
    family = [found["behind"][method] for method in methods]
    for method, one, p in zip(methods, family, p_values(family), strict=True):
        ends = f"{one['low']:.1f} to {one['high']:.1f}"
        rows.append([words(method), f"{one['mean']:.0f}", ends, p_value(p)])
    first = f"error minus that of {words(found['recommended'])}"
    return markdown([first, "vehicles", "95 % interval", "Holm's p"], rows)


@table
def faster():
    kinds = {"own_step": "a step of one's own", "steps_per_execution": "`steps_per_execution=20`"}
    kinds |= {name: f"`{name}=True`" for name in ("run_eagerly", "jit_compile")}
    found, rows = load("faster"), []
    for network, measured in found["networks"].items():
        for kind, one in measured.items():
            cells = [network, kinds.get(kind, kind), f"{one['first']:.1f}", f"{one['loss']:.4f}"]
            if kind == "fit":
                cells[1:2], more = ["plain `fit`"], [f"100 %, {one['median']:.2f} s", "", ""]
            else:
                beside = found["compared"][network][kind]
                ends = f"{100 * beside['low']:.0f} to {number(beside['high'], '.0%')}"
                more = [number(beside["ratio"], ".0%"), ends, p_value(beside["holm"])]
            rows.append(cells + more)
    head = ["network", "", "first epoch, s", "its loss", "time beside `fit`", "95 % interval", "p"]
    return markdown(head, rows)


@table
def checklist_faults():
    """What is odd is bold."""
    rows = []
    for name, row in entries("checklist").items():
        one, right = row["one_batch"], row["one_batch_accuracy"]
        least = row["least_gradient"]
        cells = [
            (f"{row['largest_input']:.0f}", row["largest_input"] > 1),
            (row["twins"], row["twins"] > 0),
            (row["classes_in_a_batch"], row["classes_in_a_batch"] < 5),
            (f"{row['loss_at_start']:.2f}", row["loss_at_start"] > 3),
            (f"{least:.4f}" if least else "0", least == 0),
            (f"{one:.4f}, {number(right, '.0%')}", one > 1 or right < 1),
            (f"{row['predictions_vary']:.2f}", row["predictions_vary"] < 0.9),
        ]
        rows.append([words(name), *(f"**{text}**" if odd else text for text, odd in cells)])
    header = ["", "largest input", "duplicates", "classes in a batch", "loss at the start"]
    header += ["smallest gradient", "one batch: loss, accuracy", "predictions vary by"]
    return markdown(header, rows)


@table
def drill():
    """What the doctor said of the runs of each fault; the diagonal first, then the rest."""
    rows = []
    for fault in entries("broken"):
        runs = [run for run in load("drill")["runs"] if run["fault"] == fault]
        said = Counter(run["doctor"] for run in runs)
        right = said.pop(fault, 0)
        others = ", ".join(f"{words(name)} {count}" for name, count in said.most_common())
        told = sum(run["told"] == fault for run in runs)
        rows.append([words(fault), len(runs), right, others, told])
    left = "what else the doctor said"
    header = ["hidden fault", "runs", "right", left, "right if told rate and batches"]
    return markdown(header, rows, [left])
