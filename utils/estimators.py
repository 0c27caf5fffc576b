"""Load models of scikit-learn that skops has saved, if they are made of known kinds alone.

skops itself trusts every estimator. Some open a file whose name they are given.
"""

import json
import re
import zipfile
from pathlib import Path

import skops.io

VALUES = r"builtins\.(str|int|float|bool|NoneType|dict|list|tuple|slice)"
VALUES += r"|numpy\.(ndarray|dtype|bool|bool_|u?int\d+|float\d+)"
LARGEST = 2**31  # bytes of such a file when it is unpacked
PACKED = 50  # times as many bytes as it has itself


def load_estimator(path, kinds, trusted=()):
    """Return the estimator in a file.

    kinds: pattern of the full names of what it may consist of besides plain values and arrays.
    trusted: names among them that skops does not trust. Raises ValueError for others, and many
    kinds of errors for a damaged file.
    """
    with zipfile.ZipFile(path) as file:
        most = min(LARGEST, PACKED * Path(path).stat().st_size)
        if sum(part.file_size for part in file.infolist()) > most:
            raise ValueError(f"unpacked it would have more than {most:,} bytes")
        parts = [json.loads(file.read("schema.json"))]
    for part in parts:  # which grows while it is searched
        values = part.values() if isinstance(part, dict) else part
        parts += [value for value in values if isinstance(value, dict | list)]
        jobs = part.get("n_jobs") if isinstance(part, dict) else None
        if jobs and jobs["content"] != "null":  # each would be a process
            raise ValueError("it asks for several processes")
        if isinstance(part, dict) and "__class__" in part:
            name = f"{part['__module__']}.{part['__class__']}"
            if not re.fullmatch(f"{VALUES}|{kinds}", name):
                raise ValueError(f"it asks for {name}, which is none of its kinds")
    return skops.io.load(path, trusted=list(trusted))
