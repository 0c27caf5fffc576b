"""Machinery of the book: the tables of the pages, made of the files in assets/results/.

A table of README.md is described in README.tables.toml by the Markdown that it shall become:

    [spam]
    rows = "spam.models"
    table = \"\"\"
    model | errors | precision
    {@} | {.errors} | {.precision:.1%}
    \"\"\"

`rows` names, as results.py says, what has a row for each of its keys, or several such, or it is a
table {label: what the row is about}. `only` chooses rows and their order, and names them if it is a
table; `names` names some of them; `sort` is what they are sorted by; `most` is how many there are.
The lines of `table` in which something of a row stands become lines for each row; the others stay.

In braces stands an expression of results.py; what begins with a point is of the row, `@` is its
key, or its name where it stands alone, `@@` the key above, `#` its number. Behind a colon stands
how a value is written: as in Python, with `pp` for points of a hundred, or as FORMS and LISTS say.
A cell whose value is missing is what follows a `?`. A list becomes a cell for each of its values.
A column is aligned on the left if its head begins with <, or all are with `left = true`. `of` names
a table whose lines are taken over, and `first` is then the head of the first column.

What is more than that is a function of computed_tables.py.
"""

import re
import tomllib
from collections import namedtuple
from functools import cache
from itertools import groupby

from book.pages.results import evaluate, look_up, values_of
from book.pages.texts import PAGES
from utils.statistics import with_deviation

PERCENT = "\N{NO-BREAK SPACE}%"
FIELD = re.compile(r"\{((?:'[^']*'|[^':?{}])+)(?::([^{}?]*))?(\?[^{}]*)?\}")
OF_A_ROW = re.compile(r"'[^']*'|@@|@|#|(?<![\w'*@])\.(?=([\w'*])?)")
Row = namedtuple("Row", "path key above name number")


def number(value, form):
    """Return a number as text: as Python writes it, a share with % or as points, 0 as such."""
    if form.endswith("pp"):
        return f"{100 * value:{form[:-2]}f}"
    if form.endswith("e") and value == 0:
        return "0"
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    text = f"{value:{form}}"
    return text.replace("%", PERCENT) if form.endswith("%") else text


def p_value(p):
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def interval(found, form):
    """Return a mean with its interval, such as 88.1 (86.0 to 90.2)."""
    return "{} ({} to {})".format(*(number(found[key], form) for key in ("mean", "low", "high")))


def minus(label):
    """Return "(one, way) minus (other, way)" for "one, way - other, way"."""
    return " minus ".join(f"({half})" if "," in half else half for half in label.split(" - "))


FORMS = {  # with what may stand behind them, such as .1%
    "interval": interval,
    "range": lambda found, form: f"{number(found['low'], form)} to {number(found['high'], form)}",
    "deviation": lambda scores, digits: with_deviation(scores, PERCENT, int(digits or 2)),
    "p": lambda p, _: p_value(p),
    "words": lambda text, _: text.replace("_", " "),
    "minus": lambda text, _: minus(text),
    "version": lambda text, _: text.split()[1].partition("+")[0],  # of a back end
    "shown": lambda shown, _: "yes" if shown else "not shown",
    "line": lambda text, most: text[: int(most)].replace("\n", " / "),
    "excerpt": lambda text, most: text[: int(most)].strip().replace("\n", " / "),
    "short": lambda value, form: number(value, form).replace("e-0", "e-"),
}
LISTS = {  # joined in one cell
    "each": ", ".join,
    "times": " × ".join,
}


def written(value, form):
    """Return a value as text; of a list, which nothing joins, the texts."""
    kind, _, rest = form.partition(" ")
    if kind in LISTS and not isinstance(next(iter(value)), list):  # of a dict, the keys
        return LISTS[kind](written(one, rest) for one in value)
    if isinstance(value, list):
        return [written(one, form) for one in value]
    if kind in FORMS:
        return FORMS[kind](value, rest)
    return number(value, form)


