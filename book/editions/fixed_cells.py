"""Machinery of notebooks.py: what is the same in all of them, or nearly."""

import re

FIRST = """\
**This is a notebook.** Run the next cell first (click on it, and press Shift+Enter): it loads
Keras. Then run the others, one after the other. [How to work in it](#how-to-work-in-a-notebook).
"""
USE = """\
<a id="how-to-work-in-a-notebook"></a>

## How to work in a notebook

- A cell that begins with `# As xor/xor.py does it` trains a network: change one of the numbers at
  its top, press Shift+Enter, and look at the curve below it. It sets the seed again, so each run
  starts from the same weights. Then look at what is there: `model.summary()`, `X`, `history`. Add a
  cell for that with the + above. What only the command does is left out: the line `Normal?`, and
  `results.json` in the folder of the run. For them, run it in a cell: `!python xor/xor.py --seed
  7`.
- A cell with a `!` runs a command, as a shell does; the text above says how long. The next cells
  wait meanwhile. The stop button is Ctrl-C.
- After each restart of the kernel, run the first cell again. If you change a file that a cell
  imports, restart the kernel.
- The last line of a command names the folder of its run, such as
  `xor/outputs/2026-11-24_16-30-12`. Write it in place of RUN; where a command has `outputs/` before
  RUN, only its last part. A command with `--outputs NAME` needs another NAME each time.
- What serves a page or asks questions needs a terminal: *File > New > Terminal*.
- On Windows, the stop button kills a command at its next line: nothing is evaluated, and the run is
  the newest folder in the chapter's `outputs/`.
"""
# Opens it in Colab, from the branch of a repository at GitHub that has the notebooks.
COLAB = "https://colab.research.google.com"
BADGE = "[![Open in Colab]({0}/assets/colab-badge.svg)]({0}/github/{1}/blob/notebooks/{2}.ipynb)"
PUT_YOURS = "# Put in your run, or your file, and take the # before the ! away."
LONG = "# Takes {:.0f} minutes: take the # before the ! away, and run it while you read on."

START = """\
# @title Run this cell first: it finds the project{gets}, and loads Keras
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
from book.editions.in_notebook import start

start("{chapter}")"""
ABSENT = 'raise SystemExit("Put this notebook into the folder of the project and open it there.")'
CLONE = """\
!git clone --depth 1 {repository} keras-tutorial
    project = here / "keras-tutorial\""""
# Folds the code of a cell in Jupyter, and in Colab.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}

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


def badge(repository, name):
    """Return what opens a notebook in Colab, "" if the repository, an address, is not at GitHub."""
    at = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", repository or "")
    return BADGE.format(COLAB, at[1], name) if at else ""


def front_page(repository, titles):
    """Return the page of the branch "notebooks"; titles: {name of a notebook: of its chapter}."""
    lines = [f"- {title}<br>{badge(repository, name)}" for name, title in titles.items()]
    return "\n".join([f"# Notebooks of [Keras Tutorial]({repository})\n", *lines, ""])


def start_cell(repository, chapter):
    """Return the source of the first cell; repository: what it may clone, an address or None."""
    get = CLONE.format(repository=repository) if repository else ABSENT
    return START.format(gets=", or gets it" if repository else "", get=get, chapter=chapter)
