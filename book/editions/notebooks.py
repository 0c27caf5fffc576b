"""Machinery of the book: one notebook for each chapter, made from its README.

    pip install -r book/requirements.txt
    python book/editions/notebooks.py  # all of them, in seconds
    python book/editions/notebooks.py --execute xor basics  # and run some, which takes minutes

The blocks that run become cells of code. A command becomes such cells, too: after the comment
`in a notebook: cells` those of script_cells.py, else one with a ! in front. One that took more than
five minutes when it was measured is commented out. Blocks that only quote a script stay text, folds
stay folds, and figures are inside. The notebooks are never edited: change the README and make them
again. An execution stops at the first cell, or the first command, that fails, and counts as wrong
if something was printed in red.
"""

from chapter import OUTPUTS, ROOT

import functools
import re
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book.editions.fixed_cells import (
    FIRST,
    FOLDED,
    LONG,
    PUT_YOURS,
    STRICT,
    USE,
    badge,
    front_page,
    start_cell,
)
from book.editions.notebook_texts import cut, prepare_text
from book.editions.script_cells import cells_of_command
from book.pages.texts import FENCE, find, is_quoted
from book.pages.texts import chapters as listed_chapters
from utils.options import make_parser
from utils.runs import RESULTS, fail, first_line, make_folder, read_json, save_results

SKIPPED = re.compile(r"<!-- not run(?! alone): (?:(?!-->).)*-->\s*$", re.DOTALL)
# What a block of code goes into, if not only the notebook runs it.
FILE = re.compile(r"<!-- in a notebook: (\S+) -->\s*$")
CELLS = "cells"  # in its place: the command becomes cells of Python
MOST = 5  # minutes of a command that *Run all* runs
# What names something of the reader's, such as a RUN. (A GRU is a network.)
YOURS = re.compile(r"mine\.|\d{4}-\d\d-\d\d_|\b(?!GRU\b)[A-Z_]{3,}\b")
DEFINITION = re.compile(r"^\[([^]\n]+)\]: .+\n?", re.MULTILINE)
# What the chapters link to, as notebooks of text alone: Jupyter shows a .md as its source.
LOOKED_UP = ["README", "CONTENTS", "GLOSSARY", "CHEATSHEET", "TROUBLESHOOTING"]
LOOKED_UP = [Path(f"{name}.md") for name in (*LOOKED_UP, "HOW_THIS_BOOK_KNOWS")]
# The title of a chapter, and the list of what one will learn.
OPENING = re.compile(r".*?^- .*?\n\n", re.MULTILINE | re.DOTALL)
# What stands before something of the book that follows a cell; the reader's own stands above it.
OURS = {
    "```text": "Our run printed:",
    "<!-- printed: ": "Our run printed:",
    "<!-- table: ": "We measured:",
    "![": "Our figure:",
}


def chapters():
    """Return the READMEs of the chapters by the names of their notebooks."""
    readmes = [path for path in find("README.md") if path != Path("README.md")]
    return {"_".join(path.parent.parts): path for path in readmes}


def notebook_names():
    """Return the names of all notebooks by their pages."""
    of_chapters = {path: name for name, path in chapters().items()}
    return of_chapters | {path: path.stem for path in LOOKED_UP}


@functools.cache
def measured_minutes():
    """Return how many minutes each command took that was measured."""
    runs = [read_json(path).get("provenance", {}) for path in RESULTS.glob("*.json")]
    return {run["command"]: run["seconds"] / 60 for run in runs if "seconds" in run}


def cells_of(block, before):
    """Return the sources of the cells for a fenced block, none if the block is text."""
    indent, language, code = block.groups()
    folded = before.count("<details") > before.count("</details")
    if indent or folded or SKIPPED.search(before):
        return []
    if language == "python" and not is_quoted(code):
        file = FILE.search(before)
        return [(f"%%end_of_file {file[1]}\n" if file else "") + code.rstrip()]
    if language == "shell":
        to_cells = (file := FILE.search(before)) and file[1] == CELLS
        lines = [" ".join(line.split()) for line in code.replace("\\\n", " ").rstrip().split("\n")]
        if all(line.startswith("python ") for line in lines):
            if to_cells:
                return [cell for line in lines for cell in cells_of_command(line)]
            # On Windows, a comment would be an argument.
            lines = [re.sub(r" # .*", "", line) for line in lines]
            if YOURS.search(re.sub(r'"[^"]*"', "", code)):
                return [f"{PUT_YOURS}\n#!{line}" for line in lines]
            takes = [measured_minutes().get(line, 0) for line in lines]
            long = [f"{LONG.format(minutes)}\n#" if minutes > MOST else "" for minutes in takes]
            return [f"{before}!{line}" for before, line in zip(long, lines, strict=True)]
    return []


