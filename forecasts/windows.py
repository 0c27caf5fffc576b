"""Machinery of the chapter: the windows of a series, and what a method may know of each.

Chapter: forecasts/README.md#the-methods
"""

from dataclasses import replace

import numpy as np

from forecasts.series import windows
from utils.runs import fail

MOST_DUMMIES = 200  # steps of a season that gets a column for each
WAVES = 3  # in a year: of one, a half and a third of it


class Data:
    """The windows of a series: what is known of each, and what is to be forecast.

    Values are scaled with the mean and standard deviation of the training part, and then taken
    relative to the level of their window, the mean of its past. So a trend cannot lead to values
    that no method has seen.
    """

    def __init__(self, series, history, horizon, scale=None):
        self.series, self.history, self.horizon = series, history, horizon
        if series.log and series.values.min() <= 0:
            fail("--log takes values above 0")
        self.values = np.log(series.values) if series.log else series.values
        past = self.values[: series.cuts[0]]  # the future must not leak into the scale
        self.mean, self.deviation = scale or (past.mean(), past.std() or 1)
        self.scaled = (self.values - self.mean) / self.deviation
        parts = ("train", "validation", "test")
        self.starts = {part: series.starts(part, history, horizon) for part in parts}

    def cut(self, validation, test):
        """Return the same windows in other parts: which begin at these two steps."""
        series = replace(self.series, cuts=(validation, test))
        return Data(series, self.history, self.horizon)

    def original(self, values):
        """Return values of the methods in the units of the series."""
        return np.exp(values) if self.series.log else values

    def seen(self, values):
        """Return values in the units of the series as the methods see them."""
        return np.log(np.maximum(values, 1e-30)) if self.series.log else values

    def mean_change(self):
        """Return by how much values before the validation part change, and in how many steps.

        From season to season, or from step to step if no season repeats with a change. Not of
        logarithms, and of observed values alone: one that was filled agrees with its season.
        """
        past = np.where(self.series.observed, self.series.values, np.nan)[: self.series.cuts[0]]
        for steps in (self.series.seasons[-1], 1):
            changes = np.abs(past[steps:] - past[:-steps])
            if np.nansum(changes) > 0:
                return float(np.nanmean(changes)), steps
        return None, 1

    @property
    def block(self):
        """How many windows count as one, since neighbours are alike: a season, or two horizons."""
        return max(2 * self.horizon, self.series.seasons[-1])

    def level(self, starts):
        return windows(self.scaled, starts - self.history, self.history).mean(axis=1, keepdims=True)

    def past(self, starts):
        """Return the values before each start and whether they fell on holidays: (n, steps, 2)."""
        values = windows(self.scaled, starts - self.history, self.history) - self.level(starts)
        holidays = windows(self.series.holiday, starts - self.history, self.history)
        return np.stack([values, holidays], axis=2)

    def known(self, starts, dummies=True):
        """Return what else is known: (n, columns).

        Level, holidays ahead, values and holidays one season before, and with dummies which step of
        the season the first one is: a column for each, 1 in one of them; of days, with years of
        them, also waves of a year.
        """
        back = starts[:, None] - steps_back(self.series.seasons[-1], self.horizon)
        columns = [
            self.level(starts),
            windows(self.series.holiday, starts, self.horizon),
            self.scaled[back] - self.level(starts),
            self.series.holiday[back],
        ]
        season = max((s for s in self.series.seasons if s <= MOST_DUMMIES), default=1)
        if dummies:
            columns.append(np.eye(season, dtype="float32")[self.place(starts, season)])
        if dummies and self.series.yearly:
            day = self.series.times.day_of_year.to_numpy()[starts, None] / 365.25
            angles = 2 * np.pi * day * np.arange(1, WAVES + 1)
            columns += [np.sin(angles), np.cos(angles)]
        return np.concatenate(columns, axis=1)

    def place(self, steps, season):
        """Return which step of a season each one is, from 0."""
        return (steps + self.series.origin) % season

    def targets(self, starts):
        return windows(self.scaled, starts, self.horizon) - self.level(starts)  # (n, horizon)

    def unscaled(self, outputs, starts):
        """Return what a model predicts in the units of the series: (n, horizon)."""
        outputs = outputs.reshape(len(starts), -1)
        return self.original((outputs + self.level(starts)) * self.deviation + self.mean)


def usual_history(steps, season):
    """Return how many values a method sees by default, of a series of so many steps."""
    return min(max(2 * season, 10), 48, max(steps // 10, 3))


def steps_back(season, horizon):
    """Return for each step ahead how far before the start the same step of a past season lies."""
    ahead = np.arange(horizon)
    return season * (1 + ahead // season) - ahead
