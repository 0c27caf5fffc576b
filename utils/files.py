"""Files from outside: read with care, or refused in one line; tables are written as they were."""

import hashlib
from pathlib import Path

from utils.runs import RESULTS, fail, read_bytes, read_json, replacing, writing_to


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


def write_rows(table, path, form, comma):
    """Write a table as the file is written that it comes from; form: as tables.read_rows says it.

    comma: whether one stands before decimals. What its encoding cannot hold is written in UTF-8.
    """
    text = table.to_csv(index=False, sep=form["separator"], decimal="," if comma else ".")
    try:
        content = text.encode(form["encoding"])
    except UnicodeEncodeError:
        print(f"{path.name} is in UTF-8: {form['encoding']} cannot hold the answers.")
        content = text.encode("utf-8-sig")
    with writing_to(path.parent), replacing(path) as partial:
        partial.write_bytes(content)


def file_sha256(path):
    """Return the SHA-256 of a file in hexadecimal: what tells two versions of a model apart."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def version_of(sha256):
    """Return what a version of a model is called, of whose file this is the SHA-256."""
    return sha256[:12]


def load_results(name):
    """Return what assets/results/NAME.json holds: a measurement of the book."""
    return read_json(RESULTS / f"{name}.json")
