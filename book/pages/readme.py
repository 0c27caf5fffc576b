"""Machinery of the book: bring tables and numbers of the pages in line with the results.

    python book/pages/readme.py

Between `<!-- table: NAME -->` and `<!-- end of table -->` a page holds the table that the
package tables makes of the files in assets/results/. A number in its text is
followed by the result that it was taken from and by the way it is written, as in
`98.3 %<!-- mnist_60.models.conv_net.test.accuracy .1% -->`; `a / b` in place of a result is
the ratio of two, and `.1pp` writes a share as points of a hundred. A key that is no word stands in
quotes: `gpt_sums.ways.'all weights'.right`; behind a list, min and max are its ends. In place of a
result there may be a constant of a script, `mnist/mnist.py:BATCH_SIZE`. A test holds every page to
what this script makes of it.
"""

from chapter import ROOT

import ast
import re
from functools import cache

from book.pages.tables import TABLES
from book.pages.texts import PAGES
from utils.runs import load_results

ENDS = {"min": min, "max": max}

TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
KEY = r"\w+|\*|'[^']+'"  # of results: a word, * for all, or anything in quotes
PATH = rf"\w+(?:\.(?:{KEY}))+"
VALUE = rf"{PATH}|[\w/]+\.py:\w+"
NUMBER = re.compile(rf"([-\d.,]+(?: %)?|\?)<!--\s+({VALUE})(?:\s/\s({VALUE}))?\s(\S+)\s-->")


load = cache(load_results)


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
    """Return the value at a path such as mnist_60.models.conv_net.parameters.

    load: gives a result by its name. A constant of a script is named as FILE:NAME.
    """
    if ":" in path:
        return constant(*path.split(":"))
    name, *keys = (key.strip("'") for key in re.findall(KEY, path))
    return select(load(name), keys)


def bring_up_to_date(text):
    """Return the text of a page with every table and every number made anew of the results."""

    def number(match):
        _, path, divisor, form = match.groups()
        value = look_up(path)
        if divisor:
            value /= look_up(divisor)
        points = form.endswith("pp")
        written = f"{100 * value:{form[:-2]}f}" if points else f"{value:{form}}".replace("%", " %")
        return match[0].replace(match[1], written, 1)

    text = TABLE.sub(lambda match: match[1] + TABLES[match[2]]() + match[3], text)
    return NUMBER.sub(number, text)


def main():
    for path in PAGES:
        old = path.read_text(encoding="utf-8")
        new = bring_up_to_date(old)
        if new != old:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)} is brought up to date")


if __name__ == "__main__":
    main()
