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
from sklearn.preprocessing import OneHotEncoder

from series import windows

UNITS = 32  # of a recurrent layer; filters of a convolution
EPOCHS = 12  # at most: what is kept is the epoch with the lowest validation loss
PATIENCE = 3  # epochs without progress, after which a training ends
JIT = True
BATCH_SIZE = 256
LEARNING_RATE = 0.003
MOST_ROWS = 100_000  # from which the trees learn
ALPHAS = [1, 10, 100, 1_000]  # how much ridge regression shrinks its weights


class Data:
    """The windows of a series: what is known of each, and what is to be forecast."""

    def __init__(self, series, history, horizon, epochs=EPOCHS):
        self.series, self.history, self.horizon, self.epochs = series, history, horizon, epochs
        self.mean, self.deviation = series.scale
        self.scaled = (series.values - self.mean) / self.deviation
        self.calendar = series.calendar
        parts = ("train", "validation", "test")
        self.starts = {part: series.starts(part, history, horizon) for part in parts}

    def past(self, starts):
        """Return the values before each start and whether they fell on holidays: (n, steps, 2)."""
        channels = np.stack([self.scaled, self.series.holiday], axis=1)
        return windows(channels, starts - self.history, self.history)

    def season_before(self, array, starts):
        """Return the rows of an array one long season before what is to be forecast: (n, steps)."""
        return array[starts[:, None] - steps_back(self.series.seasons[-1], self.horizon)]

    def known(self, starts):
        """Return the calendar at the start, holidays ahead, and the season before: (n, columns)."""
        return np.concatenate(
            [
                self.calendar[starts],
                windows(self.series.holiday, starts, self.horizon),
                self.season_before(self.scaled, starts),
                self.season_before(self.series.holiday, starts),
            ],
            axis=1,
        )

    def targets(self, starts):
        return windows(self.scaled, starts, self.horizon)  # (n, horizon)

    def unscaled(self, forecasts):
        return forecasts * self.deviation + self.mean


def steps_back(season, horizon):
    """Return for each step ahead how far before the start the same step of a known season lies."""
    ahead = np.arange(horizon)
    return season * (1 + ahead // season) - ahead


def seasonal_naive(season, data, seed):
    """Say what was one season before; with a season of 1, the last value goes on."""
    back = steps_back(season, data.horizon)
    return lambda starts: data.series.values[starts[:, None] - back], 0


def linear(data, seed, dummies=False):
    """Weigh all values of the window; with dummies, each step of the season has its own level."""
    season = data.series.seasons[-1]
    encoder = OneHotEncoder(categories=[np.arange(season)], sparse_output=False)

    def inputs(starts):
        parts = [data.past(starts)[:, :, 0], data.known(starts)]
        if dummies:
            parts += [encoder.fit_transform(starts[:, None] % season)]
        return np.concatenate(parts, axis=1)

    def error(model):
        starts = data.starts["validation"]
        return np.abs(model.predict(inputs(starts)) - data.targets(starts)).mean()

    x, y = inputs(data.starts["train"]), data.targets(data.starts["train"])
    best = min((Ridge(alpha).fit(x, y) for alpha in ALPHAS), key=error)
    parameters = best.coef_.size + best.intercept_.size
    return lambda starts: data.unscaled(best.predict(inputs(starts))), parameters


def boosting(data, seed):
    """Grow trees, each to mend what those before get wrong. One row per window and step ahead."""
    ahead = np.arange(data.horizon)

    def inputs(starts):
        """Return what is known about each step ahead: (windows * horizon, columns)."""
        steps = starts[:, None] + ahead  # (windows, horizon)
        columns = [np.broadcast_to(ahead, steps.shape), data.series.holiday[steps]]
        columns += [steps % season for season in data.series.seasons]
        for season in data.series.seasons:
            columns.append(data.series.values[starts[:, None] - steps_back(season, data.horizon)])
        last = windows(data.series.values, starts - 3, 3)[:, None]  # the same for all steps
        table = np.concatenate(
            [np.stack(columns, axis=2), np.broadcast_to(last, (*steps.shape, 3))], axis=2
        )
        return table.reshape(-1, table.shape[-1])

    x = inputs(data.starts["train"])
    y = data.targets(data.starts["train"]).reshape(-1)
    some = np.random.default_rng(seed).permutation(len(x))[:MOST_ROWS]
    trees = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=300, learning_rate=0.1, random_state=seed
    )
    trees.fit(x[some], y[some])

    def forecast(starts):
        return data.unscaled(trees.predict(inputs(starts)).reshape(len(starts), -1))

    return forecast, None  # trees have no parameters to count


def perceptron(past):
    x = layers.Flatten()(past)
    return layers.Dense(128, activation="relu")(x)


def dilated_convolution(past):
    """Look 1, 2, 4, 8 ... steps apart, so that few layers see the whole window."""
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


def network(read, data, seed):
    """Train a network, and keep its weights of the epoch with the lowest validation loss."""
    keras.utils.set_random_seed(seed)
    model = build_network(read, data)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss="mae", jit_compile=JIT)

    def inputs(starts):
        return [data.past(starts), data.known(starts)]

    def forecast(starts):
        return data.unscaled(model.predict(inputs(starts), batch_size=512, verbose=0))

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
