"""Machinery of the notebooks: what their first cell starts, and what draws below a cell.

What Jupyter does by itself suits no script that trains: it gives each command after a ! a terminal
at which nobody sits, so that a question waits for ever; it ends a command at once, where the
scripts keep what is finished; and on Windows it prints nothing before the end. The ! of `run`
prints line by line and shows the pictures of a run. %%end_of_file puts a cell at the end of a file,
in place of what a cell put there before.
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from importlib.metadata import version
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
LOG = Path(tempfile.gettempdir()) / "keras-tutorial-notebook.log"


def start(chapter):
    """Let a notebook find the scripts of a chapter, given by its folder, and load Keras."""
    for name in ("numpy", "pandas", "matplotlib"):  # Colab has some loaded, perhaps older ones
        loaded = getattr(sys.modules.get(name), "__version__", None)
        if loaded not in (None, version(name)):
            print(f"There is a newer {name} now. Restart the kernel, and run this cell again.")
            return
    # What TensorFlow's C++ writes would be red below the cell. Errors of Python are not among it.
    os.dup2(os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    sys.argv = [f"{chapter}.ipynb"]  # errors begin with this name
    sys.path.insert(0, str(Path(chapter).resolve()))
    __import__("chapter")  # as the scripts do; then it is there for all of them
    get_ipython().run_line_magic("matplotlib", "inline")
    get_ipython().system = run
    get_ipython().register_magic_function(end_of_file, "cell")
    # After the line with which a script ends, Jupyter would tell how to leave Jupyter.
    warnings.filterwarnings("ignore", "To exit: use")
    import keras  # it takes seconds, and must come after all this

    # Who runs a cell again and again would be told each time that this takes a new graph.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    print(f"Ready: Keras {keras.__version__} on {keras.config.backend()}.")


def show_figures(folder):
    """Show the figures that a run has written into its folder, in their order."""
    for path in sorted(folder.glob("*.png"), key=os.path.getmtime):
        display(Image(path))


def show_curves(model):
    """Draw the loss of each epoch of a model's last training, and the accuracy, if it has one."""
    import matplotlib.pyplot as plt

    from utils.figures import plot_history

    history = model.history.history
    keys = [key for key in ("loss", "accuracy") if key in history]
    _, panels = plt.subplots(1, len(keys), figsize=(4.8 * len(keys), 3.8), squeeze=False)
    for axes, key in zip(panels[0], keys, strict=True):
        plot_history(axes, history, key)
        axes.set(title=key.capitalize(), xlabel="Epoch")
    axes.legend()
    plt.show()


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
