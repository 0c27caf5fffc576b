"""Import it first: Python then finds the whole project, and `utils` sets what comes before all."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = next(folder for folder in FOLDER.parents if (folder / "utils").is_dir())
OUTPUTS = ROOT / FOLDER.relative_to(ROOT).parts[0] / "outputs"  # each run makes a folder in here
# Without the script's own folder, in which mnist.py would hide the package mnist.
sys.path[:] = [str(ROOT), *[path for path in sys.path if Path(path).resolve() != FOLDER]]
__import__("utils").set_up()
