"""Where this chapter lies and writes; import it first, so that Python finds `utils/`, too."""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER / "outputs"  # each run makes a folder of its own in here
sys.path.insert(1, str(FOLDER.parent))
# TensorFlow's start-up lines, one of which reads like an error, say nothing about the book.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
