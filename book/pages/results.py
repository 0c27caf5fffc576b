"""Machinery of the book: what a path such as spam.models.words.errors names, and expressions of it.

A path begins with the name of a result. A key that is no word stands in quotes:
`gpt_copies.'held-out Shakespeare'.mean`. With a * in place of a key it is a list; behind a list,
min, max and last are one of its values. In place of a result there may be a constant of a script:
`mnist/mnist.py:BATCH_SIZE`. In an expression there are paths, numbers, words in quotes, + - * /,
comparisons, and, or, not, and the functions below; nothing else is evaluated.
"""

import ast
import operator
import re
from functools import cache
from statistics import mean

from utils.files import load_results
from utils.runs import ROOT

KEY = r"\w+|\*|'[^']+'"  # of results: a word, * for all, or anything in quotes
PATH = re.compile(rf"(?<!['\w])[A-Za-z_]\w*(?:\.(?:{KEY}))+")
ENDS = {"min": min, "max": max, "last": lambda values: values[-1]}
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg, ast.Not: operator.not_, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
load = cache(load_results)


def differences(these, others):
    """Return how far each number of a list is above that in its place in another list."""
    return [one - other for one, other in zip(these, others, strict=True)]


def ahead(values):
    """Return how many of some differences are above 0."""
    return sum(value > 0 for value in values)


FUNCTIONS = {
    one.__name__: one for one in (abs, ahead, differences, len, max, mean, min, round, sum)
}


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
    """Return what an expression is worth with these values, {path: value}."""
    paths = list(values)
    code = PATH.sub(lambda match: f"_{paths.index(match[0])}", expression)
    names = {f"_{number}": values[path] for number, path in enumerate(paths)}
    return evaluate_node(ast.parse(code, mode="eval").body, names)


def evaluate_node(node, names):
    """Return the value of a part of an expression; what may not be in it is a ValueError."""
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.BoolOp(op=op, values=parts):
            truths = (evaluate_node(one, names) for one in parts)
            return (all if isinstance(op, ast.And) else any)(truths)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate_node(left, names), evaluate_node(right, names))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate_node(operand, names))
        case ast.Compare(left=left, ops=ops, comparators=others):
            terms = [evaluate_node(one, names) for one in (left, *others)]
            pairs = zip(ops, terms, terms[1:], strict=False)
            return all(OPERATORS[type(op)](one, other) for op, one, other in pairs)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(evaluate_node(one, names) for one in arguments))
        case _:
            raise ValueError(f"an expression may not have {ast.unparse(node)}")
