"""Files from outside: read with care, or refused in one line; tables are written as they were."""

import hashlib
import io
import math
import zipfile
from pathlib import Path

import numpy as np

from utils.runs import RESULTS, fail, first_line, read_bytes, read_json, replacing, writing_to

MOST = 2**30  # bytes of arrays that a file may hold, unpacked: a gigabyte
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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


def read_arrays(path, *needed):
    """Return {name: array} of numbers or texts in an .npz file, or end the program with one line.

    A .npy file has one array, called "". needed: names that must be there. Kinds and sizes are
    looked at before anything is unpacked, and a pickle, which is a program, is never opened.
    """
    path, arrays = Path(path), {}
    try:
        content = read_bytes(path, MOST + 1)
        if path.suffix == ".npy":
            return {"": read_array(io.BytesIO(content), len(content))}
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if sum(part.file_size for part in file.infolist()) > MOST:
                raise ValueError(f"unpacked it would have more than {MOST:,} bytes")
            for part in file.infolist():
                with file.open(part) as opened:
                    array = read_array(opened, part.file_size)
                arrays[part.filename.removesuffix(".npy")] = array
    except FileNotFoundError:
        fail(f"there is no {path}.")
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        reason = first_line(error)
        fail(f"{path} is not a file of arrays of numbers, as np.savez writes it ({reason}).")
    if not {*needed} <= {*arrays}:
        fail(f"{path} needs the arrays {' and '.join(needed)}.")
    return arrays


def read_array(file, size):
    """Return the array that an open .npy file of so many bytes holds; ValueError: another thing."""
    shape, _, kind = HEADERS[np.lib.format.read_magic(file)](file)
    if kind.kind not in "biufU":
        raise ValueError(f"an array of {kind}")
    if math.prod(shape) * kind.itemsize > size:
        raise ValueError(f"an array of shape {shape}, and only {size:,} bytes")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


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


def load_results(name):
    """Return what assets/results/NAME.json holds: a measurement of the book."""
    return read_json(RESULTS / f"{name}.json")
