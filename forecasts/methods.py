"""Machinery of the chapter: ways to forecast without a network, the simplest first.

A method is an object. `fit(data)` learns from the training windows; then `predict(starts)`
forecasts the windows that begin at these steps, in the units of the series: (windows, horizon).
What learns tries each setting of its `grid`, and the validation part chooses. Then `refit(data)`
learns from data without a validation part, with what that part chose before, and
`enough(data)` tells whether there is enough to learn from.
Chapter: forecasts/README.md#the-methods
"""

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits  # scikit-learn brings it

from forecasts.windows import steps_back
from utils.comparisons import tune

LEAST_WINDOWS = 20  # to learn from
MOST_ROWS = 100_000  # that the trees learn from
# What is tried; the validation part chooses, for each method.
ALPHAS = [0.01, 0.1, 1, 10, 100, 1_000]  # how much ridge regression shrinks its weights
TREES = {"learning_rate": [0.03, 0.1, 0.3], "max_leaf_nodes": [31, 63, 127, 255]}


class SeasonalNaive:
    """Repeats what was one season before; a season of 1 repeats the last value.

    With drift it adds by how much the past has risen from season to season, on average.
    """

    parameters, step = 0, 0.0

    def __init__(self, season, drift=False):
        self.season, self.drift = season, drift

    def enough(self, data):
        return (1 + self.drift) * self.season <= data.series.cuts[0]

    def fit(self, data):
        self.data = data
        if self.drift:
            past = data.values[: data.series.cuts[0]]
            self.step = (past[self.season :] - past[: -self.season]).mean()
        return self

    refit = fit

    def predict(self, starts):
        back = steps_back(self.season, self.data.horizon)
        drift = self.step * (1 + np.arange(self.data.horizon) // self.season)
        return self.data.original(self.data.values[starts[:, None] - back] + drift)


class Learner:
    """What all methods that learn share: their model predicts relative and scaled values.

    `train(**setting)` makes it: it returns the model and its validation error. `where` names the
    constant that is its grid.
    """

    def enough(self, data):
        return len(data.starts["train"]) >= LEAST_WINDOWS and len(data.starts["validation"]) > 0

    def fit(self, data):
        """Try each setting of the grid, and keep the model with the lowest validation error."""
        self.data, models = data, {}

        def validation_error(**setting):
            models[str(setting)], error = self.train(**setting)
            return error

        self.tuned = tune(validation_error, self.grid, self.where)
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

    where = "ALPHAS in forecasts/methods.py"

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

    parameters, dear = None, True  # trees have no parameters to count
    where = "TREES in forecasts/methods.py"

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
