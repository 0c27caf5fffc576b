"""Machinery of the book: bring tables, numbers, minutes and contents of the pages up to date.

    python book/pages/readme.py

Between `<!-- table: NAME -->` and `<!-- end of table -->` a page holds the table that tables.py
makes of the files in assets/results/. A number in its text is followed by the result that it was
taken from and by the way it is written, as in
`98.3 %<!-- mnist_60.models.conv_net.test.accuracy .1% -->`; `a / b` in place of a result is
the ratio of two, and `.1pp` writes a share as points of a hundred. results.py says how to name what
lies in a result. After `<!-- printed: NAME -->` stands what a command printed: printed.py.

The minutes to read are counted, as texts.py says: at the head of each chapter, in the tables of the
front page, and in the plan for a class. CONTENTS.md lists the sections of the pages that it names.
A test holds every page to what this script makes of it.
"""

from chapter import ROOT

import re
import textwrap
from functools import partial

from book.pages.computed_tables import TABLES
from book.pages.printed import print_anew
from book.pages.results import KEY, look_up
from book.pages.tables import make_table, written
from book.pages.texts import CHAPTER, FENCE, PAGES, chapters, minutes
from utils.runs import fail, first_line

TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
VALUE = rf"\w+(?:\.(?:{KEY}))+|[\w/]+\.py:\w+"
NUMBER = re.compile(
    rf"([-\d.,]+(?:e[-+]\d+)?(?: %)?|\?)<!--\s+({VALUE})(?:\s/\s({VALUE}))?\s(\S+)\s-->"
)

HEAD = re.compile(
    r"^- \*\*Minutes\*\*: \d+ to read(?:, \d+ with\s[a-z\s,]+\squestions)?(.*(?:\n  .*)*)", re.M
)
HOURS = re.compile(r"\d+ to \d+(?=\s+hours\s+of\s+reading)")
# A row of the plan for a class: what is read before a lesson, and the minutes of that.
LESSON = re.compile(r"^(\| \d+ \| [^|]+ \| (\[[^|]+) \|) [\d to]+ \|", re.MULTILINE)
READ = re.compile(r"\]\(\.\./([\w/]+\.md)\)(?:, without \[(.+?)\])?")
# Of the contents: a page, and its sections.
LISTED = re.compile(r"^(- \*\*\[.+\]\((.+\.md)\)\*\*\n)(?: .+\n)*", re.MULTILINE)
SECTION = re.compile(r'(?:<a id="([\w-]+)"></a>\n\n)?^## (?!Summary$|Quiz$)(.+)$', re.MULTILINE)


def to_read(*pages):
    """Return "19 to 34": the minutes for the open text of these, and for all. pages: of texts."""
    both = zip(*map(minutes, pages), strict=True)
    return " to ".join(f"{sum(one):.0f}" for one in both)


def read(file, left_out=""):
    """Return the text of a page, given from the project's folder, without the section so headed."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return (
        re.sub(rf"^## {left_out}\n.*?(?=^## )", "", text, flags=re.M | re.S) if left_out else text
    )


def count_minutes(text):
    """Return a page with the minutes that it, or what it lists, takes to read."""

    def head(match):
        least, most = to_read(text).split(" to ")
        line = f"- **Minutes**: {least} to read, {most} with code, folds and questions{match[1]}"
        words = " ".join(line.split())
        return textwrap.fill(words, 100, subsequent_indent="  ", break_on_hyphens=False)

    def row(match):
        return match[0].replace(f" {match[4]} |", f" {to_read(read(match[3]))} |")

    def lesson(match):
        return f"{match[1]} {to_read(*(read(*one) for one in READ.findall(match[2])))} |"

    def hours(_):
        path = (read(file) for number, _, file, _ in chapters() if number)
        return " to ".join(f"{int(one) / 60:.0f}" for one in to_read(*path).split(" to "))

    for pattern, new in ((HEAD, head), (CHAPTER, row), (LESSON, lesson), (HOURS, hours)):
        text = pattern.sub(new, text)
    return text


def list_sections(text):
    """Return the contents with the sections of each page that they name."""

    def listed(match):
        lines = match[1]
        for anchor, title in SECTION.findall(FENCE.sub("", read(match[2]))):
            anchor = anchor or re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            lines += f"  - [{title}]({match[2]}#{anchor})\n"
        return lines

    return LISTED.sub(listed, text)


def bring_up_to_date(text):
    """Return the text of a page with tables, numbers, minutes and contents made anew."""

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
    return print_anew(list_sections(count_minutes(NUMBER.sub(number, text))))


def main():
    wrong = []
    for path in PAGES:
        old = path.read_text(encoding="utf-8")
        try:
            new = bring_up_to_date(old)
        except LookupError as error:
            wrong.append(f"{path.relative_to(ROOT)}: {first_line(error)}")
            continue
        if new != old:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)} is brought up to date")
    if wrong:
        fail("not brought up to date: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
