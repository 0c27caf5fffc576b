"""Files from outside: read with care, or refused in one line; tables are written as they were."""

import hashlib
import io
import re
import zipfile
from pathlib import Path

from utils.runs import RESULTS, fail, read_bytes, read_json, replacing, writing_to

CELLS, ROWS = 20_000_000, 2**20  # of a sheet, empty ones among them
BYTES, ASIDE = 2**30, 2**26  # of an Excel file when it is unpacked, and of what is no sheet in it
PACKED = 100  # times as many bytes as it has itself
EITHER = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")  # a thousand in one country, one in another


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
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(sha256):
    """Return what a version of a model is called, of whose file this is the SHA-256."""
    return sha256[:12]


def load_results(name):
    """Return what assets/results/NAME.json holds: a measurement of the book."""
    return read_json(RESULTS / f"{name}.json")


def read_sheet(content):
    """Return the rows of the first sheet of an Excel file, as lists of texts of any length.

    As they would stand in a CSV file. openpyxl raises many kinds for a file that it cannot read.
    """
    import openpyxl  # only here: few files are one

    rows, widest = [], 0
    parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    total = sum(part.file_size for part in parts)
    aside = sum(part.file_size for part in parts if "/worksheets/" not in part.filename)
    if total > min(BYTES, PACKED * len(content)) or aside > ASIDE:
        raise ValueError("unpacked it has far more bytes")
    sheet = openpyxl.load_workbook(io.BytesIO(content), True, data_only=True).worksheets[0]
    sheet.reset_dimensions()  # what the file says of them may be wrong
    for row in sheet.rows:
        cells = [in_csv(cell) for cell in row]
        while cells and not cells[-1]:  # of which only the format is kept
            cells.pop()
        rows.append(cells)
        widest = max(widest, len(cells))
        # A single cell far outside would make a table of them.
        if len(rows) > ROWS or len(rows) * widest > CELLS:
            raise ValueError("too many cells; delete what stands far outside")
    return rows


def in_csv(cell):
    """Return the text for a cell. That 9.467 is a number is known: 9.4670."""
    if cell.value is None or cell.data_type == "e":  # of a formula that has failed
        return ""
    if isinstance(cell.value, float):
        text = f"{cell.value:.15g}"
        return f"{text}0" if EITHER.fullmatch(text) else text
    return str(cell.value).strip().removesuffix(" 00:00:00")  # of a day
