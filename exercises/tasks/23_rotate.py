"""Rotary positions: queries and keys are turned by an angle that grows with the place.

x: (tokens, size), queries or keys of one head, of an even size; places: (tokens,), at which place
of the text each token stands, in whole numbers from 0.
The numbers of a token make pairs, as in the chapter: pair i, from 0, is number i of the first half
and number i of the second half. It is turned by the place times 10000 ** (-i / half), in radians,
where half is half the size. Turned by an angle, the pair (a, b) becomes (a cos - b sin, b cos + a
sin).
Returns the turned numbers, (tokens, size), in the same order.

The first pair, 1 and 0, turns fast, the second, 2 and 0, slowly:

    >>> turned = rotate(np.array([[1.0, 2.0, 0.0, 0.0]] * 3), np.array([0, 1, 2]))
    >>> print(turned.round(2))
    [[ 1.    2.    0.    0.  ]
     [ 0.54  2.    0.84  0.02]
     [-0.42  2.    0.91  0.04]]

Check: python exercises/check.py rotate
Chapter: text/gpt/README.md#the-network
"""

import numpy as np


def rotate(x, places):
    raise NotImplementedError
