"""Files as people have them: what is read is what was meant, or one line says why it cannot be."""

import io
import random

import numpy as np
import pandas as pd
import pytest

from mlp.tables import columns
from utils import tables

ROWS = 40
MARKS = {".": ["", ",", " ", "\u00a0", "'"], ",": ["", ".", " ", "\u202f", "'"]}  # of thousands
DATES = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y-%m-%dT%H:%M:%S", "%Y%m%d"]
UNITS = ["{}"] * 16 + ["{} kg", "{}%", "$ {}", "{} EUR"]
GAPS = ["", "NA", "n/a", "?", "-", "#N/A", "NULL"]
ODD = ["oops", "3.5 stars", "(12.5)", "7-", "€9", "1.2.3"]


def write_number(value, decimal, thousands, digits):
    """Return a number as somebody would write it."""
    text = f"{value:,.{digits}f}"
    return text.replace(",", "_").replace(".", decimal).replace("_", thousands)


def invent(pick):
    """Return a true table, as numbers, dates and texts, and the same as somebody would write it."""
    decimal = pick.choice([".", ","])
    thousands, form, unit = pick.choice(MARKS[decimal]), pick.choice(DATES), pick.choice(UNITS)
    truth, written = {}, {}
    for name, most in (("Preis (€)", 10 ** pick.randint(1, 7)), ("km/h", 10 ** pick.randint(1, 4))):
        digits = pick.choice([0, 1, 2, 3])
        values = [round(pick.uniform(-most / 5, most), digits) for _ in range(ROWS)]
        texts = [write_number(value, decimal, thousands, digits) for value in values]
        if name == "km/h":
            texts = [unit.format(text) for text in texts]
        for row in pick.sample(range(ROWS), pick.choice([0, 0, 5])):
            values[row], texts[row] = np.nan, pick.choice(GAPS)
        for row in pick.sample(range(ROWS), pick.choice([0] * 6 + [2])):
            values[row], texts[row] = np.nan, pick.choice(ODD)
        truth[name], written[name] = values, texts
    first = pd.Timestamp("2024-01-01") + pd.Timedelta(days=pick.randint(0, 900))
    days = [first + pd.Timedelta(days=pick.randint(0, 300)) for _ in range(ROWS)]
    truth["Tag"], written["Tag"] = days, [day.strftime(form) for day in days]
    truth["Nr."] = written["Nr."] = [f"{pick.randint(0, 999):05}" for _ in range(ROWS)]
    words = ["rot", "grün; blau", 'a "b", c', "Straße\nWien"]
    truth["Wort"] = written["Wort"] = [pick.choice(words) for _ in range(ROWS)]
    return truth, pd.DataFrame(written), unit


def write(written, pick, path):
    """Write a table as CSV in one of many forms; return its encoding, and what it begins with."""
    separator, encoding = (
        pick.choice(",;\t|"),
        pick.choice(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    )
    first = pick.choice(
        [""] * 6 + ["\n", f"sep={separator}\n", f"{separator * 4}\n", "Umsatz 2024\n"]
    )
    text = io.StringIO()
    written.to_csv(text, index=False, sep=separator, lineterminator=pick.choice(["\n", "\r\n"]))
    text = first + text.getvalue()
    if "\u202f" in text and encoding == "cp1252":  # which cannot write it
        encoding = "utf-8"
    path.write_bytes(text.encode(encoding))
    return encoding, first


def check(number, path):
    """Return 1 if an invented file is read as it was meant, or 0 if it ends with one line."""
    pick = random.Random(number)
    truth, written, unit = invent(pick)
    encoding, first = write(written, pick, path)
    encoding = encoding if encoding == "cp1252" and pick.random() < 0.8 else None
    try:
        texts, _, _ = tables.read_rows(path, encoding)
        values, decimals = tables.read_values(texts)
        found = {one["name"]: one for one in columns.look(values, decimals=decimals)}
    except SystemExit as end:
        assert isinstance(end.code, str) and "\n" not in end.code
        return 0
    assert "Umsatz" not in first and unit == "{}"
    assert list(texts.columns) == list(truth)
    assert texts["Nr."].tolist() == truth["Nr."] and texts["Wort"].tolist() == truth["Wort"]
    assert found["Wort"]["kind"] == "words" and found["Nr."]["kind"] != "number"
    for name in ("Preis (€)", "km/h"):
        assert found[name]["kind"] in ("number", "left out"), found[name]
        if found[name]["kind"] == "number":
            read = columns.to_numbers(values[name])
            np.testing.assert_allclose(read, truth[name], rtol=1e-9)
            odd = ~values[name].isna() & read.isna()
            assert not odd.any() or f"{odd.sum()} of which are no numbers" in found[name]["said"]
    read = columns.to_dates(values["Tag"].astype(object), found["Tag"]["format"])
    assert read.dt.tz_localize(None).tolist() == truth["Tag"]
    return 1


@pytest.mark.parametrize(
    "numbers", [range(200), pytest.param(range(200, 3000), marks=pytest.mark.slow)]
)
def test_no_file_is_read_as_something_else(numbers, tmp_path):
    read = sum(check(number, tmp_path / "file.csv") for number in numbers)
    assert 0.2 < read / len(numbers) < 0.8  # both happen
