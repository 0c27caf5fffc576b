"""Files from outside: JSON that fits a schema, arrays without programs, or an end with one line.

A schema is a class of pydantic with fields, each of a type: class Run(BaseModel): epochs: Count.
What else the file holds is not looked at. True and "2" are no numbers.
"""

import io
import math
import re
import reprlib
import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from utils.runs import fail, first_line, printable, read_bytes, read_json, shown

BYTES = 2**30  # of arrays that a file may hold, unpacked: a gigabyte
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
MOST, LARGEST = 2**32 - 1, 3e38  # what libraries take as a whole number, and float32 as another one
Count = Annotated[int, Field(ge=1, le=MOST)]
Whole = Annotated[int, Field(ge=0, le=MOST)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Loss = float  # which is NaN if the training diverged


def check_name(name):
    odd = printable(name).count("?") > name.count("?") or len(name.splitlines()) != 1
    if odd:
        raise ValueError("it should be a line of letters that can be printed")
    return name


Name = Annotated[str, Field(max_length=1_000), AfterValidator(check_name)]
Two = Field(min_length=2, max_length=2)
Names = Annotated[list[Name], Field(min_length=1, max_length=10_000)]


def check(value, schema):
    """Return a value of JSON, as it stands, if it fits a schema; a ValueError says what does not.

    schema: a class of pydantic, or a type such as Names.
    """
    try:
        TypeAdapter(schema).validate_python(value, strict=True)
    except ValidationError as error:
        raise ValueError(explain(error.errors(include_url=False)[0])) from None
    return value


def explain(first):
    """Return in words what pydantic says of a value that does not fit."""
    place = ".".join(str(key) for key in first["loc"] if key != "[key]") or "all of it"
    if first["type"] == "missing":
        return f"{place} is missing"
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    said = re.sub("valid dictionary or instance of .*", "dictionary", said)
    return f"{place} is {reprlib.repr(first['input'])}: {said}"


def read_form(path, schema, what=None):
    """Return what a file in JSON holds, as it stands, if it fits a schema; or end with one line.

    what: what its folder would be then, such as "a finished run"; None: the line names the file.
    """
    path = Path(path)
    try:
        return check(read_json(path), schema)
    except OSError as error:
        reason = f"cannot read {path.name} ({error.strerror or first_line(error)})"
    except ValueError as error:  # no JSON, too
        reason = f"in {path.name}, {first_line(error)}"
    place = f"{shown(path.parent)} is not {what}" if what else shown(path)
    return fail(f"{place}: {reason}. Make it anew.")


def read_arrays(path, *needed, finite=False):
    """Return {name: array} of numbers or texts in an .npz file, or end the program with one line.

    A .npy file has one array, called "". needed: names that must be there; finite: in these, all
    are to be finite numbers. Kinds and sizes are looked at before anything is unpacked, and a
    pickle, which is a program, is never opened.
    """
    path, arrays = Path(path), {}
    try:
        content = read_bytes(path, BYTES + 1)
        if path.suffix == ".npy":
            return {"": read_array(io.BytesIO(content), len(content))}
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if sum(part.file_size for part in file.infolist()) > BYTES:
                raise ValueError(f"unpacked it would have more than {BYTES:,} bytes")
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
    given = [arrays[name] for name in needed]
    if finite and not all(array.dtype.kind != "U" and np.isfinite(array).all() for array in given):
        fail(f"{path} has NaN, infinity or texts where numbers belong. Make it anew.")
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
