"""Scaling: each column of the training rows gets the mean 0 and the standard deviation 1.

train: (rows, columns); validation: (other rows, columns).
The network must not learn anything from the validation rows, not even their mean. From a column
that has the same value in all training rows subtract the mean, as everywhere, and divide by 1.
(Look at the values: as it is computed, the deviation of equal numbers is not always 0. That of 0.1,
0.1 and 0.1 is 1.4e-17.)
Returns both, scaled, in their shapes.

    >>> train = np.array([[20.0, 5.0], [40.0, 5.0]])
    >>> for part in scale(train, np.array([[50.0, 6.0]])):
    ...     print(part)
    [[-1.  0.]
     [ 1.  0.]]
    [[2. 1.]]

Check: python exercises/check.py scale
Chapter: mlp/README.md#evaluating-honestly
"""

import numpy as np


def scale(train, validation):
    raise NotImplementedError
