"""Files as people have them: what is read is what was meant, or one line says why it cannot be."""

import io
import random
import re

import numpy as np
import pandas as pd
import pytest

from mlp.tables import columns
from utils import tables

ROWS = 40
MARKS = {".": ["", ",", " ", "\u00a0", "'"], ",": ["", ".", " ", "\u202f", "'"]}  # of thousands
DATES = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y-%m-%dT%H:%M:%S", "%Y%m%d"]
UNITS = ["{}"] * 16 + ["{} kg", "{}%", "$ {}", "{} EUR"]
GAPS = ["", " ", "NA", "n/a", "?", "-", "#N/A", "NULL"]
WORDS, NUMBERS = ["oops", "3.5 stars"], ["(12.5)", "7-", "€9", "1.2.3"]  # may be meant as some
TITLE = "Umsatz 2024\n"


def write_number(value, decimal, thousands, form):
    """Return a number as somebody would write it."""
    text = f"{value:{form}}"
    return text.replace(",", "_").replace(".", decimal).replace("_", thousands)


def invent(pick):
    """Return a true table, the same as somebody would write it, and whether it must be refused."""
    decimal = pick.choice([".", ","])
    thousands, form, unit = pick.choice(MARKS[decimal]), pick.choice(DATES), pick.choice(UNITS)
    truth, written = {}, {}
    refused = unit != "{}" or form == "%Y%m%d"
    for name, most in (("Preis (€)", 10 ** pick.randint(1, 7)), ("km/h", 10 ** pick.randint(1, 4))):
        how = pick.choice([f",.{digits}f" for digits in range(4)] * 2 + [".3e"])
        most *= 10.0 ** pick.randint(-12, 12) if how == ".3e" else 1
        values = [float(f"{pick.uniform(-most / 5, most):{how[-3:]}}") for _ in range(ROWS)]
        texts = [write_number(value, decimal, thousands, how) for value in values]
        if name == "km/h":
            texts = [unit.format(text) for text in texts]
        for row in pick.sample(range(ROWS), pick.choice([0, 0, 5])):
            values[row], texts[row] = np.nan, pick.choice(GAPS)
        for row in pick.sample(range(ROWS), pick.choice([0] * 6 + [2])):
            values[row], texts[row] = np.nan, pick.choice(WORDS + NUMBERS)
        refused |= is_open(texts) or not {*NUMBERS}.isdisjoint(texts)
        truth[name], written[name] = values, texts
    first = pd.Timestamp("2024-01-01") + pd.Timedelta(days=pick.randint(0, 900))
    days = [first + pd.Timedelta(days=pick.randint(0, 300)) for _ in range(ROWS)]
    truth["Tag"], written["Tag"] = days, [day.strftime(form) for day in days]
    refused |= form in DATES[2:4] and all(day.day <= 12 for day in days)
    truth["Nr."] = [f"{pick.randint(0, 999):05}" for _ in range(ROWS)]
    truth["KundenId"] = [str(number) for number in pick.sample(range(1000, 9999), ROWS)]
    words = ["rot", "grün; blau", 'a "b", c', "Straße\nWien"]
    truth["Wort"] = [pick.choice(words) for _ in range(ROWS)]
    blanks = pick.choice(["", "", "", " "])
    for name in truth:
        written[name] = [f"{blanks}{text}{blanks}" for text in written.get(name, truth[name])]
    return truth, pd.DataFrame(written), refused


def is_open(texts):
    """Tell whether marks may be of decimals or of thousands, and hardly a text tells which."""
    digits = [re.sub("[ \u00a0\u202f']", "", text) for text in texts]
    marked = [text for text in digits if re.search(r"\d[.,]|[.,]\d", text)]
    both = [text for text in marked if re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", text)]
    clear = sum(not {*text} - {*"-+.,e0123456789"} for text in marked) - len(both)
    return bool(both) and clear < 2


def write(truth, written, pick, path):
    """Write a table in one of many forms; return its encoding, and what it begins with."""
    if pick.random() < 0.1:
        pd.DataFrame(truth).to_excel(path, index=False, engine="openpyxl")
        return None, "Excel"
    separator, encoding = (
        pick.choice(",;\t|"),
        pick.choice(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    )
    first = pick.choice([""] * 6 + ["\n", f"sep={separator}\n", f"{separator * 5}\n", TITLE])
    text = io.StringIO()
    written.to_csv(text, index=False, sep=separator, lineterminator=pick.choice(["\n", "\r\n"]))
    text = first + text.getvalue()
    if "\u202f" in text and encoding == "cp1252":  # which cannot write it
        encoding = "utf-8"
    path.write_bytes(text.encode(encoding))
    return encoding, first


def check(number, path):
    """Return 1 if an invented file is read as it was meant, or 0 if it ends with one line.

    It must end so if there is something in it that may mean two things, and only then.
    """
    pick = random.Random(number)
    truth, written, refused = invent(pick)
    encoding, first = write(truth, written, pick, path)
    named = encoding if encoding == "cp1252" and pick.random() < 0.8 else None
    refused |= first == TITLE or (encoding == "cp1252" and not named)
    refused &= first != "Excel"  # there, numbers are numbers and days are days
    try:
        texts, _, _ = tables.read_rows(path, named)
        values, decimals = tables.read_values(texts)
        found = {one["name"]: one for one in columns.look(values, decimals=decimals)}
    except SystemExit as end:
        assert isinstance(end.code, str) and "\n" not in end.code
        assert refused, (number, end.code)
        return 0
    assert not refused, number
    assert list(texts.columns) == list(truth)
    for name in ("Nr.", "KundenId", "Wort"):
        assert texts[name].tolist() == truth[name]
    assert found["Wort"]["kind"] == "words" and found["Nr."]["kind"] != "number"
    assert found["KundenId"]["kind"] == "left out"
    for name in ("Preis (€)", "km/h"):
        assert found[name]["kind"] == "number", (number, found[name])
        read = columns.to_numbers(values[name])
        np.testing.assert_allclose(read, truth[name], rtol=1e-9)
        odd = ~values[name].isna() & read.isna()
        assert not odd.any() or f"{odd.sum()} of which are no numbers" in found[name]["said"]
    read = columns.to_dates(values["Tag"].astype(object), found["Tag"]["format"])
    assert read.dt.tz_localize(None).tolist() == truth["Tag"]
    return 1


@pytest.mark.parametrize(
    "numbers", [range(50), pytest.param(range(50, 500), marks=pytest.mark.slow)]
)
def test_no_file_is_read_as_something_else(numbers, tmp_path):
    read = sum(check(number, tmp_path / "file.csv") for number in numbers)
    assert 0.2 < read / len(numbers) < 0.8  # both happen
