"""Dropout: in training some outputs become 0, and the others make up for them.

x: (rows, neurons); rate: the probability with which a number is dropped, from 0 to below 1;
training: True or False; random: a generator of numpy, for all that is drawn.
In training each number is dropped by itself, and the others are divided by 1 - rate, so that the
expected sum stays the same. In inference nothing changes.
Returns the numbers, in the shape of x.

    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> dropout(x, 0.5, False, np.random.default_rng(1))
    array([[1., 2., 3.]])
    >>> set(dropout(np.ones((9, 9)), 0.5, True, np.random.default_rng(1)).ravel().tolist())
    {0.0, 2.0}

Check: python exercises/check.py dropout
Chapter: mnist/overfitting/README.md#dropout
"""

import numpy as np


def dropout(x, rate, training, random):
    raise NotImplementedError
