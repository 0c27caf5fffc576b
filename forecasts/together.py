"""Machinery: one network for many series.

Chapter: forecasts/README.md#many-series
"""

import itertools

import numpy as np

from forecasts.rolling import Said, tuning
from forecasts.windows import Data


class Together:
    """The windows of many series, one series after the other: what Data is for one."""

    def __init__(self, each):
        self.each, self.horizon = each, each[0].horizon
        self.offsets = np.cumsum([0, *[len(data.values) for data in each]])
        self.starts = {
            part: np.concatenate([self.moved(i, data.starts[part]) for i, data in enumerate(each)])
            for part in ("train", "validation")
        }

    def moved(self, i, starts):
        """Return the steps of the i-th series as steps of all."""
        return starts + self.offsets[i]

    def split(self, starts):
        """Yield each Data, its steps among these, which are in order, and where they stand."""
        places = np.searchsorted(starts, self.offsets)
        for i, (first, last) in enumerate(itertools.pairwise(places)):
            if last > first:
                yield self.each[i], starts[first:last] - self.offsets[i], slice(first, last)

    def past(self, starts):
        return np.concatenate([data.past(own) for data, own, _ in self.split(starts)])

    def known(self, starts):
        return np.concatenate([data.known(own) for data, own, _ in self.split(starts)])

    def targets(self, starts):
        return np.concatenate([data.targets(own) for data, own, _ in self.split(starts)])

    def unscaled(self, outputs, starts):
        parts = self.split(starts)
        return np.concatenate([data.unscaled(outputs[at], own) for data, own, at in parts])


def roll_together(network, each):
    """Fit a network to all series; return for each what it has Said about the later parts.

    Its settings are chosen before the validation part; it learns again before that and the test.
    """
    network.fit(Together([tuning(network, data) for data in each]))
    firsts = [data.starts["validation"][0] for data in each]
    lasts = [data.starts["test"][-1] + 1 for data in each]
    said = [[] for _ in each]
    begins = firsts, [data.starts["test"][0] for data in each], lasts
    for begin, end in itertools.pairwise(begins):
        network.refit(Together([d.cut(cut, cut) for d, cut in zip(each, begin, strict=True)]))
        for i, steps in enumerate(map(np.arange, begin, end)):
            said[i].append(network.predict(network.data.moved(i, steps)))
    return [Said(*one) for one in zip(each, firsts, map(np.concatenate, said), strict=True)]


def look_ahead_together(network, each):
    """Fit a network to all values of all series; return for each what it Said about what comes."""
    longer = [Data(d.series.extended(d.horizon), d.history, d.horizon) for d in each]
    network.refit(Together(longer))
    ends = [data.starts["test"] for data in longer]
    said = [network.predict(network.data.moved(i, steps)) for i, steps in enumerate(ends)]
    return [Said(data, ends[i][0], said[i]) for i, data in enumerate(longer)]
