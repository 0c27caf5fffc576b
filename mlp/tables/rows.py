"""Machinery of this part: reads the rows of any CSV file, or says in one line why it cannot.

`table.py` and `predict.py` import it; it does nothing by itself. `read_rows` gives the texts as
they stand in the file, `read_values` makes numbers of them.
Chapter: mlp/tables/README.md#what-a-file-may-look-like
"""

import codecs
import contextlib
import io
import re
import warnings
from functools import partial

import pandas as pd

from utils.runs import fail, first_line, printable, read_bytes

SEPARATORS = ",;\t|"
TAKEN = re.compile(
    r"(cast|clip|concatenate|functional|get_item|isnan|nan_to_num|normalization|rescaling|"
    r"sequential|softmax|string_lookup|take)(_\d+)?"
)
# Numbers, by what stands before their decimals. 1.234 may be either: the other mark is that
# of thousands.
NUMBER = re.compile(
    r"[-+]?(?:\d+|(?P<either>[1-9]\d{0,2}[.,]\d{3})"
    r"|(?P<point>\d+\.\d*|\.\d+|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?)"
    r"|(?P<comma>\d+,\d*|,\d+|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?))(?:[eE][-+]?\d+)?",
    re.ASCII,
)
DECIMALS = ["point", "comma"]
MOSTLY = 0.9  # of the values must be numbers or dates, or a column of text is words
SAMPLE = 100_000  # characters among which the first line is looked for
# What pandas takes for a gap, and a few more.
GAPS = ["", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan"]
GAPS += ["NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"]
GAPS += ["?", "-", "--", ".", "missing", "Missing"]


def read_rows(path, encoding=None, usual=None):
    """Return a CSV file as a table of texts, {"separator", "encoding"}, and sentences about it.

    usual: these two of a file of the same origin, if there is one.
    """
    usual = usual or {"separator": None, "encoding": "utf-8"}
    try:
        content = read_bytes(path)
        encoding = encoding or recognize(content, usual["encoding"])
        with io.TextIOWrapper(io.BytesIO(content), encoding) as file:
            sample = file.read(SAMPLE)
        first = next((line for line in sample.split("\n") if line.strip()), None)
        if first is None:
            fail(f"{path} is empty. Name a CSV file whose first line names the columns.")
        separator = usual["separator"]
        if not separator or separator not in first:
            separator = max(SEPARATORS, key=first.count)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            read = partial(
                pd.read_csv,
                sep=separator,
                encoding=encoding,
                skipinitialspace=True,
                index_col=False,
                dtype=str,
                na_filter=False,
            )
            table = read(io.BytesIO(content))
            # As a row, since pandas gives a second column of one name another name.
            head = read(io.BytesIO(content), header=None, nrows=1)
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror}). Name a CSV file.")
    except LookupError:
        fail(f"there is no encoding {encoding}. Usual ones are utf-8, cp1252 and utf-16.")
    except UnicodeError:
        fail(f"{path} is not in {encoding}. Is it from an older spreadsheet? --encoding cp1252")
    except (ValueError, pd.errors.ParserWarning) as error:
        fail(f"{path} is not a proper CSV file ({first_line(error)}). Name another file.")
    if table.empty:
        fail(f"{path} has names of columns, but no rows. Add rows, or name another file.")
    table.columns = name_columns(head.iloc[0], path)
    said = [f'separated by "{separator}"'] if separator not in ",\t" else []
    return table, {"separator": separator, "encoding": encoding}, said


def recognize(content, usual):
    """Return the encoding of a file; some spreadsheets put invisible marks first."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    with contextlib.suppress(UnicodeDecodeError):
        content.decode()
        return "utf-8"
    return usual


def read_values(texts, decimal=None, usual=None, numbers=(), words=()):
    """Return a table with numbers in place of texts, and {column: "point" or "comma"}.

    A gap becomes NaN. A column is read as numbers if at least MOSTLY of its values are some, or if
    it is among numbers; what is none stays a text, and so do all of words. decimal: what stands
    before the decimals where a column leaves it open. usual: what stood there in a file of the same
    origin, by column.
    """
    values, marks = {}, {}
    for name in texts.columns:
        column = without_gaps(texts[name])
        before = None if decimal or not usual else usual.get(name)
        values[name], mark = column, None
        if name not in words:
            values[name], mark = read_column(column, decimal, before, name in numbers)
        marks |= {name: mark} if mark else {}
    return pd.DataFrame(values, texts.index), marks


def without_gaps(column):
    return column.mask(column.isin(GAPS))


def read_column(column, decimal, before, always):
    """Return one column of read_values, and what stands before its decimals, if that is known."""
    known = column.dropna()
    texts = [text.strip() for text in known]
    kinds = [(match := NUMBER.fullmatch(text)) and (match.lastgroup or "whole") for text in texts]
    numbers = len(kinds) - kinds.count(None)
    if not numbers or (not always and numbers < MOSTLY * len(kinds)):
        return column, None
    seen = {*DECIMALS} & {*kinds, before}
    mark = seen.pop() if len(seen) == 1 else decimal
    if not mark and "either" in kinds:
        one = texts[kinds.index("either")]
        fail(
            f'"{one}" in the column {column.name} may be {one.replace(",", ".")} or '
            f"{re.sub('[.,]', '', one)}. Say what stands before decimals: "
            "--decimal point or --decimal comma"
        )
    plain = [
        text if kind in (None, "whole") else in_python(text, mark if kind == "either" else kind)
        for text, kind in zip(texts, kinds, strict=True)
    ]
    if numbers == len(kinds):
        return pd.to_numeric(pd.Series(plain, known.index, object)).reindex(column.index), mark
    return pd.Series(plain, known.index, str).reindex(column.index), mark


def in_python(number, mark):
    """Return a number as Python writes it: a point before decimals, nothing between thousands."""
    if mark == "point":
        return number.replace(",", "")
    return number.replace(".", "").replace(",", ".")


def name_columns(names, path):
    """Return the names of the columns, or end the program with one line if two are the same."""
    names = [input_name(name) or f"column_{number}" for number, name in enumerate(names, 1)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        fail(f"{path} has more than one column {', '.join(twice)}. Leave one.")
    return names


def input_name(name):
    """Return the name of a column as that of an input of the network can be.

    Keras allows no slash in it, and gives some names to what it computes.
    """
    name = printable(name.strip()).replace("/", "_")
    return f"{name}_" if TAKEN.fullmatch(name) else name
