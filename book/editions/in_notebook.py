"""Machinery of the notebooks: a ! that prints line by line and shows the pictures of a run.

And %%end_of_file, which puts a cell at the end of a file, in place of what a cell put there before.

What Jupyter does by itself suits no script that trains: it gives each command a terminal at which
nobody sits, so that a question waits for ever; it ends a command at once, where the scripts keep
what is finished; and on Windows it prints nothing before the end. The first cell of a notebook
imports this module.
"""

import os
import re
import subprocess
from pathlib import Path

from IPython import get_ipython
from IPython.display import Image, display

# Lines with which TensorFlow starts, whatever it is told.
STARTING = re.compile(r"WARNING: All log messages before absl::|[IWE]0000 00:00:\d")
WRITTEN = re.compile(r"In (.+?): (.+)")  # the last line of a script
DRAWN = re.compile(r"[^:]+: (.+\.png)")  # a figure by itself
TRAINED = re.compile(r"Models, curves and report\.html are in (.+)")  # the last line of mnist.py
CURVES = re.compile(r"_(acc|loss)_e\d+\.png$")
BELOW = "\n\n# From a cell of a notebook:\n"


def run(command):
    """Run a command of a shell, print each line when it comes, and show the figures it wrote."""
    process = subprocess.Popen(
        get_ipython().var_expand(command, depth=1),
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
    )
    stopped, figures = False, []
    while True:
        try:
            for line in process.stdout:
                # Of a bar that moves, only what it comes to.
                text = line.decode(errors="replace").rstrip().rsplit("\r")[-1].replace("\b", "")
                if STARTING.match(text):
                    continue
                print(text, flush=True)
                if written := WRITTEN.fullmatch(text):
                    figures = [Path(written[1], name) for name in written[2].split(", ")]
                elif drawn := DRAWN.fullmatch(text):
                    figures.append(Path(drawn[1]))
                elif trained := TRAINED.fullmatch(text):
                    found = sorted(Path(trained[1]).glob("*.png"))
                    figures = [path for path in found if CURVES.search(path.name)]
            break
        except KeyboardInterrupt:
            if os.name == "nt":  # there only the kernel is told
                whole = ["taskkill", "/f", "/t", "/pid", str(process.pid)]
                subprocess.run(whole, capture_output=True)
            elif stopped:
                process.kill()
            stopped = True  # elsewhere the command has got it, too, and ends in its own way
    get_ipython().user_ns["_exit_code"] = process.wait()
    for path in figures:
        if path.suffix == ".png" and path.exists():
            display(Image(path))


def end_of_file(line, cell):
    """Write a cell at the end of a file, in place of what a cell wrote there before."""
    path = Path(line.strip())
    before = path.read_text(encoding="utf-8").partition(BELOW)[0]
    path.write_text(before + BELOW + cell, encoding="utf-8")


get_ipython().system = run
get_ipython().register_magic_function(end_of_file, "cell")
