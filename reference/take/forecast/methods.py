"""Four ways to go on with a series, and how far they were off.

Each takes the past, (n,), and returns the next steps.
"""

import numpy as np
from sklearn.linear_model import RidgeCV

ORIGINS = 20  # places of the past from which all methods forecast, at most
FEWEST = 10  # errors of a step, for an interval
SHARE = 0.8  # of what comes is to lie in the interval


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


def fill(values, season):
    """Return values with those of a season before in the gaps, or the last ones; none is later."""
    filled = np.array(values)
    for at in np.flatnonzero(np.isnan(filled)):
        filled[at] = filled[at - (season if at >= season else 1)]
    return filled


def look_back(method, values, season, steps):
    """Return the errors of forecasts from the past, (origins, steps): truth minus forecast.

    NaN among the values is a gap: it is filled for the forecasts, and has no error.
    """
    known, first = fill(values, season), max(2 * season + steps + 1, len(values) // 2)
    starts = np.unique(np.linspace(first, len(values) - steps, ORIGINS).astype(int))
    return np.array([values[at : at + steps] - method(known[:at], steps, season) for at in starts])


def half_width(errors):
    """Return how far the interval goes to each side, (steps,); NaN where errors are too few.

    Of n errors and the next one, SHARE of them are at most the one at this place.
    """
    sizes, counts = np.sort(np.abs(errors), axis=0), np.isfinite(errors).sum(axis=0)  # NaN are last
    places = np.minimum(np.ceil(SHARE * (counts + 1)).astype(int), len(errors))
    return np.where(counts < FEWEST, np.nan, sizes[places - 1, np.arange(len(counts))])
