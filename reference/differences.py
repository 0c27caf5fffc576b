"""Machinery of my_runs.py: what differs between two runs, in words, and whether it is beyond seeds.

Chapter: reference/README.md#comparing-your-runs
"""

import contextlib
import difflib
import math
import re
import shlex
import zipfile
from typing import Annotated, Any

from pydantic import BaseModel, Field

from utils.bands import bands_of, look_up
from utils.comparisons import compare_family
from utils.runs import KEPT, printable
from utils.schemas import Name

# Scores to compare by, the first that all runs have: those that should be low, then high.
LOWER = ("validation.cross_entropy", "cross_entropy", "validation.loss", "loss", "errors")
HIGHER = ("validation.accuracy", "accuracy", "auc")
LINES = 8  # of an edited file that are shown
DEFAULT = "the default"
ODD = (LookupError, TypeError, ValueError, OverflowError)  # what results of other kinds raise
REPEAT = "Repeat both with --seed 2, then 3, and so on."


class Provenance(BaseModel):
    command: Annotated[str, Field(max_length=10_000)]
    code: dict[Name, Name] = {}
    settings: dict[Name, Any] = {}


class AnyRun(BaseModel):
    """What results.json says of a run of any script; more may be there."""

    provenance: Provenance
    settings: dict[Name, Any] = {}


def split_up(results):
    """Return the results of each network or method of a run by its name; "" if there is but one."""
    for key in ("models", "methods", "validation"):
        parts = results.get(key)
        if isinstance(parts, dict) and {*map(type, parts.values())} == {dict}:
            return parts
    return {"": results}


def read_options(options):
    """Return {setting: value} of the options of a command, both texts; options: one text."""
    found, key = {}, ""
    for word in shlex.split(options):
        if re.match(r"--?[A-Za-z]", word):
            key, _, word = word.lstrip("-").replace("-", "_").partition("=")
            found[key] = []
        found.setdefault(key, []).extend([word] if word else [])
    return {key: " ".join(words) or "yes" for key, words in found.items()}


def in_words(value):
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return {None: DEFAULT, True: "yes", False: "no"}[value]
    return str(value)


def settings_in_words(run):
    """Return {setting: value in words} of a run, without its seed, and the seed."""
    known = run["results"]["settings"] or read_options(run["options"])
    words = {key: in_words(value) for key, value in known.items() if key not in ("outputs", "test")}
    return words, words.pop("seed", DEFAULT)


def differences(run, other):
    """Return in words what differs between two runs of a script, but for their seeds."""
    (mine, _), (theirs, _) = settings_in_words(run), settings_in_words(other)
    changed = [
        f"{key.replace('_', ' ')} {mine.get(key, DEFAULT)} in place of {theirs.get(key, DEFAULT)}"
        for key in {**theirs, **mine}
        if mine.get(key, DEFAULT) != theirs.get(key, DEFAULT)
    ]
    return changed + [f"{file} was edited" for file in edited(run["code"], other["code"])]


def edited(hashes, others):
    """Return the files that two runs have in common and that differ; hashes: as keep_code's."""
    return [path for path in hashes if hashes[path] != others.get(path, hashes[path])]


def changed_lines(path, folder, other):
    """Return how a file of the run in a folder differs from that of another: lines with + or -.

    Nothing where one of them has no copy of it.
    """
    texts = []
    for run in (other, folder):
        with contextlib.suppress(Exception), zipfile.ZipFile(run / KEPT) as file:  # if undamaged
            texts.append(file.read(path).decode().splitlines())
    if len(texts) < 2:
        return []
    lines = [*difflib.unified_diff(*texts, n=0, lineterm="")][2:]
    return [line for line in lines if line[0] in "+-"]


def number_versions(runs):
    """Enter into runs of a script, the newest first, which version of its code made each: 1, 2."""
    known, seen = [run for run in reversed(runs) if run["code"]], {}
    common = sorted(set.intersection(*[{*run["code"]} for run in known])) if known else []
    for run in known:
        code = tuple(run["code"][file] for file in common)
        run["version"] = seen.setdefault(code, len(seen) + 1)


