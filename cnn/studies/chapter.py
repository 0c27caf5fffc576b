"""Where this part of a chapter lies and writes; import it first, so that Python finds the rest."""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER.parent / "outputs"  # the chapter's: each run makes a folder of its own in here
sys.path[1:1] = [str(FOLDER.parent), str(FOLDER.parent.parent)]
# TensorFlow's start-up lines, one of which reads like an error, say nothing about the book.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
