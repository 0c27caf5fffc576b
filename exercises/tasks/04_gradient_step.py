"""A step of gradient descent: one neuron, no activation, no bias, the mean squared error.

x: (rows, inputs); y: (rows,), the targets; weights: (inputs,); learning_rate: a number.
The neuron predicts `x @ weights`. The loss is the mean over the rows of the squared differences.
Returns the weights after one step: (inputs,). The old ones stay as they are.

    >>> x, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 1.0])
    >>> gradient_step(x, y, np.array([0.0, 0.0]), 0.1)
    array([0.1, 0.2])

Check: python exercises/check.py gradient_step
Chapter: basics/README.md#gradient-descent
"""

import numpy as np


def gradient_step(x, y, weights, learning_rate):
    raise NotImplementedError
