"""Machinery of the book: bring the tables and numbers of README.md in line with the results.

    python book/readme.py

Between `<!-- table: NAME -->` and `<!-- end of table -->` the README holds the table that the
module tables makes of the files in assets/results/. A number in its text is
followed by the result that it was taken from and by the way it is written, as in
`98.3 %<!-- mnist_60.models.conv_net.test.accuracy .1% -->`; `a / b` in place of a result is
the ratio of two. A test holds the README to what this script makes of it.
"""

import re
from pathlib import Path

from tables import TABLES, load

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"

TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
PATH = r"\w+(?:\.\w+)+"
NUMBER = re.compile(rf"([-\d.,]+(?: %)?|\?)<!-- ({PATH})(?: / ({PATH}))? (\S+) -->")


def look_up(path):
    """Return the value at a path such as mnist_60.models.conv_net.parameters."""
    name, *keys = path.split(".")
    value = load(name)
    for key in keys:
        value = value[int(key) if isinstance(value, list) else key]
    return value


def bring_up_to_date(text):
    """Return the README's text with every table and every number made anew of the results."""

    def number(match):
        _, path, divisor, form = match.groups()
        value = look_up(path)
        if divisor:
            value /= look_up(divisor)
        written = f"{value:{form}}".replace("%", " %")
        return match[0].replace(match[1], written, 1)

    text = TABLE.sub(lambda match: match[1] + TABLES[match[2]]() + match[3], text)
    return NUMBER.sub(number, text)


if __name__ == "__main__":
    README.write_text(bring_up_to_date(README.read_text(encoding="utf-8")), encoding="utf-8")
