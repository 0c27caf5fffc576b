"""Machinery of the book: whether its comparisons still hold.

    python -m pytest tests/test_claims.py  # prints the sentences that the results have overturned

A sentence that compares carries a condition on the results, in a comment that nobody sees:

    It takes four times as long.<!-- claim: 3.5 < slow.seconds / fast.seconds < 4.5 -->

Values are named as behind numbers (book/readme.py). A key that is no word stands in quotes, and
with a * in place of a key they are a list: `spam.models.words.errors == min(spam.models.*.errors)`.
There are numbers, words in quotes (`forecast_1.recommended == 'ridge'`), + - * /, comparisons, and,
or, not, and the functions below; nothing else is evaluated.
"""

import ast
import operator
import re
from statistics import mean
from typing import NamedTuple

from readme import KEY, load, look_up

CLAIM = re.compile(r"<!--\s+claim:\s(.+?)\s-->", re.DOTALL)
PATH = re.compile(rf"\b[A-Za-z_]\w*(?:\.(?:{KEY}))+")
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg, ast.Not: operator.not_, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


def differences(these, others):
    """Return how far each number of a list is above that in its place in another list."""
    return [one - other for one, other in zip(these, others, strict=True)]


FUNCTIONS = {one.__name__: one for one in (abs, differences, len, max, mean, min, round, sum)}


class Claim(NamedTuple):
    """A sentence of a page, and its condition."""

    place: str  # file:line
    sentence: str
    condition: str


def find_claims(text, name):
    """Return the claims of a page of Markdown."""
    claims = []
    for match in CLAIM.finditer(text):
        paragraph = re.split(r"\n\s*\n|\n *- |\n\|", text[: match.start()])[-1]
        words = " ".join(re.sub(r"<!--.*?-->", "", paragraph).split())
        sentence = re.split(r"(?<=[.!?:]) (?=\W?[A-Z])", words)[-1]
        line = text.count("\n", 0, match.start()) + 1
        claims.append(Claim(f"{name}:{line}", sentence, " ".join(match[1].split())))
    return claims


def values_of(condition, load=load):
    """Return the values that a condition names, {path: value}; load: gives a result by its name."""
    return {path: look_up(path, load) for path in PATH.findall(condition)}


def holds(condition, values):
    """Tell whether a condition holds for these values, {path: value}."""
    paths = list(values)
    code = PATH.sub(lambda match: f"_{paths.index(match[0])}", condition)
    names = {f"_{number}": values[path] for number, path in enumerate(paths)}
    result = evaluate(ast.parse(code, mode="eval").body, names)
    if not isinstance(result, bool):
        raise ValueError(f"not a condition: {condition}")
    return result


def evaluate(node, names):
    """Return the value of an expression; anything that a claim may not have is a ValueError."""
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.BoolOp(op=op, values=parts):
            return (all if isinstance(op, ast.And) else any)(evaluate(one, names) for one in parts)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate(left, names), evaluate(right, names))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate(operand, names))
        case ast.Compare(left=left, ops=ops, comparators=others):
            terms = [evaluate(one, names) for one in (left, *others)]
            pairs = zip(ops, terms, terms[1:], strict=False)
            return all(OPERATORS[type(op)](one, other) for op, one, other in pairs)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(evaluate(one, names) for one in arguments))
        case _:
            raise ValueError(f"a claim may not have {ast.unparse(node)}")


def describe(claim, values):
    """Return what a reader of the book must know of a claim that does not hold."""
    lines = [f"{claim.place}: {claim.sentence}", f"    {claim.condition}"]
    return "\n".join([*lines, *(f"    {path} = {value}" for path, value in values.items())])
