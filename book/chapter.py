"""Where the book's machinery lies and writes; import it first, so that Python finds the rest."""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER / "outputs"  # each run makes a folder of its own in here
ROOT = FOLDER.parent
FOLDERS = [".", "mnist", "mnist/studies", "serialization", "serialization/rest", "rnn"]
sys.path[1:1] = [str(ROOT / folder) for folder in FOLDERS]
# TensorFlow's start-up lines, one of which reads like an error, say nothing about the book.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
