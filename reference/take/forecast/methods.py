"""Four ways to go on with a series. Each takes the past, (n,), and returns the next steps."""

import numpy as np
from sklearn.linear_model import RidgeCV


def seasonal_naive(past, steps, season):
    """As a season ago."""
    return np.resize(past[-season:], steps)


def with_drift(past, steps, season):
    """As a season ago, and so much more as the last season lies above the one before."""
    rise = (past[-season:].mean() - past[-2 * season : -season].mean()) / season
    ahead = np.arange(steps)
    return seasonal_naive(past, steps, season) + rise * season * (ahead // season + 1)


def smooth(past, steps, season):
    """The level of the last seasons, with the mean deviation at each place of a season."""
    level = np.convolve(past, np.full(season, 1 / season), "valid")
    places = (np.arange(len(level)) + season - 1) % season
    off = past[season - 1 :] - level
    usual = np.array([off[places == place].mean() for place in range(season)])
    ahead = (len(past) + np.arange(steps)) % season
    return level[-1] + usual[ahead]


def regression(past, steps, season):
    """Ridge regression on the last season: a model for each step ahead, of changes."""
    windows = np.lib.stride_tricks.sliding_window_view(past, season + steps)
    known, ahead = windows[:, :season], windows[:, season:]
    last = known[:, -1:]
    model = RidgeCV(np.logspace(-2, 4, 7)).fit(known - last, ahead - last)
    return past[-1] + model.predict(past[None, -season:] - past[-1])[0]


METHODS = {
    "as a season ago": seasonal_naive,
    "the same with drift": with_drift,
    "level and season": smooth,
    "ridge regression": regression,
}