def value_of(expression, row):
    """Return what an expression is worth for a row, which may be None."""

    def of_row(match):
        if match[0].startswith("'"):
            return match[0].replace("@", row.key) if row else match[0]
        if match[0] == "#":
            return str(row.number)
        if match[0] == ".":
            return row.path + ("." if match[1] else "")
        return f"'{row.key if match[0] == '@' else row.above}'"

    if row and expression in ("@", "@@"):
        return {"@": row.name, "@@": row.above}[expression]
    expression = OF_A_ROW.sub(of_row, expression)
    return evaluate(expression, values_of(expression))


def cells_of(line, row=None):
    """Return the cells of a line of a table for a row."""
    cells = []
    for part in line.split("|"):
        texts = []
        for expression, form, missing in FIELD.findall(part):
            try:
                value = value_of(expression.strip(), row)
            except (LookupError, TypeError):
                value = None
            if value in (None, [], {}):
                if not missing:
                    raise ValueError(f"no value for {expression} in: {line}")
                texts = missing[1:]
                break
            text = written(value, form)
            texts.append(text if expression == "@" else escaped(text))
        if isinstance(texts, str):
            cells.append(texts)
        elif len(texts) == 1 and isinstance(texts[0], list):
            cells += texts[0]
        else:
            cell = FIELD.sub("{}", part.strip()).format(*texts)
            cells += cell.split(" | ")  # a label may be of two cells
    return cells


def escaped(text):
    return text.replace("|", "\\|") if isinstance(text, str) else text


def about_rows(line):
    """Tell whether something of a row stands in a line."""
    fields = [expression for expression, _, _ in FIELD.findall(line)]
    return any(re.search(r"@|#|(?<![\w'*])\.", re.sub("'[^'@]*'", "''", one)) for one in fields)


def find_rows(rows, only=None, names=None, sort=None, most=None):
    """Return the rows of a table."""
    names = (names or {}) | (only if isinstance(only, dict) else {})
    if isinstance(rows, dict):
        found = [(path, path.split(".")[-1].strip("'"), "", name) for name, path in rows.items()]
        return [Row(*row, number) for number, row in enumerate(found, 1)]
    found = []
    for path in [rows] if isinstance(rows, str) else rows:
        value = look_up(path)
        known = [*map(str, range(len(value)))] if isinstance(value, list) else [*value]
        wanted = known if only is None else map(str, only)
        above = path.split(".")[-1].strip("'")
        for key in wanted:
            if key in known and key != "provenance":
                name = names.get(key, key)
                found.append((f"{path}.'{key}'", key, names.get(above, above), name))
    if only and {key for _, key, _, _ in found} != {*map(str, only)}:
        raise ValueError(f"{rows} lacks some of {only}")
    if sort:
        found.sort(key=lambda row: value_of(sort, Row(*row, 0)))
    return [Row(*row, number) for number, row in enumerate(found[:most], 1)]


def markdown(header, rows, left=()):
    """Return a Markdown table; all columns but the first and those of left align right.

    In these, the hyphen before a number becomes a minus sign.
    """
    rules = ["---" if name in {header[0], *left} else "---:" for name in header]

    def cell(value, rule):
        text = str(value)
        signed = rule == "---:" and "`" not in text
        return re.sub(r"(?<![\w-])-(?=\d)", "\N{MINUS SIGN}", text) if signed else text

    lines = [map(cell, line, rules) for line in [header, rules, *rows]]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


@cache
def declared():
    """Return what the files beside the pages say, by the names of the tables."""
    files = [page.with_suffix(".tables.toml") for page in PAGES]
    tables = {}
    for file in filter(lambda file: file.exists(), files):
        tables |= tomllib.loads(file.read_text(encoding="utf-8"))
    return tables


def make_table(name):
    """Return a table, given by its name, in Markdown."""
    about = declared()[name]
    if "of" in about:
        about = declared()[about["of"]] | about
    head, *lines = about["table"].strip().splitlines()
    header = cells_of(head)
    header[0] = about.get("first", header[0])
    left = [name[1:] for name in header if name.startswith("<")]
    header = [name.removeprefix("<") for name in header]
    options = {key: about[key] for key in ("only", "names", "sort", "most") if key in about}
    rows, cells = find_rows(about["rows"], **options) if "rows" in about else [], []
    for of_rows, group in groupby(lines, about_rows):
        group = list(group)
        cells += [cells_of(line, row) for row in (rows if of_rows else [None]) for line in group]
    return markdown(header, cells, header if about.get("left") else left)
