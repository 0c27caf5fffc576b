"""Files from outside: read with care, or refused in one line."""

import codecs
import contextlib
import hashlib
import io
import zipfile
from pathlib import Path

from utils.runs import RESULTS, fail, read_bytes, read_json

ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # with which such files begin
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHERS = (b"\x1f\x8b", b"BZh", b"PAR1", b"%PDF")  # and files without rows of text


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


def check_kind(content, path, encoding):
    """End the program with one line if a file is neither text nor a sheet, or no such encoding."""
    binary = not encoding and b"\0" in content and not content.startswith(UTF_16)
    if content.startswith(OLD_EXCEL):
        fail(f"{path} is an old Excel file, or has a password. Save it as CSV or as plain .xlsx.")
    if content.startswith(ZIP):
        if zipfile.is_zipfile(io.BytesIO(content)) and b"xl/workbook.xml" not in content:
            fail(f"{path} is packed, but not as .xlsx. Unpack it, or save it as .xlsx or CSV.")
    elif content.startswith(OTHERS) or binary:
        fail(f"{path} is neither text nor an Excel file (.xlsx). Unpack it, or save it as CSV.")
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        fail(f"there is no encoding {encoding}. Usual ones are utf-8, cp1252 and utf-16.")


def recognize(content, usual):
    """Return the encoding of a file; some spreadsheets put invisible marks first."""
    if content.startswith(UTF_16):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    with contextlib.suppress(UnicodeDecodeError):
        content.decode()
        return "utf-8"
    return usual


def file_sha256(path):
    """Return the SHA-256 of a file in hexadecimal: what tells two versions of a model apart."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def load_results(name):
    """Return what assets/results/NAME.json holds: a measurement of the book."""
    return read_json(RESULTS / f"{name}.json")
