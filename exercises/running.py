"""Machinery of the exercises: start the process that judges, and tell what has ended it.

Chapter: exercises/README.md#what-a-check-does
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOADING = 120  # seconds until a file is read, with what it imports: Keras, for example
LIMIT = 10  # seconds for its function after that: all take less than one, if alone
PATIENCE = 60  # seconds more for a process, should even its clock stand still
TIMEOUT = "Timeout"  # is what Python writes when the clock runs out, and how long it ran


def run_judge(name, paths, show=False):
    """Return a verdict on each of these files, from a process that may hang or crash.

    show: let what a solution prints come through.
    """
    verdicts = []
    while len(verdicts) < len(paths):
        left = paths[len(verdicts) :]
        with tempfile.TemporaryDirectory() as folder:
            errors = start_judge(name, folder, left, show)
            for number, path in enumerate(left):
                result = Path(folder) / f"{number}.json"
                if not result.exists():  # this file has ended the process
                    verdicts.append(ended(path, errors))
                    break
                verdicts.append(json.loads(result.read_text(encoding="utf-8")))
    return verdicts


def start_judge(name, folder, paths, show):
    """Run judging.py; return what it has written to stderr."""
    arguments = name, LOADING, LIMIT, folder, *paths
    try:
        run = subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "exercises.judging", *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=None if show else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE + (LOADING + LIMIT) * len(paths),
        )
    except subprocess.TimeoutExpired:
        return TIMEOUT
    return run.stderr


def ended(path, errors):
    """Return the verdict on a file that has ended its judge, which left these errors."""
    verdict = {"state": "wrong", "kind": "error"}
    if TIMEOUT not in errors:
        return verdict | {"sentence": "Python itself ended before the function was done."}
    name = str(path).encode("ascii", "backslashreplace").decode()  # as faulthandler writes it
    line = re.search(rf'"{re.escape(name)}", line (\d+)', errors)
    place = f" in line {line[1]}" if line else ""
    sentence = f"It was stopped{place} after {LIMIT} seconds. Is there a loop that does not end?"
    if f"{TIMEOUT} ({timedelta(seconds=LOADING)})" in errors:
        sentence = (
            f"It was stopped{place} after {LOADING} seconds, before its function was called. Is "
            "there a loop outside of the function that does not end?"
        )
    elif "<frozen importlib" in errors:
        sentence = (
            f"It was stopped{place} after {LIMIT} seconds, in the midst of an import. Move the "
            "import to the top of the file: there it has more time."
        )
    return verdict | {"sentence": sentence}
