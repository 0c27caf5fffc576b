"""What more than one chapter of the book uses. It knows no chapter.

Importing it, or a module of it, changes nothing in the program that does so; only `set_up`, which
chapter.py calls, does.
"""

import os
import sys
from pathlib import Path

STYLE = Path(__file__).resolve().parent.parent / "assets" / "book.mplstyle"


def set_up():
    """Report errors in one line, keep TensorFlow quiet, draw to files in the book's style."""
    sys.excepthook = show_error
    sys.unraisablehook = end_if_interrupted
    # TensorFlow's start-up lines, one of which reads like an error, say nothing about the book.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Figures go to files only; a shell of a notebook names a back end that may not be installed.
    os.environ["MPLBACKEND"] = "agg"
    os.environ["MATPLOTLIBRC"] = str(STYLE)  # matplotlib goes without it if there is none
    if hasattr(sys.stdout, "reconfigure"):  # a terminal that knows only ASCII shows ? in place of ±
        sys.stdout.reconfigure(errors="replace")


def show_error(kind, error, traceback):
    """Be sys.excepthook: say in one line what a file, the disk, the memory or the back end did.

    So that a mistake in a script is not hidden, any other error shows its traceback.
    """
    reason = "stopped"
    if kind is not KeyboardInterrupt:
        from utils.runs import first_line  # not above: Ctrl-C may come while it is imported

        reason = first_line(error)
    foreseen = issubclass(kind, KeyboardInterrupt | OSError | MemoryError)
    foreseen |= kind.__name__ == "ResourceExhaustedError"  # TensorFlow's lack of memory
    missing = issubclass(kind, ModuleNotFoundError) and error.name
    if missing in ("jax", "tensorflow", "torch"):
        reason += f". Install it: pip install {missing}"
    elif reason.startswith("Unable to import backend"):
        reason += ". KERAS_BACKEND may be tensorflow, jax or torch."
    elif not foreseen:
        sys.__excepthook__(kind, error, traceback)
        return
    print(f"{Path(sys.argv[0]).name}: {reason}", file=sys.stderr)


def end_if_interrupted(ignored):
    """Be sys.unraisablehook: end on Ctrl-C also where Python would go on, as in JAX's callbacks."""
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        return sys.__unraisablehook__(ignored)
    show_error(KeyboardInterrupt, None, None)
    sys.stderr.flush()
    os._exit(130)
