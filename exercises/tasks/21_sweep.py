"""A sweep of the learning rate: which rate to take, and whether to look beyond those tried.

rates: (n,), each once, in any order; losses: (n, seeds), where row i has the validation losses of
rates[i], one for each seed. A run that diverged has nan or inf, which is worse than any other loss.
Each rate is judged by the median of its losses: the one in the middle or, of an even number, the
mean of the two in the middle (inf if one of the two diverged). Take the rate with the lowest
median; if several share it, the lowest of these rates, also where all medians are inf.
Returns this rate, and whether the sweep should go on: True if it is the lowest or the highest of
all rates, else False.

    >>> losses = np.array([[0.42, 0.40, 0.43], [0.30, 0.31, np.nan], [0.25, np.nan, np.nan]])
    >>> sweep(np.array([0.001, 0.003, 0.01]), losses)
    (0.003, False)

Check: python exercises/check.py sweep
Chapter: mnist/README.md#the-learning-rate-first
"""

import numpy as np


def sweep(rates, losses):
    raise NotImplementedError
