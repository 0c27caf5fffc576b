"""Files from outside: read with care, or refused in one line."""

import hashlib
import json
from pathlib import Path

from utils.runs import RESULTS, fail, read_bytes


def read_json(path):
    """Return what a file in JSON holds; an OSError or a ValueError says why it cannot be read."""
    try:
        return json.loads(read_bytes(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def fits(value, form):
    """Tell whether a value of JSON has a form, made of dicts, lists and types at their ends."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(fits(value.get(name), form[name]) for name in form)
    if isinstance(form, list):
        return isinstance(value, list) and len(value) == len(form) and all(map(fits, value, form))
    return isinstance(value, form)


def read_text(path, errors="strict"):
    """Return the text in a file in UTF-8, or end the program with one line.

    errors: what becomes of other bytes, as for bytes.decode; "strict" ends the program.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig", errors)
    except UnicodeDecodeError:
        fail(f"{path} is not a text in UTF-8. Save it as one.")
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror})")
    return text.replace("\r\n", "\n").replace("\r", "\n")  # as when Python reads a text


def file_sha256(path):
    """Return the SHA-256 of a file in hexadecimal: what tells two versions of a model apart."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def newest(paths):
    """Return the path that was written last; None if there is none."""
    return max(paths, key=lambda path: (path.stat().st_mtime_ns, path), default=None)


def load_results(name):
    """Return what assets/results/NAME.json holds: a measurement of the book."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
