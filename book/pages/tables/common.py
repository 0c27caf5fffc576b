"""What the tables of all chapters share: their list, and how they are written in Markdown.

TABLES holds, by name, a function without arguments that returns a Markdown table.
"""

import re

from utils.runs import load_results

PERCENT = "\N{NO-BREAK SPACE}%"
TABLES = {}


def table(make):
    """Enter a function that makes a table into TABLES under its own name."""
    TABLES[make.__name__] = make
    return make


def percent(share, digits=2):
    return f"{share:.{digits}%}".replace("%", PERCENT)


def each(accuracies, digits=2):
    """Return the accuracy with each seed."""
    return ", ".join(percent(accuracy, digits) for accuracy in accuracies)


def cell(value):
    """Return what stands in a cell; the hyphen before a number becomes a minus sign."""
    text = str(value)
    return text if "`" in text else re.sub(r"(?<![\w-])-(?=\d)", "\N{MINUS SIGN}", text)


def p_value(p):
    """Return p as it is written in a table."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def with_interval(found, form="{:.1f}", scale=1):
    """Return a mean with its interval, such as 88.1 (86.0 to 90.2)."""
    numbers = (form.format(scale * found[key]) for key in ("mean", "low", "high"))
    return "{} ({} to {})".format(*numbers)


def entries(name):
    """Return the results of a measurement, {key: value}, without how they were measured."""
    return {key: value for key, value in load_results(name).items() if key != "provenance"}


def markdown(header, *rows, words=()):
    """Return a Markdown table; all columns but the first and those of words align right."""
    left = {header[0], *words}
    lines = [header, ["---" if name in left else "---:" for name in header], *rows]
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)
