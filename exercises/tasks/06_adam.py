"""Adam: a step of its own for each weight, from which the size of the gradients cancels out.

weights, gradient, mean, square: (n,). `mean` is the running mean of the gradients so far, `square`
that of their squares; both start at 0. step: 1 for the first one. Constants as in the chapter:
0.9 for the mean, 0.999 for the squares, 1e-7 to avoid a division by 0.
Returns the new weights, mean and square, as the chapter computes them.

    >>> start = np.zeros(2)
    >>> weights, mean, square = adam(start, np.array([5, 0.01]), start, start, 1, 0.001)
    >>> print(weights.round(5), mean.round(5), square.round(7))
    [-0.001 -0.001] [0.5   0.001] [2.5e-02 1.0e-07]

Check: python exercises/check.py adam
Chapter: xor/README.md#adam
"""

import numpy as np


def adam(weights, gradient, mean, square, step, learning_rate):
    raise NotImplementedError
