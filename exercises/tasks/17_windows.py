"""Windows of a series: what a network sees, and the future that it has to tell.

series: (steps,); history: how many values a window holds; horizon: how many values come after it
that are to be forecast. The series is long enough for one window at least.
Returns x (windows, history) and y (windows, horizon): every window of the series, the earliest
first, each one step after the one before. y follows directly on x. The last window is the last one
for which all values of y are known.

    >>> x, y = windows(np.array([100.0, 101.0, 102.0, 103.0, 104.0]), 3, 1)
    >>> print(x.tolist(), y.tolist())
    [[100.0, 101.0, 102.0], [101.0, 102.0, 103.0]] [[103.0], [104.0]]

Check: python exercises/check.py windows
Chapter: forecasts/README.md#a-forecast
"""

import numpy as np


def windows(series, history, horizon):
    raise NotImplementedError
