"""Machinery: what is wrong with a table, said in one line, or repaired from the past.

Chapter: forecasts/README.md#your-own-series
"""

import numpy as np
import pandas as pd

from utils.runs import fail

# The usual distance of two rows: its name, how to round times to it, the usual seasons in steps.
STEPS = {"hourly": ("h", (24, 168)), "daily": ("D", (7,)), "weekly": ("W", (52,)),
         "monthly": ("M", (12,))}  # fmt: skip


def parse_times(column, notes):
    """Return the times of a column of text; those with a time zone become UTC."""
    if column.isna().any():
        fail(f"row {column.isna().argmax() + 2} has no time")
    zoned = column.str.contains(r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})\s*$", regex=True)
    if zoned.any():
        notes.append("The times have a time zone and were converted to UTC.")
    # Some rows in summer time and some in winter time can only meet in UTC.
    times = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=bool(zoned.any()))
    if times.isna().any():
        times = pd.to_datetime(column, errors="coerce", format="mixed", utc=bool(zoned.any()))
    if times.isna().any():
        row = times.isna().argmax()
        fail(f"row {row + 2}: {column.iloc[row]!r} is not a time such as 2026-11-25 14:00")
    return pd.DatetimeIndex(times).tz_localize(None)


def parse_values(column):
    """Return the numbers of a column of text, NaN where it is empty or infinite."""
    values = pd.to_numeric(column, errors="coerce")
    text = values.isna() & column.notna()
    if text.any():
        row = text.argmax()
        fail(f"row {row + 2}: {column.iloc[row]!r} is not a number. Leave what is missing empty.")
    return values.where(np.isfinite(values))


def find_step(times):
    """Return the name of the usual distance of two rows, a key of STEPS."""
    gaps = pd.Series(times).diff().dropna()
    gaps = gaps[gaps > pd.Timedelta(0)]
    if gaps.empty:
        fail("all rows have the same time")
    hours = gaps.median() / pd.Timedelta(hours=1)
    for name, usual in {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 730}.items():
        if abs(hours / usual - 1) < 0.1:
            return name
    return fail(f"the rows are {hours:g} hours apart, but should be hourly, daily, weekly, monthly")


def fill(values, seasons):
    """Fill gaps with the value one season before. Never with a later one: that would be a leak.

    Taken is the longest season for which there is a value; without one, the last value goes on.
    Only before the first value there is nothing but the first value.
    """
    for step in np.flatnonzero(np.isnan(values)):
        back = max((season for season in seasons if season <= step), default=1)
        values[step] = values[max(step - back, 0)]
    return pd.Series(values).bfill().to_numpy()
