"""Machinery of the book and of its tests: its pages, and what they quote from scripts."""

import re
from textwrap import indent

from utils.runs import ROOT

# The front page, those of the chapters, and those of their parts.
READMES = [ROOT / "README.md"]
for pattern in ("[a-z]*/README.md", "[a-z]*/[a-z]*/README.md"):
    READMES += sorted(ROOT.glob(pattern))
# And the pages that are no chapters, but CONTRIBUTING.md, in which such comments are examples.
OTHERS = {*ROOT.glob("*.md"), *ROOT.glob("book/*.md"), *ROOT.glob("book/keys/*.md")}
PAGES = [*READMES, *sorted(OTHERS - {READMES[0], ROOT / "CONTRIBUTING.md"})]
# A block of code: its indentation, its language, and what is in it.
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1``` *$", re.MULTILINE | re.DOTALL)


def is_quoted(code, readme):
    """Tell whether a script of the README's chapter, or of utils/, holds this code."""
    chapter = ROOT / readme.relative_to(ROOT).parts[0]
    if not chapter.is_dir():  # the front page and the pages beside it
        return False
    scripts = [*chapter.rglob("*.py"), *(ROOT / "utils").glob("*.py")]
    return any(holds(script.read_text(encoding="utf-8"), code) for script in scripts)


def holds(script, code):
    """Tell whether the code's lines stand in the script, one after the other, equally indented."""
    return any(f"\n{indent(code.rstrip(), ' ' * n)}\n" in f"\n{script}\n" for n in (0, 4, 8, 12))
