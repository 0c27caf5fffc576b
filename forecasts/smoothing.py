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


class Smoothing:
    """Exponential smoothing of the shortest season."""

    def enough(self, data):
        return data.series.cuts[0] >= LEAST

    def past(self, data):
        end = data.series.cuts[0]
        self.data, self.first = data, max(end - MOST, 0)
        return data.values[self.first : end].astype(float)

    def fit(self, data):
        """Choose the form, and estimate it: without growth, with it, and where it fades out."""
        values, season = self.past(data), data.series.seasons[0]
        kinds = ["add", "mul"] if values.min() > 0 else ["add"]
        forms = [{"error": kind, "trend": trend} for kind in kinds for trend in (None, "add")]
        if 1 < season <= LONGEST and len(values) >= 2 * season + 4:
            forms += [
                form | {"seasonal": form["error"], "seasonal_periods": season} for form in forms
            ]
        fits = [(form, estimate(values, form)) for form in forms]
        best, _ = min(fits, key=lambda pair: pair[1].aicc)
        if best["trend"]:
            damped = best | {"damped_trend": True}
            fits.append((damped, estimate(values, damped)))
        self.form, self.model = min(fits, key=lambda pair: pair[1].aicc)
        self.parameters, self.chosen = len(self.model.params), data.series.cuts[0]
        return self

    def refit(self, data):
        """Estimate it again; with many more values, choose its form again, too."""
        if data.series.cuts[0] > MORE * self.chosen:
            return self.fit(data)
        self.model = estimate(self.past(data), self.form)
        return self

    def predict(self, starts):
        """Let level, growth and season follow the values up to each start, and go on from there."""
        values = self.data.values[self.first : starts[-1]].astype(float)
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
