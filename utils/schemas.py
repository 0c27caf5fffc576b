"""Files in JSON from outside: held against a schema of types and ranges, or refused in one line.

A schema is a class of pydantic with fields, each of a type: class Run(BaseModel): epochs: Count.
What else the file holds is not looked at. True and "2" are no numbers.
"""

import re
import reprlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from utils.runs import fail, first_line, printable, read_json, shown

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


class Provenance(BaseModel):
    command: Annotated[str, Field(max_length=10_000)]
    code: dict[Name, Name] = {}
    settings: dict[Name, Any] = {}


class AnyRun(BaseModel):
    """What save_results writes into results.json for any script."""

    provenance: Provenance
    settings: dict[Name, Any] = {}


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
        reason = error.strerror or first_line(error)
    except ValueError as error:  # no JSON, too
        reason = first_line(error)
    if what:
        return fail(f"{shown(path.parent)} is not {what}; {path.name}: {reason}.")
    return fail(f"cannot read {shown(path)}: {reason}.")