def describe(runs):
    """Return lines on the newest run of a script and the last that differs in more than the seed.

    runs: the newest first. No lines if there is no such run.
    """
    newest, *older = runs
    other = next((run for run in older if differences(newest, run)), None)
    if other is None:
        return []
    said = "; ".join(differences(newest, other))
    lines = [printable(f"The newest differs from {other['run']}: {said}.")]
    for file in edited(newest["code"], other["code"]):
        changed = changed_lines(file, newest["folder"], other["folder"])
        lines += ["    " + printable(line) for line in changed[:LINES]]
        lines += [f"    and {len(changed) - LINES} more lines"] if len(changed) > LINES else []
    return [*lines, *weigh(repetitions(newest, runs), repetitions(other, runs))]


def repetitions(run, runs):
    """Return the runs that differ from one in the seed alone, or not at all: {seed: run}."""
    found = {}
    for one in [run, *runs]:
        if not differences(run, one):
            found.setdefault(settings_in_words(one)[1], one)
    return found


def weigh(runs, others):
    """Yield a line for each network of two settings: whether they differ by more than seeds do.

    runs, others: {seed: run}, the newest first.
    """
    mine, theirs = (split_up(next(iter(group.values()))["results"]) for group in (runs, others))
    pairs = {name: (name, name) for name in mine if name in theirs}
    if len(mine) == len(theirs) == 1:  # whatever they are called
        pairs = {"": (*mine, *theirs)}
    for name, parts in pairs.items():
        with contextlib.suppress(*ODD):  # no common score
            said = compare(runs, others, parts)
            yield f"{printable(name)}: {said}" if name else said[0].upper() + said[1:]


def compare(runs, others, parts):
    """Return in words how the scores of two settings differ; parts: of their results."""
    groups = [
        {seed: split_up(run["results"])[part] for seed, run in group.items()}
        for group, part in zip((runs, others), parts, strict=True)
    ]
    score = choose_score([one for group in groups for one in group.values()])
    mine, theirs = ({seed: look_up(one, score) for seed, one in group.items()} for group in groups)
    name = score.replace(".", " ").replace("_", "-")
    common = [seed for seed in mine if seed in theirs]
    if len(common) < 2:
        seed = common[0] if common else next(iter(mine))
        value, other = mine[seed], theirs.get(seed, next(iter(theirs.values())))
        said = f"{name} {value:.4g} in place of {other:.4g}, "
        said += "one run each" if common else "and no seed in common"
        return f"{said}: {by_seeds(runs[seed], score, abs(value - other))}"
    values = [[group[seed] for seed in common] for group in (mine, theirs)]
    if values[0] == values[1]:
        return f"{len(common)} seeds each: the same {name}."
    found = compare_family({"a": values[0], "b": values[1]}, [("a", "b")])["a - b"]
    sign = -1 if found["mean"] < 0 else 1
    low, high = sorted((sign * found["low"], sign * found["high"]))
    word = "higher" if sign > 0 else "lower"
    said = f"{len(common)} seeds each: {name} {abs(found['mean']):.3g} {word}"
    said += f" ({low:.3g} to {high:.3g})"
    if found["shown"]:
        better = (score in HIGHER) == (sign > 0)
        return f"{said}: {'better' if better else 'worse'}, beyond seeds."
    ahead = sum(sign * (a - b) > 0 for a, b in zip(*values, strict=True))
    return f"{said}, but only in {ahead} of {len(common)}: cannot be told from seeds."


def choose_score(results):
    """Return the path of the first score that all results have as a finite number."""
    for path in (*LOWER, *HIGHER):
        with contextlib.suppress(*ODD):
            if all(math.isfinite(look_up(one, path)) for one in results):
                return path
    raise LookupError("no common score")


def by_seeds(run, score, difference):
    """Return whether seeds alone do as much, as far as the book's own runs of the script tell."""
    for _, band in bands_of(run["path"]):
        if band["path"].endswith(score) and "tolerance" not in band:
            with contextlib.suppress(*ODD):
                look_up(run["results"], band["path"])
                losses = [*band["losses"].values()]
                spread = max(losses) - min(losses)
                much = "more than" if difference > spread else "no more than"
                said = f"{difference:.3g} is {much} the {spread:.3g} by which seeds alone move"
                return f"{said} it in {len(losses)} runs of the book. {REPEAT}"
    return f"seeds alone may do that. {REPEAT}"
