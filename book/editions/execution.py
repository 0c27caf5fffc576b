"""Machinery of the notebooks: to run one, and to see what it did not print.

`book/editions/notebooks.py --execute` runs them.
"""

from chapter import ROOT

import re
import time

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell

from book.editions.fixed_cells import STRICT
from utils.runs import first_line

COLOUR = re.compile(r"\x1b\[[\d;]*m")  # of what a command prints, as in the summary of a model


def not_printed(cell):
    """Return the lines that the README shows below a cell that ran, and that it did not print."""
    texts = [
        one.get("text") or one.get("data", {}).get("text/plain", "")
        for one in cell.get("outputs", [])
    ]
    printed = {line.strip() for line in COLOUR.sub("", "".join(texts)).splitlines()} | {"", "..."}
    shown = [line.strip() for line in cell.metadata.get("shown", "").splitlines()]
    return [line for line in shown if cell.get("execution_count") and line not in printed]


def execute(notebook):
    """Run all cells.

    Returns the seconds, what went wrong in one line (None if nothing did), and the lines that the
    README shows below a cell and that it did not print. Exercises that a cell writes are restored.
    """
    start, wrong = time.perf_counter(), None
    written = {path: path.read_bytes() for path in (ROOT / "exercises" / "tasks").glob("*.py")}
    first = next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, new_code_cell(STRICT, id="strict"))
    try:
        NotebookClient(
            notebook,
            timeout=7200,
            kernel_name="python3",
            coalesce_streams=True,
            resources={"metadata": {"path": str(ROOT)}},
        ).execute()
    except CellExecutionError as error:
        wrong = f"{error.ename}: {first_line(error.evalue)}"
    except (CellTimeoutError, DeadKernelError) as error:
        wrong = first_line(error)
    finally:
        for path, source in written.items():
            path.write_bytes(source)
    del notebook.cells[first + 1]
    other = [line for cell in notebook.cells for line in not_printed(cell)]
    return {"seconds": round(time.perf_counter() - start, 1), "wrong": wrong, "not_printed": other}
