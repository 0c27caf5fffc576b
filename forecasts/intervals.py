"""Machinery: intervals around a forecast, as wide as its newest errors, and how often they hold.

Chapter: forecasts/README.md#how-sure
"""

import math
from bisect import bisect_left, insort

import numpy as np
import pandas as pd

from forecasts.scores import bootstrap
from forecasts.series import windows

SHARE = 0.8  # of the values that should lie in the interval
SEASONS, LEAST = 8, 60  # the newest origins that count: of so many seasons, or so many


def find_widths(errors, newest):
    """Return after each error how wide an interval the newest ask for, NaN where there is none.

    Of n errors, it is as wide as the ceil(0.8 (n + 1))-th smallest: the error to come is one more.
    So there is none from fewer than four. errors: those NaN count among the newest and not in n.
    """
    errors, ordered, widths = np.asarray(errors), [], []
    for i, error in enumerate(errors):
        if i >= newest and np.isfinite(errors[i - newest]):
            del ordered[bisect_left(ordered, errors[i - newest])]
        if np.isfinite(error):
            insort(ordered, error)
        rank = math.ceil(round(SHARE * (len(ordered) + 1), 6))
        widths.append(ordered[rank - 1] if rank <= len(ordered) else np.nan)
    return widths


class Conformal:
    """An interval so wide that it would have held eight times in ten at the newest origins.

    Each step ahead has its own width, and at each origin it is found anew from the errors that are
    known by then. way: predicts the middle, (starts, horizon), or an interval that is moved,
    (starts, horizon, 3). once: the validation part alone decides.
    Source, also of an interval that is moved: Romano, Patterson and Candes, "Conformalized quantile
    regression", 2019. Gibbs and Candes, "Adaptive conformal inference under distribution shift",
    2021, go further: they also change the share.
    """

    def __init__(self, way, once=False):
        data = self.data = way.data
        self.way = way
        first, last = data.starts["validation"][0], data.starts["test"][-1] + 1
        starts = np.arange(first, last)
        # Above zero: by how much an end was too near, as a logarithm if the methods see such.
        low, _, high = np.moveaxis(self.ends(starts), 2, 0)
        truth = windows(data.values, starts, data.horizon)
        needed = np.maximum(low - truth, truth - high)
        needed[~windows(data.series.observed, starts, data.horizon)] = np.nan
        needed = pd.DataFrame(needed, starts)
        if once:
            needed = needed.loc[: data.starts["validation"][-1]]
            self.widths = needed.apply(find_widths, newest=len(needed)).iloc[-1].to_numpy()
            return
        newest = max(SEASONS * data.series.seasons[-1], LEAST)
        found = needed.apply(find_widths, newest=newest)  # each step ahead by itself
        self.widths = found.iloc[-1].to_numpy()  # of what comes after the series
        # What is said at an origin for k steps ahead is known k steps later.
        self.known = found.apply(lambda step: step.shift(step.name + 1))

    def ends(self, starts):
        """Return low, middle and high as the methods see them, before they are moved."""
        said = self.data.seen(self.way.predict(starts))
        return said if said.ndim == 3 else np.repeat(said[:, :, None], 3, axis=2)

    def predict(self, starts):
        known = getattr(self, "known", None)
        widths = self.widths if known is None else known.loc[starts].to_numpy()
        moved = self.ends(starts) + widths[..., None] * np.array([-1, 0, 1])
        return self.data.original(np.sort(moved, axis=2))


def count_inside(way):
    """Return how often an interval holds on the test part: its coverage."""
    data, starts = way.data, way.data.starts["test"]
    truth = windows(data.series.values, starts, data.horizon)
    low, _, high = np.moveaxis(way.predict(starts), 2, 0)
    observed = windows(data.series.observed, starts, data.horizon) & np.isfinite(low)
    return bootstrap(np.where(observed, (low <= truth) & (truth <= high), np.nan), data)
