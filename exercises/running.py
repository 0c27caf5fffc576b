"""Machinery of the exercises: start the process that judges, and tell what has ended it.

Chapter: exercises/README.md#what-a-check-does
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

JUDGE = Path(__file__).with_name("judge.py")
LIMIT = 10  # seconds for a solution, without the imports: all take less than one, if alone
PATIENCE = 60  # seconds for a process with its imports, should even its clock stand still
TIMEOUT = "Timeout"  # is what Python writes when the clock runs out


def run_judge(name, paths, show=False):
    """Return a verdict on each of these files, from a process that may hang or crash.

    show: let what a solution prints come through.
    """
    verdicts = []
    while len(verdicts) < len(paths):
        left = paths[len(verdicts) :]
        with tempfile.TemporaryDirectory() as folder:
            errors = start_judge([name, str(LIMIT), folder, *map(str, left)], show)
            for number, path in enumerate(left):
                result = Path(folder) / f"{number}.json"
                if not result.exists():  # this file has ended the process
                    verdicts.append(ended(path, errors))
                    break
                verdicts.append(json.loads(result.read_text(encoding="utf-8")))
    return verdicts


def start_judge(arguments, show):
    """Run judge.py; return what it has written to stderr."""
    try:
        run = subprocess.run(
            [sys.executable, "-X", "utf8", str(JUDGE), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=None if show else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE + LIMIT * len(arguments),
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
    return verdict | {"sentence": sentence}
