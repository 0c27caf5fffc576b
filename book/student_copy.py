"""Machinery of the book: a copy of the project for students, without the keys.

    python book/student_copy.py ../keras-tutorial-class

Copies what the reader needs; leaves out the solutions, what tests and builds the book, runs and
environments. Takes seconds.
"""

from chapter import ROOT

import argparse
import shutil
from pathlib import Path

from utils.runs import fail

KEYS = {"book/keys", "exercises/solutions", "exercises/faults", "exercises/mutants.py", "tests"}
# What is of one computer only, or belongs to the developers.
LEFT_OUT = shutil.ignore_patterns("outputs", "__pycache__", ".*", "wheels")


def main(argv=None):
    parser = argparse.ArgumentParser(description="Copy the project without its keys.")
    parser.add_argument("folder", type=Path, help="where the copy goes; must not exist")
    folder = parser.parse_args(argv).folder
    if folder.exists():
        fail(f"{folder} exists already. Name a new folder.")
    if folder.resolve().is_relative_to(ROOT):
        fail(f"{folder} lies in the project. Name a folder outside.")

    def leave_out(place, names):
        inside = Path(place).relative_to(ROOT)
        keys = {name for name in names if (inside / name).as_posix() in KEYS}
        return keys | LEFT_OUT(place, names)

    shutil.copytree(ROOT, folder, ignore=leave_out)
    print(f"The copy for students is in {folder}, without {', '.join(sorted(KEYS))}")


if __name__ == "__main__":
    main()
