"""Forward propagation: a hidden layer with relu, then an output without an activation.

inputs: (rows, inputs); hidden_weights: (inputs, neurons); hidden_biases: (neurons,);
output_weights: (neurons, 1). The output has no bias.
Returns the output for each row: (rows, 1).

The network of the chapter that solves XOR:

    >>> rows = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    >>> weights, biases, output_weights = np.ones((2, 2)), np.array([0, -1]), np.array([[1], [-2]])
    >>> forward(rows, weights, biases, output_weights).ravel()
    array([0., 1., 1., 0.])

Check: python exercises/check.py forward
Chapter: basics/README.md#forward-propagation
"""

import numpy as np


def forward(inputs, hidden_weights, hidden_biases, output_weights):
    raise NotImplementedError