def make_notebook(readme, names, folder, repository=None):
    """Return the notebook of a chapter for a folder; repository: what git clones, an address."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    # Each cell is a page of its own, and needs the addresses of the links that it uses.
    links = {" ".join(one[1].lower().split()): one[0] for one in DEFINITION.finditer(text)}
    text = DEFINITION.sub("", text)

    def text_cells(text):
        return map(text_cell, cut(text))

    def text_cell(part):
        said = " ".join(part.lower().split())
        used = [line for label, line in links.items() if f"[{label}]" in said]
        part = "".join([part.strip(), "\n\n", *used]).strip()
        return new_markdown_cell(prepare_text(part, readme, names, folder, repository))

    cells, done, said, blocks = [], 0, "", []
    if readme not in LOOKED_UP:  # which are text alone
        title = OPENING.match(text)[0]
        first = f"{title.strip()}\n\n{badge(repository, names[readme])}\n\n{FIRST}"
        start = start_cell(repository, readme.parent.as_posix())
        cells = [text_cell(first), new_code_cell(start, metadata=FOLDED)]
        done, blocks = len(title), FENCE.finditer(text)
    for block in blocks:
        sources = cells_of(block, text[: block.start()])
        if sources:
            cells += text_cells(said + text[done : block.start()].lstrip())
            cells += map(new_code_cell, sources)
            done, rest = block.end(), text[block.end() :].lstrip()
            ours = next((ours for start, ours in OURS.items() if rest.startswith(start)), None)
            if ours and sources[-1].startswith("# As "):  # which has no last line of a command
                ours = ours.replace("Our run", "Our run of the command")
            said = f"{ours}\n\n" if ours else ""
    cells += text_cells(said + text[done:].lstrip())
    cells += [new_markdown_cell(USE)] if blocks else []
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same each time
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def execute(notebook):
    """Run all cells; return the seconds, and what went wrong in one line, None if nothing did.

    Exercises that a cell writes are restored.
    """
    start, wrong = time.perf_counter(), None
    written = {path: path.read_bytes() for path in (ROOT / "exercises" / "tasks").glob("*.py")}
    first = next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, new_code_cell(STRICT, id="strict"))
    options = {"timeout": 7200, "kernel_name": "python3", "coalesce_streams": True}
    try:
        NotebookClient(notebook, resources={"metadata": {"path": str(ROOT)}}, **options).execute()
    except CellExecutionError as error:
        wrong = f"{error.ename}: {first_line(error.evalue)}"
    except (CellTimeoutError, DeadKernelError) as error:
        wrong = first_line(error)
    finally:
        for path, source in written.items():
            path.write_bytes(source)
    del notebook.cells[first + 1]
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    red = [out.text for out in outputs if out.get("name") == "stderr"]
    wrong = wrong or (f"in red: {first_line(red[0])}" if red else None)
    return {"seconds": round(time.perf_counter() - start, 1), "wrong": wrong}


def main(argv=None):
    parser = make_parser("Make notebooks of the chapters.", OUTPUTS)
    readmes = chapters()
    about = "chapters whose notebooks are run"
    parser.add_argument("--execute", nargs="+", choices=readmes, default=[], help=about)
    about = "address from which the first cell clones the project; at GitHub, also for Colab"
    parser.add_argument("--repository", help=about)
    args = parser.parse_args(argv)
    folder, names = make_folder(args.outputs).resolve(), notebook_names()
    for page in LOOKED_UP:
        looked_up = make_notebook(page, names, folder, args.repository)
        nbformat.write(looked_up, folder / f"{names[page]}.ipynb")
    if badge(args.repository, "README"):
        listed = [(names[Path(page)], title) for _, title, page, _ in listed_chapters()]
        page = front_page(args.repository, dict(listed))
        (folder / "README.md").write_text(page, encoding="utf-8")
    executed = {}
    for name, readme in readmes.items():
        notebook = make_notebook(readme, names, folder, args.repository)
        nbformat.validate(notebook)
        if name in args.execute:
            executed[name] = execute(notebook)
            print(f"{name:24}{executed[name]['seconds']:6.0f} s", executed[name]["wrong"] or "ran")
        nbformat.write(notebook, folder / f"{name}.ipynb")
    print(f"{len(list(folder.glob('*.ipynb')))} notebooks")
    results = save_results({"executed": executed}, folder, __file__, argv)
    if any(one["wrong"] for one in executed.values()):
        fail("not all notebooks ran to their end")
    return results


if __name__ == "__main__":
    main()
