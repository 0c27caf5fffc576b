"""Machinery of the book: the figure of the traffic, as one looks at data before a forecast.

Draws the mean over the hours of the day, for weekdays, weekends and two kinds of holidays; two
weeks; and how many hours of each month are missing. Files how many vehicles these are.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from forecasts.series import TRAFFIC, load_traffic
from utils.figures import LINES

WEEKS = ("2017-11-13", "2017-11-27")  # the second one is that of Thanksgiving
# On these most people are off; on the others that the data name, such as Columbus Day, few are.
OFF = ["New Years Day", "Memorial Day", "Independence Day", "Labor Day", "Thanksgiving Day",
       "Christmas Day"]  # fmt: skip


def kinds_of_days(series):
    """Return {kind of day: which steps belong to it}, without the steps that were filled."""
    table = pd.read_csv(TRAFFIC, parse_dates=["date_time"])
    off = table["date_time"][table["holiday"].isin(OFF)].dt.normalize()
    holiday, weekend = series.holiday > 0, series.times.day_of_week >= 5
    closed = series.times.normalize().isin(off)
    kinds = {
        "Monday to Friday": ~holiday & ~weekend,
        "weekend": ~holiday & weekend,
        "holidays, most are off": holiday & closed,
        "holidays, most work": holiday & ~closed,
    }
    return {name: steps & series.observed for name, steps in kinds.items()}


def draw():
    """Return the figure, and the mean of each hour by kind of day."""
    series = load_traffic()
    figure = plt.figure(figsize=(9, 6.4))
    grid = figure.add_gridspec(2, 2)
    top, left, right = (figure.add_subplot(place) for place in (grid[0, :], grid[1, 0], grid[1, 1]))

    first, last = series.times.searchsorted(WEEKS)
    values = np.where(series.observed, series.values, np.nan)
    top.plot(series.times[first:last], values[first:last])
    top.set(title="Two weeks of November 2017, the second with Thanksgiving on Thursday")
    top.set(ylabel="vehicles an hour")
    means, days, learned = {}, {}, {}
    left.set_prop_cycle(LINES)
    for name, steps in kinds_of_days(series).items():
        by_hour = pd.Series(series.values[steps]).groupby(series.times.hour[steps]).mean()
        means[name] = by_hour.tolist()
        dates = series.times[steps].normalize().unique()
        days[name], learned[name] = len(dates), int((dates < series.times[series.cuts[0]]).sum())
        left.plot(by_hour.index, by_hour, label=name)
    left.set(title="Mean of each hour", xlabel="hour of the day", ylabel="vehicles an hour")
    left.legend(loc="upper left", fontsize=8.5)
    left.set_ylim(0, 9_500)
    missing = pd.Series(~series.observed, index=series.times).resample("MS").mean()
    right.bar(missing.index, 100 * missing, width=25, color="C1")
    right.set(title="Missing hours of each month, in %")
    right.set_xticks(pd.to_datetime(["2016-01", "2017-01", "2018-01"]), [2016, 2017, 2018])
    results = {
        "hours": len(series.values),
        "missing": int((~series.observed).sum()),
        "means": means,
        "days": days,
        "days_of_training": learned,
        "mean": float(series.values[series.observed].mean()),
    }
    return {"traffic": figure}, results
