"""Reads a table as texts, and makes numbers and words of them: today and tomorrow the same way."""

import io
import sys
from pathlib import Path

import pandas as pd

MOSTLY = 0.9  # of the values of a column are numbers, or it has words
GAPS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "-", "?"]


def read(path, separator=None):
    """Return a table of texts, as they stand in a file, and what separates its columns."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        separator = separator or max(",;\t|", key=text.partition("\n")[0].count)
        how = {"sep": separator, "header": None, "dtype": str, "na_filter": False}
        rows = pd.read_csv(io.StringIO(text), **how)
    except (OSError, ValueError) as error:
        sys.exit(f"{path} is not a CSV file in UTF-8 that can be read: {error}")
    if twice := [*rows.iloc[0][rows.iloc[0].duplicated()]]:
        sys.exit(f"{path} has more than one column {', '.join(twice)}: leave one.")
    return rows[1:].set_axis([*rows.iloc[0]], axis=1).reset_index(drop=True), separator


def to_numbers(texts, decimal):
    """Return a column as numbers; what is none becomes a gap. None: a point, and no thousands."""
    point, other = decimal or ".", "." if decimal == "," else ","
    whole = rf"(\d*|[1-9]\d{{0,2}}([{other}]\d{{3}})+)" if decimal else r"(\d*)"
    texts = texts.where(
        texts.str.fullmatch(rf"[-+]?{whole}([{point}]\d+)?(e[-+]?\d+)?", case=False)
    )
    plain = texts.str.replace(other, "", regex=False).str.replace(point, ".", regex=False)
    return pd.to_numeric(plain, errors="coerce").astype(float)


def kinds_of(texts, decimal):
    """Return {column: "number" or "words"}; a column of gaps only is left out."""
    kinds = {}
    for name in texts.columns:
        known = texts[name].str.strip()
        known = known[~known.isin(GAPS)]
        if known.empty:
            continue
        if known.str.fullmatch(r"0\d+").any():  # 01067 is a code
            kinds[name] = "words"
            continue
        read = {mark: to_numbers(known, mark) for mark in {decimal, None, ".", ","}}
        good = {mark for mark in read if read[mark].notna().mean() >= MOSTLY}
        differ = any(not read[mark].equals(read[decimal]) for mark in good)
        if (good and decimal not in good) or (not decimal and differ):
            example = f"{known[known.str.contains('[.,]')].iloc[0]} in {name}"
            sys.exit(f"What stands before decimals, as in {example}? --decimal . or --decimal ,")
        kinds[name] = "number" if good else "words"
    return kinds


def to_table(texts, kinds, decimal):
    """Return the columns that a model knows as numbers and words, or end with one line."""
    if missing := [name for name in kinds if name not in texts]:
        names = ", ".join(map(repr, texts.columns))
        sys.exit(f"there is no column {', '.join(map(repr, missing))}, but {names}.")
    table = {}
    for name, kind in kinds.items():
        column = texts[name].str.strip()
        known = ~column.isin(GAPS)
        for word, count in column[~known & (column != "")].value_counts().items():
            print(f'{name}: "{word}" is taken for a gap, in {count} rows (GAPS in table.py)')
        table[name] = column.where(known, "").astype(object)
        if kind == "number":
            table[name] = to_numbers(column, decimal)
            lost = texts[name][known & table[name].isna()]
            if len(lost) > (1 - MOSTLY) * known.sum():
                sys.exit(f'{name} has {len(lost)} values that are no numbers, as "{lost.iloc[0]}".')
            if len(lost):
                print(f'{name}: {len(lost)} values are no numbers, as "{lost.iloc[0]}": gaps now')
    return pd.DataFrame(table, texts.index)
