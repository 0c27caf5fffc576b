"""Adam: a step of its own for each weight, from which the size of the gradients cancels out.

weights, gradient, mean, square: (n,). `mean` is the running mean of the gradients so far, `square`
that of their squares; both start at 0. step: 1 for the first one.
The new mean keeps 0.9 of the old one and takes 0.1 of the gradient; square keeps 0.999 and takes
0.001 of the gradient's square. Both begin at 0 and so are too small at first: for the step, and
only there, divide the mean by 1 - 0.9**step and the square by 1 - 0.999**step. Each weight then
goes downhill by learning_rate * mean / root of square, of the two that were divided in this way.
Add 1e-7 to that root, not under it, so that nothing is divided by 0.
Returns the new weights, mean and square.

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
