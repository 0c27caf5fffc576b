"""Backpropagation: the gradient of a network with two layers of sigmoids.

x: (rows, inputs); y: (rows, 1), the targets; w1: (inputs, neurons) and b1: (neurons,), of the
hidden layer; w2: (neurons, 1) and b2: (1,), of the output. Go forward first. The loss is the mean
over the rows of (output - y) squared.
Returns d_w1, d_b1, d_w2, d_b2: how the loss changes with each parameter, in the parameters' shapes.

The network of the chapter, which has one row:

    >>> x, y = np.array([[1.0, 0.5]]), np.array([[0.0]])
    >>> w1, b1 = np.array([[0.5, -0.3], [0.8, 0.2]]), np.array([0.1, -0.1])
    >>> w2, b2 = np.array([[0.7], [-0.4]]), np.array([0.2])
    >>> for gradient in backpropagation(x, y, w1, b1, w2, b2):
    ...     print(gradient.ravel().round(4))
    [ 0.0405 -0.0287  0.0202 -0.0144]
    [ 0.0405 -0.0287]
    [0.2149 0.1251]
    [0.294]

Check: python exercises/check.py backpropagation
Chapter: basics/README.md#backpropagation
"""

import numpy as np


def backpropagation(x, y, w1, b1, w2, b2):
    raise NotImplementedError
