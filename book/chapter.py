"""Where the book's machinery lies and writes; import it first, so that Python finds the rest."""

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER / "outputs"  # each run makes a folder of its own in here
ROOT = FOLDER.parent
FOLDERS = [".", "mnist", "mnist/studies", "serialization", "serialization/rest"]
FOLDERS += ["mlp", "rnn", "cnn"]
sys.path[1:1] = [str(ROOT / folder) for folder in FOLDERS]
# What must be set before the other packages are imported is set there.
importlib.import_module("utils")
