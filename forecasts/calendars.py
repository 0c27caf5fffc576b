"""Machinery: the holidays of a series, from a file or of a country.

Chapter: forecasts/README.md#what-comes-next
"""

import holidays
import pandas as pd

from utils.runs import fail, first_line, read_bytes


def load_days(path):
    """Return the days in a text file, one in each line, or end the program with one line."""
    try:
        lines = read_bytes(path).decode("utf-8-sig").split()
        return tuple(pd.to_datetime(lines, format="%Y-%m-%d"))
    except (OSError, ValueError) as error:
        fail(f"{path} does not hold a day such as 2026-12-25 in each line: {first_line(error)}")


def find_days(country, times):
    """Return the holidays of a country, such as DE, or a part of it, DE-BY, also two years on."""
    name, _, part = country.partition("-")
    years = range(times[0].year, times[-1].year + 3)
    try:
        return tuple(pd.DatetimeIndex(sorted(holidays.country_holidays(name, part or None, years))))
    except NotImplementedError as error:
        fail(f"--country {country}: {first_line(error)}. Name one such as DE, US or DE-BY.")
