"""Binary cross-entropy: how wrong a network is that answers yes or no.

targets: (n,), each 0 or 1; predictions: (n,), the probability of a 1.
For each example take the probability that the network gave to the right answer. Returns the
mean of -ln of these, a number. A probability of 0 has no logarithm, so first move predictions
below 1e-7 up to it, and those above 1 - 1e-7 down to that.

    >>> loss = cross_entropy(np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.4]))
    >>> print(f"{loss:.3f}")
    0.415

Check: python exercises/check.py cross_entropy
Chapter: basics/README.md#loss
"""

import numpy as np


def cross_entropy(targets, predictions):
    raise NotImplementedError
