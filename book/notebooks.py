"""Machinery of the book: one notebook for each chapter, made from its README.

    pip install -r book/requirements.txt
    python book/notebooks.py                          # all of them, in seconds
    python book/notebooks.py --execute xor basics     # and run some, which takes their minutes
    # Stopped? The same command goes on with the chapters that have not yet run to their end.
    python book/notebooks.py --execute all --outputs FOLDER

The blocks that run become cells of code, the commands such cells, too, with a ! in front; blocks
that only quote a script stay text, and folds stay folds. The figures are inside. The notebooks are
never edited: change the README and make them again. An execution stops at the first cell, or the
first command, that fails, and lists the lines that the README shows and the cells did not print.
"""

from chapter import OUTPUTS, ROOT

import base64
import os
import re
import time
from itertools import pairwise
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from edition import FENCE, find
from quotes import is_quoted
from utils.options import make_parser
from utils.runs import fail, first_line, make_folder, read_json, save_results, write_json

SKIPPED = re.compile(r"<!-- not run: (?:(?!-->).)*-->\s*$", re.DOTALL)
# A command that serves until it is stopped, or that names something of the reader's.
OWN = re.compile(r"app\.py|think\.py|client\.py|mine\.|\d{4}-\d\d-\d\d_|\b[A-Z_]{3,}\b")
COMMENT = re.compile(r"^<!-- .*? -->\n|<!-- .*? -->", re.DOTALL | re.MULTILINE)
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+\.png)\)")
LINK = re.compile(r"(?<!!)\]\((?!https?:|#|attachment:)([^)#]+)(#[^)]*)?\)")
START = """\
# Run this cell first. It finds the project, or gets it, and installs what is missing.
import importlib.util
import os
import sys
from pathlib import Path

here = Path.cwd()
folders = [here, *here.parents, here / "keras-tutorial", Path({project!r})]
project = next((path for path in folders if (path / "requirements-student.txt").exists()), None)
if project is None:
    !git clone {repository} keras-tutorial
    project = here / "keras-tutorial"
os.chdir(project)
if not importlib.util.find_spec("optuna"):
    !{{sys.executable}} -m pip install --quiet --requirement requirements-student.txt
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
"""
# Jupyter goes on after a command that failed; what is executed here shall not. The exercises are
# not done yet, which check.py says with status 1.
STRICT = """\
def checked(command, run=get_ipython().system):
    run(command)
    status = get_ipython().user_ns["_exit_code"]
    if status and not (status == 1 and "exercises/check.py" in command):
        raise RuntimeError(f"status {status}: {command}")

get_ipython().system = checked
"""


def chapters():
    """Return the READMEs of the chapters by the names of their notebooks."""
    readmes = [path for path in find("README.md") if path != Path("README.md")]
    return {"_".join(path.parent.parts): path for path in readmes}


def text_cell(text, readme, names, folder):
    """Return a cell of text: comments left out, figures inside, links that lead from the folder."""
    here, attachments = (ROOT / readme).parent, {}

    def attach(match):
        path = (here / match[2]).resolve()
        data = base64.b64encode(path.read_bytes()).decode()
        attachments[path.name] = {"image/png": data}
        return f"![{match[1]}](attachment:{path.name})"

    def relink(match):
        path = (here / match[1]).resolve()
        if path.name == "README.md" and path.parent != ROOT:
            return f"]({names[path.relative_to(ROOT)]}.ipynb)"
        return f"]({Path(os.path.relpath(path, folder)).as_posix()}{match[2] or ''})"

    text = LINK.sub(relink, IMAGE.sub(attach, COMMENT.sub("", text))).strip()
    text = re.sub(r"\$`(.+?)`\$", r"$\1$", text, flags=re.DOTALL)  # GitHub's formulas
    text = re.sub(r"^```math\n(.*?)^```", r"$$\n\1$$", text, flags=re.DOTALL | re.MULTILINE)
    return new_markdown_cell(text, **({"attachments": attachments} if attachments else {}))


