"""Precision, recall, and F1, which unites the two: what kind of mistakes a network makes.

truth, predicted: (n,), each 1 (leaves) or 0 (stays).
Precision is the share of those reported as 1 who are 1, recall the share of those who are 1 that
were reported. F1 is 2 * precision * recall / (precision + recall). Where there is nothing to
divide by, the score is 0.
Returns precision, recall and F1, three numbers.

    >>> found = scores(np.array([1, 1, 1, 0, 0]), np.array([1, 0, 0, 1, 0]))
    >>> print("precision {:.3f}, recall {:.3f}, F1 {:.3f}".format(*found))
    precision 0.500, recall 0.333, F1 0.400

Check: python exercises/check.py scores
Chapter: mlp/README.md#a-threshold-from-costs
"""

import numpy as np


def scores(truth, predicted):
    raise NotImplementedError
