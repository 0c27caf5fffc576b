"""Machinery of the book: a copy of the project for students, without the keys.

    python book/editions/student_copy.py ../keras-tutorial-class

Copies what the reader needs; leaves out the solutions, the exam, the tests, runs and environments.
Takes seconds.
"""

from chapter import ROOT

import argparse
import shutil
from pathlib import Path

from book.pages.texts import KEYS, is_key
from utils.runs import fail

# What is of one computer only, or belongs to the developers.
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "wheels", "notebooks")


def main(argv=None):
    parser = argparse.ArgumentParser(description="Copy the project without its keys.")
    parser.add_argument("folder", type=Path, help="where the copy goes; must not exist")
    folder = parser.parse_args(argv).folder
    if folder.exists():
        fail(f"{folder} exists already. Name a new folder.")
    if folder.resolve().is_relative_to(ROOT):
        fail(f"{folder} lies in the project. Name a folder outside.")
    tasks = sorted((ROOT / "exercises" / "tasks").glob("*.py"))
    if solved := [one for one in tasks if "NotImplementedError" not in one.read_text("utf-8")]:
        fail(f"{solved[0].name} has a solution in it. Make the copy from a fresh clone.")

    def leave_out(place, names):
        if Path(place).name == "outputs":
            return names  # the folder stays, since programs of the text write into it
        inside = Path(place).relative_to(ROOT)
        keys = {name for name in names if is_key(inside / name)}
        return keys | LEFT_OUT(place, names)

    shutil.copytree(ROOT, folder, ignore=leave_out)
    print(f"The copy for students is in {folder}, without {', '.join(sorted(KEYS))}")


if __name__ == "__main__":
    main()
