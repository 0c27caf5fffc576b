"""Machinery of this part: reads the rows of any CSV file, or says in one line why it cannot.

`table.py` and `predict.py` import it; it does nothing by itself.
Chapter: mlp/tables/README.md#what-a-file-may-look-like
"""

import codecs
import io
import re
import warnings
from functools import partial

import pandas as pd

from utils.runs import fail, first_line, read_bytes

SEPARATORS = ",;\t|"
TAKEN = re.compile(
    r"(cast|clip|concatenate|functional|get_item|isnan|nan_to_num|normalization|rescaling|"
    r"sequential|softmax|string_lookup|take)(_\d+)?"
)
THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # or a number with three decimals
SAMPLE = 100_000  # characters by which separator and decimal commas are recognized
# Beside what pandas takes for a gap: nothing, NA, N/A, NaN, None, null and a few more.
GAPS = ["?", "-", "--", ".", "missing", "Missing"]


def read_rows(path, encoding=None):
    """Return a CSV file as a table, each gap a NaN, and what was recognized, as sentences."""
    try:
        content = read_bytes(path)
        encoding = encoding or recognize(content)
        with io.TextIOWrapper(io.BytesIO(content), encoding) as file:
            sample = file.read(SAMPLE)
        first = next((line for line in sample.split("\n") if line.strip()), None)
        if first is None:
            fail(f"{path} is empty. Name a CSV file whose first line names the columns.")
        separator = max(SEPARATORS, key=first.count)
        # Not the parts of a date, such as 31.01.2026.
        numbers = re.findall(r"(?<![\d.,])\d+[.,]\d+(?![\d.,])", sample)
        commas = separator != "," and numbers and all("," in number for number in numbers)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            read = partial(
                pd.read_csv,
                sep=separator,
                encoding=encoding,
                skipinitialspace=True,
                index_col=False,
                low_memory=False,
            )
            table = read(io.BytesIO(content), decimal="," if commas else ".", na_values=GAPS)
            # As a row, since pandas gives a second column of one name another name.
            head = read(io.BytesIO(content), header=None, nrows=1, dtype=str, na_filter=False)
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
    if commas:
        said.append("with decimal commas")
    if separator != "," and numbers and all(map(THOUSANDS.fullmatch, numbers)):
        said.append(f"{numbers[0]} and the like have three decimals; they are not thousands")
    return table, said


def recognize(start):
    """Return the encoding of a file that starts so; some spreadsheets put invisible marks first."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"


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
    name = name.strip().replace("/", "_")
    return f"{name}_" if TAKEN.fullmatch(name) else name
