"""Machinery of the book: how long each chapter is, outside of folds, tables, code and quiz keys.

    python book/pages/words.py

Prints words and minutes for each README. A chapter of the path is one sitting: at most 4,000 words.
"""

from chapter import ROOT

import re

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


def main():
    total = 0
    for path, on_path, _ in chapters():
        words = count_words(path.read_text(encoding="utf-8"))
        total += words * on_path
        minutes = round(words / WORDS_PER_MINUTE)
        print(
            f"{words:7,}{minutes:5} minutes  {path.relative_to(ROOT)}{'' if on_path else ', off'}"
        )
    print(f"{total:7,}{round(total / WORDS_PER_MINUTE):5} minutes on the path")


if __name__ == "__main__":
    main()
