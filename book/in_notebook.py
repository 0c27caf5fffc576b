"""Machinery of the notebooks: a ! that prints line by line and shows the pictures of a run.

What Jupyter does by itself suits no script that trains: it gives each command a terminal at which
nobody sits, so that a question waits for ever; it ends a command at once, where the scripts finish
their epoch; and on Windows it prints nothing before the end. The first cell of a notebook imports
this module.
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
    stopped, last = False, ""
    while True:
        try:
            for line in process.stdout:
                # Of a bar that moves, only what it comes to.
                last = line.decode(errors="replace").rstrip().rsplit("\r")[-1].replace("\b", "")
                if not STARTING.match(last):
                    print(last, flush=True)
            break
        except KeyboardInterrupt:  # the command has got it, too, and finishes its epoch
            if stopped:
                process.kill()
            stopped = True
    get_ipython().user_ns["_exit_code"] = process.wait()
    if written := WRITTEN.fullmatch(last):
        for name in written[2].split(", "):
            if name.endswith(".png"):
                display(Image(Path(written[1], name)))


get_ipython().system = run
