"""Machinery of this part: looks at the columns of a table and says what it takes each for.

A column is a number, words or a date, or it is left out. `table.py` and `predict.py` import this
module; it does nothing by itself.
Chapter: mlp/tables/README.md#what-it-takes-a-column-for
"""

import re
from collections import Counter

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from utils.runs import fail, printable
from utils.tables import MOSTLY, find_code

SHOWN = 40  # columns that are printed
RAREST = 5  # rows that a word must occur in, in the part that trains, to count as one
MOST_WORDS = 50  # of a column; the rarer ones are all treated alike
FAR = 10.0  # standard deviations from the middle; what is further off counts as this far
LARGEST = 1e30  # of a number, without its sign; what is larger becomes a gap
EXACT = 2**53  # below it, a float holds every whole number
GAP = "(gap)"  # the word for a missing word
DAY_0 = pd.Timestamp("2000-01-01", tz="UTC")  # from which the days of a date are counted

# A column of whole numbers that differ in each row only counts the rows if it is called like this,
# or if they run from the least to the largest without a gap.
IDENTIFIER = re.compile(
    r"(^|[_ .-])(?i:id|key|no|nr|number|index|uuid)$|[a-z](Id|ID|Key|No|Nr|Number)$"
)
MOST_DIGITS = 10  # different numbers that may be codes, as in "1st class"
POWER = r"(?:[eE][-+]?\d+)?\s?"
NUMBER_AS_TEXT = rf"[-+(]?[€$£]?\s?[-+]?\d[\d.,'\s]*{POWER}[-)%€$£]?"  # $5 or 12 % or (5)
UNIT = rf"^[-+\d.,'\s]*\d{POWER}([^\W\d_]{{1,10}})$"  # 5 kg
DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d.*)?"
DAYS = ["ISO8601", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"]
DAYS += ["%d.%m.%y", "%d/%m/%y", "%m/%d/%y"]
FORMATS = DAYS + [f"{day} {time}" for day in DAYS[1:] for time in ("%H:%M", "%H:%M:%S")]


def look(table, words=(), numbers=(), decimals=None):
    """Return what each column is taken for: "name", "kind", "said"; of a date "format", "hours".

    words, numbers: names of the columns that a person has decided about. decimals: what stands
    before them, {column: "point" or "comma"}; entered as "decimal". "exact": only an empty cell is
    a gap of this column.
    """
    return [
        {"name": name}
        | look_at(name, table[name], name in words, name in numbers)
        | ({"decimal": decimals[name]} if name in (decimals or {}) else {})
        | ({"exact": True} if name in words else {})
        for name in table.columns
    ]


def say(columns):
    """Print what the columns are taken for; of a wide table, only the first ones."""
    for column in columns[:SHOWN]:
        print(printable(f"  {column['name']:24} {column['said']}"))
    if len(columns) > SHOWN:
        kinds = Counter(column["kind"] for column in columns)
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        print(f"  and {len(columns) - SHOWN:,} more, see results.json; in all {counts}")


def look_at(name, column, as_words=False, as_numbers=False):
    """Return what one column is taken for; kind is "number", "words", "date" or "left out"."""
    known = column.dropna()
    different, gaps = known.nunique(), len(column) - len(known)
    if as_words:
        return words(known, gaps)
    if different == 0:
        return left_out("it is empty")
    if as_numbers:
        return number(name, known, gaps)
    if different == 1 and not gaps:
        return left_out("it is the same in every row")
    if is_numeric_dtype(column):
        if known.between(19_000_101, 21_001_231).all():
            days = known.astype(int).astype(str)
            if to_dates(days, "%Y%m%d").notna().all():
                refuse(name, "dates", days.iloc[0], "as 2026-01-31")
        if not gaps and different == len(known) and counts_rows(name, known):
            return left_out("a number that only tells rows apart")
        return number(name, known, gaps)

    text = known.astype(str).str.strip()
    odd = text[to_numbers(text).isna()]
    few_odd, code = len(odd) <= (1 - MOSTLY) * len(text), find_code(text)
    if few_odd and not code and not odd.str.fullmatch(NUMBER_AS_TEXT).any():
        return number(name, text, gaps)
    first = text.head(1000)
    if first.str.fullmatch(DATE).mean() >= MOSTLY:
        form = find_format(name, text)
        hours = {"hours": True} if to_dates(text, form).dt.hour.nunique() > 1 else {}
        return {"kind": "date", "format": form, "said": f"dates, {form}{with_gaps(gaps)}"} | hours
    one_unit = first.str.extract(UNIT)[0].value_counts().max() >= MOSTLY * len(first)
    numbers = len(odd) and not code and first.str.fullmatch(NUMBER_AS_TEXT).mean() >= MOSTLY
    if numbers or (one_unit and different > MOST_DIGITS):
        refuse(name, "numbers", odd.iloc[0], "with digits and a point")
    counts = text.value_counts()
    about = f' (no numbers, since one is "{code}": or --numbers)' if few_odd and code else ""
    if counts[counts >= RAREST].sum() < len(column) / 10 and different > RAREST:
        return left_out(f"{different:,} different words, nearly all of them rare{about}")
    found = words(text, gaps)
    return found | {"said": found["said"] + about}


def refuse(name, kind, value, how):
    """End the program with one line, since a value may be what it is not taken for."""
    other = f'--numbers "{name}" (all else is a gap), --words "{name}" or --drop "{name}"'
    fail(f'the column {name} has {kind} such as "{value}". Write them {how}, or add {other}.')


def left_out(why):
    return {"kind": "left out", "said": f"left out: {why}"}


def with_gaps(gaps):
    return f", {gaps:,} gaps" if gaps else ""


def number(name, known, gaps):
    """Return the description of a column of numbers; known: its values."""
    values = to_numbers(known)
    odd, values = known[values.isna()], values.dropna()
    if values.empty:
        return left_out("not one of its values is a number")
    said = f"numbers from {values.min():g} to {values.max():g}" + with_gaps(gaps + len(odd))
    if len(odd):
        said += f', {len(odd):,} of which are no numbers, such as "{odd.iloc[0]}"'
    elif 2 < values.nunique() <= MOST_DIGITS and (values == values.round()).all():
        said += f" ({values.nunique()} different ones: if they are codes, use --words)"
    elif IDENTIFIER.search(name):
        how = "--group" if values.duplicated().any() else "--drop"
        said += f" (if it says whose row this is: {how})"
    return {"kind": "number", "said": said}


def words(known, gaps):
    """Return the description of a column of words; known: its values."""
    counts = to_words(known).value_counts()
    few = ", ".join(sorted(counts.index[:4])) + (", ..." if len(counts) > 4 else "")
    return {"kind": "words", "said": f"{len(counts):,} words: {few[:60]}{with_gaps(gaps)}"}


def counts_rows(name, values):
    """Tell whether numbers that differ in each row are a row's number or name, and no quantity."""
    whole = (values == values.round()).all()
    in_a_row = values.max() - values.min() + 1 == len(values)
    return bool(whole and (in_a_row or IDENTIFIER.search(name)))


def find_format(name, text):
    """Return the one format that fits all dates of a column, or end the program with one line."""
    fitting = {}
    for form in FORMATS:
        if to_dates(text.head(100), form).isna().any() or to_dates(text, form).isna().any():
            continue
        days = to_dates(text, form).to_numpy("datetime64[s]")
        fitting.setdefault(days.tobytes(), form)  # two formats may say the same
    if not fitting:
        fail(
            f'the column {name} has dates and values such as "{find_odd(text)}". Write all of them '
            f'as 2026-01-31, or treat it otherwise: --words "{name}" or --drop "{name}".'
        )
    if len(fitting) > 1:
        fail(
            f'the column {name} may have the day first or the month first: "{text.iloc[0]}". '
            f'Write its dates as 2026-01-31, or leave it out: --drop "{name}".'
        )
    return next(iter(fitting.values()))


def find_odd(text):
    """Return the first value that the format which fits the most dates of a column does not fit."""
    return text[min((to_dates(text, form).isna() for form in FORMATS), key=sum)].iloc[0]


def to_numbers(column):
    """Return a column as numbers, with NaN for what is none and for what is far too large."""
    try:
        values = pd.to_numeric(column, errors="coerce").astype("float64")
    except OverflowError:  # of a whole number that no float can be
        values = pd.to_numeric(column.astype("str"), errors="coerce").astype("float64")
    return values.where(values.abs() <= LARGEST)


def to_words(column):
    """Return a column as words: whole numbers without ".0", and GAP where nothing is known."""
    if is_numeric_dtype(column):
        values = column.astype("float64")
        known = values.dropna()
        if (known == known.round()).all() and (known.abs() < EXACT).all():
            column = values.astype("Int64")
    return column.astype(object).where(column.notna(), GAP).astype(str).str.strip()


def to_dates(column, form):
    """Return a column of text as dates, with NaT for what has another format."""
    return pd.to_datetime(column, format=form, errors="coerce", utc=True)


def to_inputs(table, columns):
    """Return the inputs of the network, by name: arrays of float32, NaN for a gap, or of words.

    A date becomes the days since 2000, which may be a fraction, its month, its day of the week and,
    if the hours of a column differ, its hour.
    """
    inputs = {}
    for column in columns:
        name, values = column["name"], table[column["name"]]
        if column["kind"] == "number":
            inputs[name] = to_numbers(values).to_numpy("float32")
        elif column["kind"] == "words":
            inputs[name] = to_words(values).to_numpy(object)
        elif column["kind"] == "date":
            dates = to_dates(values.astype(object), column["format"])
            inputs[f"{name} (days)"] = ((dates - DAY_0) / pd.Timedelta(days=1)).to_numpy("float32")
            parts = [dates.dt.month_name(), dates.dt.day_name(), dates.dt.hour]
            for part, words in zip(inputs_of(column)[1:], parts, strict=False):
                inputs[part] = to_words(words).to_numpy(object)
    return inputs


def find_words(inputs):
    """Return {input of words: those that become a column of their own, the most frequent first}."""
    found = {}
    for name, values in inputs.items():
        if is_words(values):
            counts = pd.Series(values).value_counts()
            found[name] = list(counts[counts >= RAREST].index[:MOST_WORDS])
    return found


def inputs_of(column):
    """Return the names of the inputs that a column becomes."""
    parts = [" (days)", " (month)", " (weekday)", *[" (hour)"] * bool(column.get("hours"))]
    ends = {"date": parts, "left out": []}
    return [column["name"] + end for end in ends.get(column["kind"], [""])]


def is_words(values):
    return values.dtype == np.dtype(object)
