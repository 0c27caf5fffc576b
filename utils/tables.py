"""Rows of any table, as CSV or as an Excel file: read as people have them, or refused in one line.

texts, form, said = read_rows(path)  # as they stand in the file
values, marks = read_values(texts)  # numbers in place of texts
"""

import codecs
import contextlib
import csv
import difflib
import io
import re
import zipfile
from collections import Counter

import numpy as np
import pandas as pd

from utils.files import read_sheet
from utils.runs import fail, first_line, printable, read_bytes

SEPARATORS = ",;\t|"
# Numbers, by what stands before their decimals. 1.234 may be either: the other mark is that
# of thousands, which nobody writes in 1.234e-05.
NUMBER = re.compile(
    r"[-+]?(?:\d+|(?P<either>[1-9]\d{0,2}[.,]\d{3}(?![eE]))"
    r"|(?P<point>\d+\.\d*|\.\d+|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?(?![eE]))"
    r"|(?P<comma>\d+,\d*|,\d+|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?(?![eE])))"
    r"(?:[eE][-+]?\d+)?",
    re.ASCII,
)
SPACED = re.compile(r"[-+]?[1-9]\d{0,2}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d*)?", re.ASCII)
LONGEST = 400  # characters of a number: where there are more, it is something else
DECIMALS = ["point", "comma"]
FEWEST = 0.01  # values with a clear mark for each that may be either, so that they decide
MOSTLY = 0.9  # of the values must be numbers or dates, or a column of text is words
COLUMNS = 30_000  # of a table
SAMPLE = 100_000  # characters among which the first lines are looked for
FIRST = 20  # lines, one of which names the columns
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # with which such files begin
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHERS = (b"\x1f\x8b", b"BZh", b"PAR1", b"%PDF")  # and files without rows of text
# What pandas takes for a gap, and a few more.
GAPS = ["", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan"]
GAPS += ["NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"]
GAPS += ["#DIV/0!", "#VALUE!", "#REF!", "?", "-", "--", ".", "missing", "Missing"]


def read_rows(path, encoding=None, usual=None):
    """Return a file as a table of texts, {"separator", "encoding"}, and sentences about it.

    The texts, and the names of the columns, are as they stand there, without spaces around them.
    usual: these two of a file of the same origin, if there is one.
    """
    usual = usual or {"separator": None, "encoding": "utf-8"}
    try:
        content = read_bytes(path)
        check_kind(content, path, encoding)
        if content.startswith(ZIP):
            # With a mark before it, Excel on Windows sees that a table is in UTF-8.
            rows, form = table_of(content), {"separator": ",", "encoding": "utf-8-sig"}
            check_first(rows.head(FIRST).to_numpy().tolist(), path)
        else:
            encoding = encoding or recognize(content, usual["encoding"])
            rows, form = read_csv(content, encoding, usual["separator"], path)
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror}). Name a CSV file.")
    except (UnicodeError, LookupError):  # there may be no such encoding
        fail(f"{path} is not in {encoding}. Is it from an older spreadsheet? --encoding cp1252")
    except (ValueError, csv.Error) as error:  # pandas' own are ValueErrors
        fail(f"{path} is not a proper CSV or Excel file ({first_line(error)}). Name another file.")
    if rows.shape[1] > COLUMNS:
        fail(f"{path} has more than {COLUMNS:,} columns. Leave some out.")
    rows = rows.apply(lambda column: column.str.strip())
    filled = np.flatnonzero((rows != "").any(axis=1))  # spreadsheets add blank rows at the end
    if len(filled) < 2:
        fail(f"{path} has names of columns, but no rows. Add rows, or name another file.")
    first, last = filled[[0, -1]]
    names = name_columns(rows.iloc[first], path)
    table = rows[first + 1 : last + 1].set_axis(names, axis=1).reset_index(drop=True)
    separator = form["separator"]
    return table, form, [f'separated by "{separator}"'] if separator not in ",\t" else []


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


def read_csv(content, encoding, separator, path):
    """Return all rows of a CSV file, the names of the columns being the first, and its form."""
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as file:
        lines = file.read(SAMPLE).splitlines()
    if named := re.fullmatch('"?sep=(.)"?', lines[0].strip(" ")) if lines else None:  # by Excel
        separator = named[1]
        del lines[0]
    if not any(map(str.strip, lines)):
        fail(f"{path} is empty. Name a CSV file whose first line names the columns.")
    bare = [re.sub('"[^"]*"', "", line) for line in lines]  # what is quoted is text
    first = next((line for line in bare if any(map(line.count, SEPARATORS))), "")
    if not named and (not separator or separator not in first):
        separator = max(SEPARATORS, key=first.count)
    if separator not in SEPARATORS:
        fail(f'{path} is separated by "{separator}". Save it with commas, semicolons or tabs.')
    check_first(list(csv.reader(lines[:FIRST], delimiter=separator)), path)
    how = {"sep": separator, "encoding": encoding, "dtype": str, "na_filter": False}
    how |= {"skiprows": int(bool(named)), "skipinitialspace": True}
    # Names as a row: pandas would give a second column of one name another.
    rows = pd.read_csv(io.BytesIO(content), header=None, **how)
    return rows, {"separator": separator, "encoding": encoding}


