"""What the tables of all chapters share: their list, and how they are written in Markdown.

TABLES holds, by name, a function without arguments that returns a Markdown table.
"""

from utils.runs import load_results

PERCENT = "\N{NO-BREAK SPACE}%"
TABLES = {}


def table(make):
    """Enter a function that makes a table into TABLES under its own name."""
    TABLES[make.__name__] = make
    return make


def percent(share, digits=2):
    return f"{share:.{digits}%}".replace("%", PERCENT)


def entries(name):
    """Return the results of a measurement, {key: value}, without how they were measured."""
    return {key: value for key, value in load_results(name).items() if key != "provenance"}


def markdown(header, *rows):
    """Return a Markdown table; all columns but the first align right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)
