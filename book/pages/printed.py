"""Machinery of the book: blocks that show what a command has printed.

Before such a block stands `<!-- printed: NAME -->`; measure.py keeps in the result NAME what its
command printed. The lines of the block are some of these, in their order. Only `...` and the name
of a run's folder are the page's own.
"""

import re
from difflib import SequenceMatcher

from book.pages.texts import PAGES
from utils.files import load_results

PRINTED = re.compile(r"(<!-- printed: (\w+) -->\n```text\n)(.*?)(?=^```)", re.MULTILINE | re.DOTALL)
FOLDER = re.compile(r"(?<=^In )\S+(?=: )")  # of a run, whose files follow
NUMBER = re.compile(r"[-+]?\d[\d,.]*(?:e[-+]?\d+)?")


def is_shown(name):
    """Tell whether a page shows what the command of this result printed."""
    names = (one[1] for page in PAGES for one in PRINTED.findall(page.read_text("utf-8")))
    return name in names


def shape(line):
    """Return a line without what changes if its numbers do, also from ms to µs of Keras."""
    plain = NUMBER.sub("0", FOLDER.sub("", line)).replace("us/step", "ms/step")
    return " ".join(plain.split())


def print_anew(text):
    """Return a page in which the blocks show what was printed when their results were measured.

    Raises LookupError if a line of a block is no longer printed, except for its numbers, or if one
    in between is missing; "..." stands for such lines.
    """

    def block(match):
        printed, shown = load_results(match[2])["provenance"]["printed"], []
        begins = True  # anywhere
        for line in match[3].splitlines():
            if line.strip() == "...":
                shown.append(line)
                begins = True
                continue
            places = enumerate(printed if begins else printed[:1])
            alike = [n for n, one in places if shape(one) == shape(line)]
            if not alike:
                raise LookupError(f"{match[2]} does not print, or not there: {line}")
            best = max(alike, key=lambda n: SequenceMatcher(None, printed[n], line).ratio())
            folder = FOLDER.search(line)
            shown.append(FOLDER.sub(folder[0], printed[best]) if folder else printed[best])
            printed, begins = printed[best + 1 :], False
        return match[1] + "".join(f"{line}\n" for line in shown)

    return PRINTED.sub(block, text)
