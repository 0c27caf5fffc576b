"""Ways to forecast a series, from the last value to an LSTM, the simplest first.

Each method is a function of the data and a seed. It learns from the training windows and returns
a function that forecasts the windows which begin at given steps, in the units of the series.
Chapter: rnn/README.md#the-methods
"""

import keras
import numpy as np
from keras import layers
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from series import windows

UNITS = 32  # of a recurrent layer; filters of a convolution
EPOCHS = 12  # at most: what is kept is the epoch with the lowest validation loss
PATIENCE = 3  # epochs without progress before training ends
# Compiled by XLA, a recurrent layer takes less time on TensorFlow. PyTorch has no XLA.
JIT = True if keras.config.backend() == "tensorflow" else "auto"
BATCH_SIZE = 256
LEARNING_RATE = 0.003
MOST_DUMMIES = 200  # steps of a season that gets a column for each
MOST_ROWS = 100_000  # that the trees learn from
ALPHAS = [1, 10, 100, 1_000]  # how much ridge regression shrinks its weights


class Data:
    """The windows of a series: what is known of each, and what is to be forecast.

    Values are scaled with the mean and standard deviation of the training part, and then taken
    relative to the level of their window, the mean of its past. So a trend cannot lead to values
    that no method has seen.
    """

    def __init__(self, series, history, horizon, epochs=EPOCHS):
        self.series, self.history, self.horizon, self.epochs = series, history, horizon, epochs
        self.mean, self.deviation = series.scale
        self.scaled = (series.values - self.mean) / self.deviation
        parts = ("train", "validation", "test")
        self.starts = {part: series.starts(part, history, horizon) for part in parts}

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
            columns.append(np.eye(season, dtype="float32")[starts % season])
        return np.concatenate(columns, axis=1)

    def targets(self, starts):
        return windows(self.scaled, starts, self.horizon) - self.level(starts)  # (n, horizon)

    def unscaled(self, answers, starts):
        """Return what a method answers in the units of the series: (n, horizon)."""
        return (answers + self.level(starts)) * self.deviation + self.mean


def steps_back(season, horizon):
    """Return for each step ahead how far before the start the same step of a past season lies."""
    ahead = np.arange(horizon)
    return season * (1 + ahead // season) - ahead


def seasonal_naive(season, data, seed):
    """Repeat what was one season before; a season of 1 repeats the last value."""
    back = steps_back(season, data.horizon)
    return lambda starts: data.series.values[starts[:, None] - back], 0


def linear(data, seed, dummies=False):
    """Weigh all values of the window; with dummies, each step of the season has its own level."""

    def inputs(starts):
        return np.concatenate([data.past(starts)[:, :, 0], data.known(starts, dummies)], axis=1)

    def answer(model, starts):
        return model.predict(inputs(starts)).reshape(len(starts), -1)

    def error(model):
        starts = data.starts["validation"]
        return np.abs(answer(model, starts) - data.targets(starts)).mean()

    x, y = inputs(data.starts["train"]), data.targets(data.starts["train"])
    best = min((Ridge(alpha).fit(x, y) for alpha in ALPHAS), key=error)

    def forecast(starts):
        return data.unscaled(answer(best, starts), starts)

    return forecast, best.coef_.size + data.horizon


def boosting(data, seed):
    """Grow trees, each to correct those before. One row per window and step ahead."""
    ahead = np.arange(data.horizon)
    recent = range(1, 1 + min(3, data.starts["train"].min()))  # steps back; there may be fewer

    def inputs(starts):
        """Return what is known about each step ahead: (windows * horizon, columns)."""
        steps = starts[:, None] + ahead  # (windows, horizon)
        level = data.level(starts)  # (windows, 1)
        columns = [ahead, data.series.holiday[steps], level]
        columns += [steps % season for season in data.series.seasons]
        for season in data.series.seasons:
            back = starts[:, None] - steps_back(season, data.horizon)
            columns += [data.scaled[back] - level]
        columns += [data.scaled[starts - back, None] - level for back in recent]
        columns = [np.broadcast_to(column, steps.shape).reshape(-1) for column in columns]
        return np.stack(columns, axis=1)

    x = inputs(data.starts["train"])
    y = data.targets(data.starts["train"]).reshape(-1)
    some = np.random.default_rng(seed).permutation(len(x))[:MOST_ROWS]
    trees = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=300, learning_rate=0.1, random_state=seed
    ).fit(x[some], y[some])

    def forecast(starts):
        return data.unscaled(trees.predict(inputs(starts)).reshape(len(starts), -1), starts)

    return forecast, None  # trees have no parameters to count


def perceptron(past):
    x = layers.Flatten()(past)
    return layers.Dense(128, activation="relu")(x)


def dilated_convolution(past):
    """Look 1, 2, 4, 8 ... steps apart, so a few layers see the whole window."""
    x = past
    for power in range(20):
        dilation = 2**power
        if dilation >= past.shape[1]:
            break
        options = {"padding": "causal", "dilation_rate": dilation, "activation": "relu"}
        x = layers.Conv1D(UNITS, 2, **options)(x)
    return x[:, -1]


def gru(past):
    return layers.GRU(UNITS)(past)


def lstm(past):
    return layers.LSTM(UNITS)(past)


def build_network(read, data, outputs=None):
    """Return a network that reads the past, adds what is known in advance, and answers."""
    starts = data.starts["train"][:1]
    past = keras.Input(data.past(starts).shape[1:])
    known = keras.Input(data.known(starts).shape[1:])
    x = layers.Concatenate()([read(past), known])
    x = layers.Dense(64, activation="relu")(x)
    return keras.Model([past, known], layers.Dense(outputs or data.horizon)(x))


def network(read, data, seed, loss="mae", outputs=None):
    """Train a network, and keep the weights of the epoch with the lowest validation loss."""
    keras.utils.set_random_seed(seed)
    model = build_network(read, data, outputs)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=loss, jit_compile=JIT)

    def inputs(starts):
        return [data.past(starts), data.known(starts)]

    def forecast(starts):
        return data.unscaled(model.predict(inputs(starts), batch_size=512, verbose=0), starts)

    train, validation = data.starts["train"], data.starts["validation"]
    model.fit(
        inputs(train),
        data.targets(train),
        batch_size=BATCH_SIZE,
        epochs=data.epochs,
        validation_data=(inputs(validation), data.targets(validation)),
        callbacks=[keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)],
        verbose=0,
    )
    return forecast, model.count_params()
