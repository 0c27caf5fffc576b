"""Machinery of notebooks.py: what becomes of the text of a README."""

import base64
import itertools
import os
import re
from pathlib import Path

from book.pages.texts import FENCE
from utils.runs import ROOT

# Where a cell of text is cut: at these, and so that it has no more words than these if it can be.
CUT, MOST = re.compile(r"(?:<a id=\S+</a>\s+)?#{2,3} "), 600
WHOLE = re.compile(r"<details>.*?</details>", re.DOTALL)
COMMENT = re.compile(r"^<!-- .*? -->\n|<!-- .*? -->", re.DOTALL | re.MULTILINE)
IMAGE = re.compile(r"(!\[[^\]]*\]\()([^)]+\.png)(\))")
LINK = re.compile(
    r'(\]\(|^\[[^]\n]+\]: |href=")(?!https?:|#|data:)([^)#"\s]+)(#[^)"\s]*)?', re.MULTILINE
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prepare_text(text, readme, names, folder, repository):
    """Return a text of a README for a notebook in the folder: comments out, figures inside."""
    here = (ROOT / readme).parent

    def attach(match):
        data = base64.b64encode((here / match[2]).read_bytes()).decode()
        return f"{match[1]}data:image/png;base64,{data}{match[3]}"

    def relink(match):
        path = (here / match[2]).resolve()
        if name := names.get(path.relative_to(ROOT)):
            return f"{match[1]}{name}.ipynb{match[3] or ''}"
        target = Path(os.path.relpath(path, folder)).as_posix()
        if repository:
            target = f"{repository}/blob/HEAD/{path.relative_to(ROOT).as_posix()}"
        return f"{match[1]}{target}{match[3] or ''}"

    def anchor(match):
        """Jupyter calls the section "Is it fair?" #Is-it-fair?, the links have #is-it-fair."""
        title = re.sub(r"\]\([^)]*\)", "", match[1]).strip().lower()
        name = re.sub(r"[^\w -]", "", title).replace(" ", "-")
        return f'<a id="{name}"></a>\n\n{match[0]}'

    def change(prose):
        prose = HEADING.sub(anchor, prose)
        prose = LINK.sub(relink, IMAGE.sub(attach, COMMENT.sub("", prose)))
        prose = re.sub(r"\bPaste it into [^.;]+", "Run the next cell", prose)
        return re.sub(r"\$`(.+?)`\$", r"$\1$", prose, flags=re.DOTALL)  # GitHub's formulas

    parts, done = [], 0
    for block in FENCE.finditer(text):  # what is within stays as it is
        formula = block[2] == "math"
        parts += [change(text[done : block.start()])]
        parts += [f"$$\n{block[3]}$$" if formula else block[0]]
        done = block.end()
    return "".join([*parts, change(text[done:])])


def cut(text):
    """Return the pieces of a text: a new one at each heading, and where one would be too long.

    Blocks of code and folds stay whole.
    """
    whole = [one.span() for kind in (FENCE, WHOLE) for one in kind.finditer(text)]
    gaps = [gap for gap in re.finditer(r"\n\n+", text) if not within(gap.start(), whole)]
    places = [0, *(gap.end() for gap in gaps), len(text)]
    pieces = [""]
    for begin, end in itertools.pairwise(places):
        long = len((pieces[-1] + text[begin:end]).split()) > MOST
        anchor = re.fullmatch(r"<a id=\S+</a>\s+", pieces[-1])  # belongs to the heading below
        pieces += [""] * ((bool(CUT.match(text, begin)) or long) and not anchor)
        pieces[-1] += text[begin:end]
    return [piece for piece in pieces if piece.strip()]


def within(place, spans):
    return any(begin < place < end for begin, end in spans)
