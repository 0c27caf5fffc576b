"""Machinery: a method at many origins, each time with what is known by then.

Chapter: forecasts/README.md#the-scores
"""

import numpy as np

from forecasts.series import LONG

REFITS = 12  # of a method in each part of a short series; one that is dear to fit: 1
TUNED = 0.8  # of what lies before the validation part: a method that tries settings learns from it


class Said:
    """What was said at each step of the later parts of a series, from the step first on."""

    def __init__(self, data, first, said):
        self.data, self.first, self.said = data, first, said

    def predict(self, starts):
        return self.said[starts - self.first]


class Rolled(Said):
    """What a method says at each step of the validation and the test part.

    Of a short series it is fitted again as the origin moves on, to all values before; its settings
    are chosen before the first origin. Of a long one it is fitted once, on the training part, and
    the validation part chooses the settings.
    """

    def __init__(self, method, data, refits=REFITS):
        self.method = method
        first, last = data.starts["validation"][0], data.starts["test"][-1] + 1
        method.fit(tuning(method, data))
        if len(data.series.values) >= LONG:
            super().__init__(data, first, method.predict(np.arange(first, last)))
            return
        said, test = [], data.starts["test"][0]
        refits = 1 if hasattr(method, "dear") else refits
        for part in (np.arange(first, test), np.arange(test, last)):
            for origins in np.array_split(part, min(refits, len(part))):
                method.refit(data.cut(origins[0], origins[0]))
                said.append(method.predict(origins))
        super().__init__(data, first, np.concatenate(said))


def tuning(method, data):
    """Return the windows by which a method chooses its settings, if it has any to try."""
    if len(data.series.values) >= LONG or not hasattr(method, "grid"):
        return data
    validation = data.starts["validation"][0]
    return data.cut(min(int(TUNED * validation), validation - data.horizon - 2), validation)
