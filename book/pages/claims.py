"""Machinery of the book: whether its comparisons still hold.

    python -m pytest tests/test_claims.py  # prints the sentences that the results have overturned

What a sentence of README.md rests on stands beside it in README.claims.toml, behind the sentence or
the first words of it, with # in place of each number that has a result of its own:

    "It takes # times as long." = "3.5 < slow.seconds / fast.seconds < 4.5"

Values are named as behind numbers (readme.py). A key that is no word stands in quotes, and with a *
in place of a key they are a list: `spam.models.words.errors == min(spam.models.*.errors)`. There
are numbers, words in quotes (`forecast_1.recommended == 'ridge'`), + - * /, comparisons, and, or,
not, and the functions below; nothing else is evaluated.
"""

import ast
import difflib
import operator
import re
import tomllib
from statistics import mean

from book.pages.readme import KEY, NUMBER, load, look_up

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


def read_claims(page):
    """Return {sentence: condition} of a page, given by its path."""
    path = page.with_suffix(".claims.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def plain(text):
    """Return a page of Markdown in one line, without comments; # for numbers with a result."""
    return " ".join(re.sub(r"<!--.*?-->", "", NUMBER.sub("#", text), flags=re.DOTALL).split())


def find_lost(claims, text):
    """Return the sentences that do not stand in a page exactly once, each with what is like it."""
    text, lost = plain(text), []
    sentences = re.split(r"(?<=[.!?:]) (?=\W?[A-Z])", text)
    for sentence in claims:
        if text.count(sentence) != 1:
            like = difflib.get_close_matches(sentence, sentences, n=1, cutoff=0.3)
            lost.append(f"{sentence}\n    now perhaps: {', '.join(like)}")
    return lost


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


def describe(sentence, condition, values):
    """Return what a reader of the book must know of a claim that does not hold."""
    lines = [sentence, f"    {condition}"]
    return "\n".join([*lines, *(f"    {path} = {value}" for path, value in values.items())])
