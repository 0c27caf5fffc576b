"""Files from outside: read with care, or refused in one line."""

import hashlib
from pathlib import Path

from utils.runs import RESULTS, fail, read_bytes, read_json


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


def load_results(name):
    """Return what assets/results/NAME.json holds: a measurement of the book."""
    return read_json(RESULTS / f"{name}.json")
