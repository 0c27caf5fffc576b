"""Machinery of the book: how long each chapter is, outside of folds, tables, code and quiz keys.

A chapter of the path is one sitting.
"""

import re

from utils.runs import ROOT

WORDS_PER_MINUTE = 200
MOST = 4_000  # words of a chapter on the path
# A row of the tables of chapters on the front page: number (on the path), file, minutes to read.
ROW = re.compile(
    r"^\| (\d+\. )?\[[^\]]+\]\(([^)#]+)[^)]*\) \|.*\| (\d+) \| [^|]+ \|$", re.MULTILINE
)
LEFT_OUT = re.compile(
    r"<details>.*?</details>"  # folds
    r"|^```.*?^```"  # code
    r"|^\|.*?$"  # tables
    r"|<!--.*?-->"
    r"|^\[[^\]]*\]:.*?$",  # the targets of links
    re.DOTALL | re.MULTILINE,
)


def count_words(text):
    """Return how many words of a Markdown text a reader reads who unfolds nothing."""
    return len(re.sub(r"\]\([^)]*\)", "", LEFT_OUT.sub("", text)).split())


def chapters():
    """Return for each chapter of the front page: its README, whether on the path, its minutes."""
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    return [
        (ROOT / file, bool(number), int(minutes)) for number, file, minutes in ROW.findall(front)
    ]
