"""Machinery of the book and of its tests: its pages, and what they quote from scripts."""

import re
from textwrap import indent

from utils.runs import ROOT

# The answers, and what gives them away. Whatever is made of the book leaves them out: the edition
# for the browser, from which the PDF is printed, the notebooks, and the copy for students.
KEYS = {
    "teaching/keys", "teaching/EXAM.md", "teaching/exam.py", "teaching/exam_numbers.py",
    "book/figures/curves.py",  # names the curves
    "exercises/solutions", "exercises/faults", "exercises/mutants.py", "tests",
    "assets/results/exercises.json",  # with wrong solutions, a step from right
}  # fmt: skip
# The front page, those of the chapters, and those of their parts.
READMES = [ROOT / "README.md"]
for pattern in ("[a-z]*/README.md", "[a-z]*/[a-z]*/README.md"):
    READMES += sorted(ROOT.glob(pattern))
# And the pages that are no chapters, but CONTRIBUTING.md, in which such comments are examples.
OTHERS = {*ROOT.glob("*.md"), *ROOT.glob("book/*.md"), *ROOT.glob("teaching/**/*.md")}
PAGES = [*READMES, *sorted(OTHERS - {READMES[0], ROOT / "CONTRIBUTING.md"})]
# A block of code: its indentation, its language, and what is in it.
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1``` *$", re.MULTILINE | re.DOTALL)

# What a reader does not read who unfolds nothing: folds, code, tables, the targets of links.
UNREAD = re.compile(
    r"<details>.*?</details>|^```.*?^```|^\|.*?$|<!--.*?-->|^\[[^\]]*\]:.*?$|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
# What is no word to anybody: comments, the targets of links, the line below the head of a table.
MARKS = re.compile(
    r"<!--.*?-->|^\[[^\]]*\]:.*?$|\]\([^)]*\)|^\|[-: |]+$|</?\w[^>]*>", re.DOTALL | re.MULTILINE
)
A_MINUTE, A_LINE = 200, 4  # words; seconds for a line of code
# A row of a table of chapters on the front page: number, if on the path, title, file, minutes.
CHAPTER = re.compile(
    r"^\| (\d+\. )?\[([^\]]+)\]\(([\w/]+README\.md)[^)]*\) \|.*\| (\d+ to \d+) \| [^|]+ \|$",
    re.MULTILINE,
)


def chapters():
    """Return for each chapter its number or "", its title, its file, and its minutes to read."""
    return CHAPTER.findall(READMES[0].read_text(encoding="utf-8"))


def minutes(text):
    """Return how long a page takes to read: open text and tables alone, and with all the rest.

    The rest is code, folds, and with them the answers of a quiz.
    """

    def words(part):
        return sum(any(map(str.isalnum, word)) for word in MARKS.sub("", part).split())

    lines = sum(code.count("\n") for _, _, code in FENCE.findall(text))
    whole = FENCE.sub("", text)
    opened = re.sub(r"<details>.*?</details>", "", whole, flags=re.DOTALL)
    return words(opened) / A_MINUTE, words(whole) / A_MINUTE + lines * A_LINE / 60


def is_key(path):
    """Tell whether a path, from the project's folder, is among the answers."""
    return any(path.is_relative_to(key) for key in KEYS)


def find(suffix):
    """Return the files of the book that end so, as paths from the project's folder."""
    places = ["", "[a-z]*/", "[a-z]*/[a-z]*/", "[a-z]*/[a-z]*/[a-z]*/"]
    found = {path.relative_to(ROOT) for place in places for path in ROOT.glob(f"{place}*{suffix}")}
    return sorted(path for path in found if "outputs" not in path.parts and not is_key(path))


def is_quoted(code):
    """Tell whether code is a piece of the script that its first line names: # mlp/evaluation.py."""
    name, _, piece = code.partition("\n")
    path = ROOT / name.removeprefix("# ")
    return path.suffix == ".py" and path.is_file() and holds(path.read_text("utf-8"), piece)


def holds(script, code):
    """Tell whether the code's lines stand in the script, one after the other, equally indented."""
    return any(f"\n{indent(code.rstrip(), ' ' * n)}\n" in f"\n{script}\n" for n in (0, 4, 8, 12))
