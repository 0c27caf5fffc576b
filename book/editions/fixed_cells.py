"""Machinery of the notebooks: the cells that are the same in all of them."""

import re

USE = """\
**How to use this notebook.** Run the next cell first, and again after each restart of the kernel;
then one cell after the other, not all at once: some take half an hour. The text above a command
says how long it takes; while it runs, the next cells wait. Where the text says "paste it into
Python", the next cell is that program (leave out `exit()`, which ends the kernel). For a command or
a program that stands in the text, add a cell; a command gets an exclamation mark in front, as in
`!python xor/xor.py --seed 4`. The last line of a run names its folder, such as
`xor/outputs/2026-11-24_16-30-12`. Write it in place of RUN; where a command has `outputs/` before
RUN, write only the last part, such as `2026-11-24_16-30-12`. If you run a command with `--outputs
NAME` again, give it another NAME. To change a script, open it from the list of files, save it, and
run its cell again; if you change a file that a Python cell imports, restart the kernel. The stop
button is Ctrl-C. (On Windows it kills a command at its next line: nothing is evaluated or said, and
the run is the newest folder in the chapter's `outputs/`.) What serves a page or asks questions
needs a terminal: *File > New > Terminal*.
"""
# Opens it in Colab, from the branch of a repository at GitHub that has the notebooks.
COLAB = "https://colab.research.google.com"
BADGE = "[![Open in Colab]({0}/assets/colab-badge.svg)]({0}/github/{1}/blob/notebooks/{2}.ipynb)"
PUT_YOURS = "# Put in your run, or your file, and take the # before the ! away."

START = """\
# Run this cell first. It finds the project{gets}, and installs what is missing.
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The memory of a GPU: no more than needed, so that the commands get some, too.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
here = Path.cwd()
folders = [here, *here.parents, here / "keras-tutorial"]
project = next((path for path in folders if (path / "requirements-student.txt").exists()), None)
if project is None:
    {get}
os.chdir(project)
sys.path.insert(0, str(project))
wanted = [line.split("#")[0].strip() for line in open("requirements-student.txt")]
if importlib.util.find_spec("tensorflow"):  # it may be one for a GPU, and then it stays
    wanted = [line for line in wanted if not line.startswith("tensorflow")]
install = [sys.executable, "-m", "pip", "install", "--quiet", *filter(None, wanted)]
subprocess.run(install, check=True)
import book.editions.in_notebook  # a ! that prints line by line and shows the pictures of a run"""
ABSENT = 'raise SystemExit("Put this notebook into the folder of the project and open it there.")'
CLONE = """\
!git clone --depth 1 {repository} keras-tutorial
    project = here / "keras-tutorial\""""

# Jupyter goes on after a command that failed; what is executed by this project shall not. The
# exercises are not done yet, which check.py says with status 1.
STRICT = """\
def checked(command, run=get_ipython().system):
    run(command)
    status = get_ipython().user_ns["_exit_code"]
    if status and not (status == 1 and "exercises/check.py" in command):
        raise RuntimeError(f"status {status}: {command}")

get_ipython().system = checked
"""


def first_text(repository, name):
    """Return the text above all; repository: an address or None; name: of the notebook."""
    at = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", repository or "")
    return f"{BADGE.format(COLAB, at[1], name)}\n\n{USE}" if at else USE


def start_cell(repository):
    """Return the source of the first cell; repository: what it may clone, an address or None."""
    get = CLONE.format(repository=repository) if repository else ABSENT
    return START.format(gets=", or gets it" if repository else "", get=get)
