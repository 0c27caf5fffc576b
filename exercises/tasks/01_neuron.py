"""A neuron: weighted inputs, added up with a bias, and the sigmoid of the sum.

inputs: (n,); weights: (n,), one for each input; bias: a number.
Returns the output, a number between 0 and 1.

The neuron of the chapter's figure:

    >>> output = neuron(np.array([1.0, 0.5, 2.0]), np.array([0.8, -1.2, 0.3]), -0.4)
    >>> print(f"{output:.3f}")
    0.599

Check: python exercises/check.py neuron
Chapter: basics/README.md#neurons
"""

import numpy as np


def neuron(inputs, weights, bias):
    raise NotImplementedError