def code_of(block, before, readme):
    """Return the source of a cell for a fenced block, None if the block is text."""
    indent, language, code = block.groups()
    folded = before.count("<details") > before.count("</details")
    if indent or folded or SKIPPED.search(before):
        return None
    if language == "python" and not is_quoted(code, ROOT / readme, ROOT):
        return code.rstrip()
    if language == "shell":
        lines = code.replace("\\\n", " ").rstrip().split("\n")
        if all(line.startswith("python ") for line in lines) and not OWN.search(
            re.sub(r'"[^"]*"', "", code)
        ):
            return "\n".join(f"!{' '.join(line.split())}" for line in lines)
    return None


def make_notebook(readme, names, folder, repository):
    """Return the notebook of a chapter."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    start = START.format(project=str(ROOT), repository=repository)
    cells, done = [new_code_cell(start.rstrip())], 0
    blocks = [*FENCE.finditer(text), None]
    for block, after in pairwise(blocks):
        code = code_of(block, text[: block.start()], readme)
        if code:
            cells += [text_cell(text[done : block.start()], readme, names, folder)]
            cells += [new_code_cell(code)]
            done = block.end()
            if after and after[2] == "text" and not text[done : after.start()].strip():
                cells[-1].metadata["shown"] = after[3]
    cells.append(text_cell(text[done:], readme, names, folder))
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same each time
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def not_printed(cell):
    """Return the lines that the README shows below a cell that ran, and that it did not print."""
    texts = [
        one.get("text") or one.get("data", {}).get("text/plain", "")
        for one in cell.get("outputs", [])
    ]
    printed = {line.strip() for line in "".join(texts).splitlines()} | {"", "..."}
    shown = [line.strip() for line in cell.metadata.get("shown", "").splitlines()]
    return [line for line in shown if cell.get("execution_count") and line not in printed]


def execute(notebook):
    """Run all cells.

    Returns the seconds, what went wrong in one line (None if nothing did), and the lines that the
    README shows below a cell and that it did not print.
    """
    start, wrong = time.perf_counter(), None
    notebook.cells.insert(0, new_code_cell(STRICT, id="strict"))
    try:
        NotebookClient(notebook, timeout=7200, kernel_name="python3").execute()
    except CellExecutionError as error:
        wrong = f"{error.ename}: {first_line(error.evalue)}"
    except (CellTimeoutError, DeadKernelError) as error:
        wrong = first_line(error)
    del notebook.cells[0]
    other = [line for cell in notebook.cells for line in not_printed(cell)]
    return {"seconds": time.perf_counter() - start, "wrong": wrong, "not_printed": other}


def main(argv=None):
    parser = make_parser("Make notebooks of the chapters.", OUTPUTS)
    readmes = chapters()
    about = "chapters whose notebooks are run: all, or names such as xor"
    parser.add_argument("--execute", nargs="+", choices=["all", *readmes], default=[], help=about)
    parser.add_argument(
        "--repository", default="URL", help="what git clones if there is no project"
    )
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs).resolve()
    names, kept = {path: name for name, path in readmes.items()}, folder / "results.json"
    executed = read_json(kept)["executed"] if kept.exists() else {}
    executed = {name: one for name, one in executed.items() if not one["wrong"]}
    for name, readme in readmes.items():
        if name in executed:
            continue
        notebook = make_notebook(readme, names, folder, args.repository)
        nbformat.validate(notebook)
        nbformat.write(notebook, folder / f"{name}.ipynb")
        if {"all", name} & set(args.execute):
            executed[name] = one = execute(notebook)
            nbformat.write(notebook, folder / f"{name}.ipynb")
            write_json({"executed": executed}, kept)
            print(f"{name:24}{one['seconds']:6.0f} s  {one['wrong'] or 'ran'}", flush=True)
            for line in one["not_printed"]:
                print(f"    shown, not printed: {line}", flush=True)
    print(f"{len(readmes)} notebooks")
    results = save_results({"executed": executed}, folder, __file__, argv)
    if any(one["wrong"] for one in executed.values()):
        fail("not all notebooks ran to their end")
    return results


if __name__ == "__main__":
    main()
