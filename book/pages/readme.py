"""Machinery of the book: bring tables and numbers of the pages in line with the results.

    python book/pages/readme.py

Between `<!-- table: NAME -->` and `<!-- end of table -->` a page holds the table that tables.py
makes of the files in assets/results/. A number in its text is followed by the result that it was
taken from and by the way it is written, as in
`98.3 %<!-- mnist_60.models.conv_net.test.accuracy .1% -->`; `a / b` in place of a result is
the ratio of two, and `.1pp` writes a share as points of a hundred. results.py says how to name what
lies in a result. A test holds every page to what this script makes of it.
"""

from chapter import ROOT

import re
from functools import partial

from book.pages.computed_tables import TABLES
from book.pages.results import KEY, look_up
from book.pages.tables import make_table, written
from book.pages.texts import PAGES

TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
VALUE = rf"\w+(?:\.(?:{KEY}))+|[\w/]+\.py:\w+"
NUMBER = re.compile(rf"([-\d.,]+(?: %)?|\?)<!--\s+({VALUE})(?:\s/\s({VALUE}))?\s(\S+)\s-->")


def bring_up_to_date(text):
    """Return the text of a page with every table and every number made anew of the results."""

    def number(match):
        _, path, divisor, form = match.groups()
        value = look_up(path)
        if divisor:
            value /= look_up(divisor)
        return match[0].replace(
            match[1], written(value, form).replace("\N{NO-BREAK SPACE}", " "), 1
        )

    def table(match):
        make = TABLES.get(match[2], partial(make_table, match[2]))
        return match[1] + make() + match[3]

    text = TABLE.sub(table, text)
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
