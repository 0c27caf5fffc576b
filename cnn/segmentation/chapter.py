"""Where this part of a chapter lies and writes; import it first, so that Python finds the rest."""

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER.parent / "outputs"  # the chapter's: each run makes a folder of its own in here
sys.path[1:1] = [str(FOLDER.parent), str(FOLDER.parent.parent)]
# What must be set before the other packages are imported is set there.
importlib.import_module("utils.startup").set_up()
