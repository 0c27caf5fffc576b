"""Where the book's machinery lies and writes; import it first, so that Python finds the rest."""

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = next(parent for parent in FOLDER.parents if (parent / "utils").is_dir())
OUTPUTS = ROOT / "book" / "outputs"  # each run makes a folder of its own in here
FOLDERS = ". mnist serialization serialization/rest mlp forecasts cnn exercises"
sys.path[1:1] = [str(ROOT / folder) for folder in FOLDERS.split()]
# What must be set before the other packages are imported is set there.
importlib.import_module("utils.startup").set_up()