def table_of(content):
    """Return all rows of an Excel file as a table of texts; ValueError says why it cannot be."""
    try:
        return pd.DataFrame(read_sheet(content), dtype=object).fillna("").astype(str)
    except Exception as error:  # of many kinds
        raise ValueError(first_line(error)) from error


def check_first(rows, path):
    """End the program with one line if the names of the columns are not in the first row.

    The first one may lack its name, as where pandas writes an index; a title stands there.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    wide = max(map(len, rows), default=0) / 2
    known = [
        number
        for number, (row, count) in enumerate(zip(rows, filled, strict=True))
        if count > wide or (count and not row[0].strip())
    ]
    if known and any(filled[: known[0]]):
        names = ", ".join(filter(None, rows[known[0]]))[:60]
        fail(f"{path} has lines above its names of columns ({names}). Delete them.")


def read_values(texts, decimal=None, usual=None, numbers=(), words=(), exact=()):
    """Return a table with numbers in place of texts, and {column: "point" or "comma"}.

    A gap becomes NaN. A column is read as numbers if at least MOSTLY of its values are some, and
    none is a code such as 01067, or if it is among numbers; what is none stays a text, and so do
    all of words. exact: columns in which only an empty cell is a gap. decimal: what stands before
    the decimals where a column leaves it open. usual: what stood there in a file of the same
    origin, by column.
    """
    values, marks = {}, {}
    for name in texts.columns:
        values[name] = without_gaps(texts[name], [""] if name in exact else GAPS)
        before = None if decimal or not usual else usual.get(name)
        if name not in words:
            values[name], mark = read_column(values[name], decimal, before, name in numbers)
            marks |= {name: mark} if mark else {}
    return pd.DataFrame(values, texts.index), marks


def without_gaps(column, gaps=GAPS):
    """Return a column of texts with NaN for those that say that there is nothing."""
    return column.mask(column.str.strip().isin(gaps))


def read_column(column, decimal=None, before=None, always=False):
    """Return one column of read_values, and what stands before its decimals, if that is known.

    column: texts, or NaN. decimal, before: of read_values, for this column. always: it is numbers.
    """
    known = column.dropna()
    texts = [text.strip() for text in known]
    texts = [re.sub("[^-+.,0-9]", "", one) if SPACED.fullmatch(one) else one for one in texts]
    matches = [NUMBER.fullmatch(text) if len(text) < LONGEST else None for text in texts]
    kinds = [match and (match.lastgroup or "whole") for match in matches]
    numbers = len(kinds) - kinds.count(None)
    if not numbers or (not always and (find_code(texts) or numbers < MOSTLY * len(kinds))):
        return column, None
    seen, either = {*DECIMALS} & {*kinds, before}, kinds.count("either")
    # One value that leaves nothing open may be a slip; it does not decide about all others.
    enough = not either or before or sum(map(kinds.count, DECIMALS)) > max(1, FEWEST * either)
    mark = seen.pop() if len(seen) == 1 and enough else decimal
    if either and not mark:
        one = texts[kinds.index("either")]
        two = f"{one.replace(',', '.')} or {re.sub('[.,]', '', one)}"
        asked = "Say what stands before decimals: --decimal point or --decimal comma"
        fail(f'"{one}" in the column {column.name} may be {two}. {asked}')
    plain = [
        text if kind in (None, "whole") else in_python(text, mark if kind == "either" else kind)
        for text, kind in zip(texts, kinds, strict=True)
    ]
    plain = pd.Series(plain, known.index, str)
    plain = pd.to_numeric(plain.astype(object)) if numbers == len(kinds) else plain
    return plain.reindex(column.index), mark


def find_code(texts):
    """Return the first text that is a code, or None: 01067 is no number."""
    return next((one for one in texts if len(one) > 1 and one[0] == "0" and one.isdigit()), None)


def in_python(number, mark):
    """Return a number as Python writes it: a point before decimals, nothing between thousands."""
    return number.replace(",", "") if mark == "point" else number.replace(".", "").replace(",", ".")


def name_columns(names, path):
    """Return the names of the columns, or end the program with one line if two are the same."""
    names = [printable(name.strip()) or f"column_{number}" for number, name in enumerate(names, 1)]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        fail(f"{path} has more than one column {', '.join(twice)}. Leave one.")
    return names


def find_columns(names, table, path):
    """Return the names, or end the program with one line if the table of a file lacks one."""
    names = [printable(name.strip()) for name in names]
    for name in names:
        if name not in table.columns:
            near = difflib.get_close_matches(name, list(table.columns), n=1, cutoff=0.5)
            hint = f'Do you mean "{near[0]}"?' if near else "It has " + few(table.columns) + "."
            fail(f'{path} has no column "{name}". {hint}')
    return names


def few(names, most=12):
    """Return the first names in words, and how many more there are."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
