"""Machinery of the book: whether its comparisons still hold.

    python -m pytest tests/test_claims.py  # prints the sentences that the results have overturned

What a sentence of README.md rests on stands beside it in README.claims.toml, behind the sentence or
the first words of it, with # in place of each number that has a result of its own:

    "It takes # times as long." = "3.5 < slow.seconds / fast.seconds < 4.5"

Values are named as behind numbers (results.py says how), alone or in an expression:
`spam.models.words.errors == min(spam.models.*.errors)`.
"""

import difflib
import re
import tomllib

from book.pages.readme import NUMBER
from book.pages.results import evaluate


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


def holds(condition, values):
    """Tell whether a condition holds for these values, {path: value}."""
    result = evaluate(condition, values)
    if not isinstance(result, bool):
        raise ValueError(f"not a condition: {condition}")
    return result


def describe(sentence, condition, values):
    """Return what a reader of the book must know of a claim that does not hold."""
    lines = [sentence, f"    {condition}"]
    return "\n".join([*lines, *(f"    {path} = {value}" for path, value in values.items())])
