"""Where this chapter lies and writes; import it first, so that Python finds `utils/`, too."""

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER / "outputs"  # each run makes a folder of its own in here
sys.path.insert(1, str(FOLDER.parent))
# What must be set before the other packages are imported is set there.
importlib.import_module("utils.startup").set_up()
