"""Machinery: exponential smoothing, in which newer values count more.

Level, growth and season follow the newest values a little with each step; how much is estimated,
and which of them there are, added or as factors, is chosen by AICc, on the past alone.
Source: Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed., chapter 8.
Chapter: forecasts/README.md#the-methods
"""

import warnings

import numpy as np
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

MOST = 600  # values, the newest ones, from which it is estimated
LONGEST = 52  # steps of a season
LEAST = 10  # values
MORE = 1.4  # times as many values, with which another form may fit
SMALL = 0.001  # share of the median: what factors take in place of a smaller value, such as 0


class Smoothing:
    """Exponential smoothing of the shortest season."""

    floor = -np.inf  # values below are taken for it

    def enough(self, data):
        return data.series.cuts[0] >= LEAST

    def past(self, data):
        end = data.series.cuts[0]
        self.data, self.first = data, max(end - MOST, 0)
        return self.seen(end)

    def seen(self, end):
        return np.maximum(self.data.values[self.first : end].astype(float), self.floor)

    def fit(self, data):
        """Choose the form, and estimate it: without growth, with it, and where it fades out."""
        self.floor = -np.inf
        values, season = self.past(data), data.series.seasons[0]
        kinds = ["add", "mul"] if values.min() > 0 else ["add"]
        forms = [{"error": kind, "trend": trend} for kind in kinds for trend in (None, "add")]
        if 1 < season <= LONGEST:
            season = {"seasonal_periods": season}
            forms += [form | {"seasonal": form["error"]} | season for form in forms]
            forms = [form for form in forms if len(values) >= least_values(form)]
        fits = [(form, estimate(values, form)) for form in forms]
        best, _ = min(fits, key=criterion)
        if best["trend"]:
            damped = best | {"damped_trend": True}
            fits.append((damped, estimate(values, damped)))
        self.form, self.model = min(fits, key=criterion)
        self.parameters, self.chosen = count(self.form), data.series.cuts[0]
        self.keep_above_zero(values)
        return self

    def keep_above_zero(self, values):
        """Let a form with factors take no value that is 0 or less: one may come later."""
        if self.form["error"] == "mul":
            above = values[values > 0]
            self.floor = min(SMALL * np.median(above), above.min())

    def refit(self, data):
        """Estimate it again; with many more values, choose its form again, too."""
        if data.series.cuts[0] > MORE * self.chosen:
            return self.fit(data)
        self.keep_above_zero(self.past(data))
        self.model = estimate(self.past(data), self.form)
        return self

    def resume(self, form, data):
        """Estimate a form that was chosen before, from other data."""
        self.form, self.chosen = form, np.inf
        return self.refit(data)

    def predict(self, starts):
        """Let level, growth and season follow the values up to each start, and go on from there."""
        values = self.seen(starts[-1])
        kept = self.model.model
        begin = {
            "initial_level": kept.initial_level,
            "initial_trend": kept.initial_trend,
            "initial_seasonal": kept.initial_seasonal,
        }
        model = ETSModel(values, **self.form, initialization_method="known", **begin)
        states = model.smooth(self.model.params).states.reshape(len(values), -1)
        last, ahead = starts - self.first - 1, np.arange(self.data.horizon)
        said = states[last, :1].repeat(len(ahead), axis=1)  # the level
        if self.form["trend"]:
            damping = self.model.damping_trend if "damped_trend" in self.form else 1
            said += states[last, 1:2] * (damping ** (1 + ahead)).cumsum()
        if season := self.form.get("seasonal_periods", 0):
            back = last[:, None] + 1 - season + ahead % season
            known = states[:, -1]
            said = said + known[back] if self.form["seasonal"] == "add" else said * known[back]
        return self.data.original(said)


def estimate(values, form):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the last digits are still moving
        return ETSModel(values, **form, initialization_method="heuristic").fit(disp=False)


def least_values(form):
    """Return from how many values a form can be estimated."""
    return max(LEAST, 2 * form.get("seasonal_periods", 0) + 4)


def count(form):
    """Return how many numbers a form leaves free: weights, the states of the start, variance."""
    trend, season = bool(form["trend"]), form.get("seasonal_periods", 0)
    return 3 + 2 * trend + ("damped_trend" in form) + season  # the seasons add up: one is not free


def criterion(fit):
    """Return AICc; fit: a form and its estimate. Infinite if it has as many numbers as values."""
    form, model = fit
    free, left = count(form), model.nobs - count(form) - 1
    return 2 * (free - model.llf + free * (free + 1) / left) if left > 0 else np.inf
