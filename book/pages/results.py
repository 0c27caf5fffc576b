"""Machinery of the book: what a path such as spam.models.words.errors names, and expressions of it.

A path begins with the name of a result. A key that is no word stands in quotes:
`gpt_copies.'held-out Shakespeare'.mean`. With a * in place of a key it is a list; behind a list,
min, median, max and last are one of its values. `bands.NAME` is the list of what a script reached
with other seeds. In place of a result there may be a constant of a script:
`mnist/mnist.py:BATCH_SIZE`. An expression is one of Python, with paths and the functions below.
"""

import ast
import re
from functools import cache
from statistics import correlation, mean, median

from utils.bands import BANDS
from utils.comparisons import holm
from utils.files import load_results
from utils.runs import ROOT, read_json

KEY = r"\w+|\*|'[^']+'"  # of results: a word, * for all, or anything in quotes
PATH = re.compile(rf"(?<!['\w])[A-Za-z_]\w*(?:\.(?:{KEY}))+")
ENDS = {"min": min, "median": median, "max": max, "last": lambda values: values[-1]}


@cache
def load(name):
    """Return a result by its name; "bands" has what scripts reached with other seeds."""
    if name == "bands":
        return {path.stem: [*read_json(path)["losses"].values()] for path in BANDS.glob("*.json")}
    return load_results(name)


def differences(these, others):
    """Return how far each number of a list is above that in its place in another list."""
    return [one - other for one, other in zip(these, others, strict=True)]


def ahead(values):
    """Return how many of some differences are above 0."""
    return sum(value > 0 for value in values)


KNOWN = (abs, ahead, correlation, differences, holm, len, max, mean, min, round, sum)
FUNCTIONS = {one.__name__: one for one in KNOWN}


def select(value, keys):
    """Return what lies under these keys; * stands for all: then it is a list."""
    if not keys:
        return value
    key, *rest = keys
    if isinstance(value, list) and key in ENDS:
        return ENDS[key](value)
    if key != "*":
        return select(value[int(key) if isinstance(value, list) else key], rest)
    if isinstance(value, dict):
        value = [one for name, one in value.items() if name != "provenance"]
    found = [select(one, rest) for one in value]
    return [two for one in found for two in one] if "*" in rest else found


def constant(file, name):
    """Return a constant of a script as it is written there."""
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and name in [ast.unparse(one) for one in node.targets]:
            return ast.literal_eval(node.value)
    raise KeyError(f"{file} has no constant {name}")


def look_up(path, load=load):
    """Return the value at a path. load: gives a result by its name."""
    if ":" in path:
        return constant(*path.split(":"))
    name, *keys = (key.strip("'") for key in re.findall(KEY, path))
    return select(load(name), keys)


def values_of(expression, load=load):
    """Return the values that an expression names, {path: value}."""
    return {path: look_up(path, load) for path in PATH.findall(expression)}


def evaluate(expression, values):
    """Return what an expression is worth with these values, {path: value}.

    It is Python of this project, as its scripts are, but of all names it knows only FUNCTIONS.
    """
    paths = list(values)
    code = PATH.sub(lambda match: f"_{paths.index(match[0])}", expression)
    names = {f"_{number}": values[path] for number, path in enumerate(paths)}
    return eval(code, {"__builtins__": {}} | FUNCTIONS | names)
