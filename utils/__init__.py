"""What more than one chapter of the book uses. It knows no chapter.

Each chapter.py imports this first, because the settings below are read by the packages that are
imported after it.
"""

import os
import sys

from utils.runs import show_error

# TensorFlow's start-up lines, one of which reads like an error, say nothing about the book.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Figures go to files only; a shell of a notebook names a back end that may not be installed.
os.environ["MPLBACKEND"] = "agg"
sys.excepthook = show_error
if hasattr(sys.stdout, "reconfigure"):  # a terminal that knows only ASCII shows ? in place of ±
    sys.stdout.reconfigure(errors="replace")
