"""Machinery of the chapter: ways to forecast without a network, the simplest first, and their data.

A method is an object. `fit(data)` learns from the training windows; then `predict(starts)`
forecasts the windows that begin at these steps, in the units of the series: (windows, horizon).
What learns tries each setting of its `grid`, and the validation part chooses. Then `refit(data)`
learns from data without a validation part, with what that part chose before.
Chapter: forecasts/README.md#the-methods
"""

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits  # scikit-learn brings it

from forecasts.series import windows
from utils.comparisons import tune
from utils.runs import fail

LEAST_WINDOWS = {"train": 30, "validation": 3, "test": 3}
MOST_DUMMIES = 200  # steps of a season that gets a column for each
MOST_ROWS = 100_000  # that the trees learn from
# What is tried; the validation part chooses, for each method.
ALPHAS = [0.01, 0.1, 1, 10, 100, 1_000]  # how much ridge regression shrinks its weights
TREES = {"learning_rate": [0.03, 0.1, 0.3], "max_leaf_nodes": [31, 63, 127, 255]}


class Data:
    """The windows of a series: what is known of each, and what is to be forecast.

    Values are scaled with the mean and standard deviation of the training part, and then taken
    relative to the level of their window, the mean of its past. So a trend cannot lead to values
    that no method has seen.
    """

    def __init__(self, series, history, horizon, scale=None):
        self.series, self.history, self.horizon = series, history, horizon
        self.mean, self.deviation = scale or series.scale
        self.scaled = (series.values - self.mean) / self.deviation
        parts = ("train", "validation", "test")
        self.starts = {part: series.starts(part, history, horizon) for part in parts}

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
        the season the first one is: a column for each, 1 in one of them.
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
        return np.concatenate(columns, axis=1)

    def place(self, steps, season):
        """Return which step of a season each one is, from 0."""
        return (steps + self.series.origin) % season

    def targets(self, starts):
        return windows(self.scaled, starts, self.horizon) - self.level(starts)  # (n, horizon)

    def unscaled(self, outputs, starts):
        """Return what a model predicts in the units of the series: (n, horizon)."""
        outputs = outputs.reshape(len(starts), -1)
        return (outputs + self.level(starts)) * self.deviation + self.mean


def check_length(data):
    """End the program with one line if a part of the series is too short, or not observed.

    If it only leaves fewer than ten of the blocks that bootstrap draws, say so.
    """
    for part, least in LEAST_WINDOWS.items():
        starts = data.starts[part]
        if len(starts) < least:
            fail(
                f"{len(data.series.values)} steps are too few: the {part} part holds "
                f"{len(starts)} windows of {data.history} steps and {data.horizon} to forecast, "
                f"and should hold {least}. Try a shorter --history, --season, --horizon."
            )
        seen = windows(data.series.observed, starts, data.horizon).sum(axis=0).min()
        if seen < least:  # at a step ahead, which would then have no interval
            fail(f"the {part} part has values in {seen} of its windows, and should in {least}.")
    if min(len(data.starts[part]) for part in ("validation", "test")) < 10 * data.block:
        print("Few windows: the intervals are too narrow. Trust large differences only.")


def steps_back(season, horizon):
    """Return for each step ahead how far before the start the same step of a past season lies."""
    ahead = np.arange(horizon)
    return season * (1 + ahead // season) - ahead


class SeasonalNaive:
    """Repeats what was one season before; a season of 1 repeats the last value."""

    parameters = 0

    def __init__(self, season):
        self.season = season

    def fit(self, data):
        self.data = data
        return self

    refit = fit

    def predict(self, starts):
        back = steps_back(self.season, self.data.horizon)
        return self.data.series.values[starts[:, None] - back]


class Learner:
    """What all methods that learn share: their model predicts relative and scaled values.

    `train(**setting)` makes it: it returns the model and its validation error.
    """

    def fit(self, data):
        """Try each setting of the grid, and keep the model with the lowest validation error."""
        self.data, models = data, {}

        def validation_error(**setting):
            models[str(setting)], error = self.train(**setting)
            return error

        self.tuned = tune(validation_error, self.grid)
        self.model = models[str(self.tuned["best"])]
        return self

    def settle(self, other):
        """Try no setting but the one that another of its kind has found the best."""
        self.grid = {name: [value] for name, value in other.tuned["best"].items()}

    def validation_error(self, model):
        """Return the mean absolute error of a model on the validation part, scaled."""
        starts = self.data.starts["validation"]
        truth = self.data.targets(starts)
        return np.abs(model.predict(self.inputs(starts)).reshape(truth.shape) - truth).mean()

    def predict(self, starts):
        return self.data.unscaled(self.model.predict(self.inputs(starts)), starts)


class Linear(Learner):
    """Weighs all values of the window; with dummies, each step of the season has its own level."""

    def __init__(self, dummies=True):
        self.dummies, self.grid = dummies, {"alpha": ALPHAS}

    def inputs(self, starts):
        past, known = self.data.past(starts), self.data.known(starts, self.dummies)
        return np.concatenate([past.reshape(len(starts), -1), known], axis=1, dtype="float64")

    def train(self, alpha):
        starts = self.data.starts["train"]
        model = Ridge(alpha).fit(self.inputs(starts), self.data.targets(starts))
        self.parameters = model.coef_.size + self.data.horizon
        return model, self.validation_error(model)

    def refit(self, data):
        self.data, starts = data, data.starts["train"]
        self.model = clone(self.model).fit(self.inputs(starts), data.targets(starts))
        return self


class Boosting(Learner):
    """Grows trees, each to correct those before. One row per window and step ahead."""

    parameters = None  # trees have none to count

    def __init__(self, seed=1):
        self.seed, self.grid = seed, TREES

    def inputs(self, starts):
        """Return what is known about each step ahead: (windows * horizon, columns)."""
        data, ahead = self.data, np.arange(self.data.horizon)
        steps = starts[:, None] + ahead  # (windows, horizon)
        level = data.level(starts)  # (windows, 1)
        columns = [ahead, data.series.holiday[steps], level]
        columns += [data.place(steps, season) for season in data.series.seasons]
        for season in data.series.seasons:
            columns += [data.scaled[starts[:, None] - steps_back(season, data.horizon)] - level]
        # The last three values; before the first step of training there may be fewer.
        recent = range(1, 1 + min(3, max(data.history, data.series.seasons[-1])))
        columns += [data.scaled[starts - back, None] - level for back in recent]
        columns = [np.broadcast_to(column, steps.shape).reshape(-1) for column in columns]
        return np.stack(columns, axis=1)

    def train(self, **setting):
        model = HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=300,
            early_stopping=False,  # it would hold out rows at random: of the same hours
            random_state=self.seed,
            **setting,
        )
        self.grow(model)
        return model, self.validation_error(model)

    def grow(self, model):
        """Let a model without trees learn."""
        starts = self.data.starts["train"]
        x, y = self.inputs(starts), self.data.targets(starts).reshape(-1)
        some = np.random.default_rng(self.seed).permutation(len(x))[:MOST_ROWS]
        with threadpool_limits(1):  # several wait for each other where other programs run
            model.fit(x[some], y[some])

    def refit(self, data):
        self.data, self.model = data, clone(self.model)
        self.grow(self.model)
        return self
