"""Temperature and top-k: draw the next token.

logits: (symbols,), no two of them equal; temperature: 0 or more; top_k: how many of the likeliest
tokens are left to choose from, None for all; random: a generator of numpy, for all that is drawn.
The probabilities are the softmax of the logits divided by the temperature; at 0 the likeliest token
is taken. Only the top_k likeliest can be drawn, and their probabilities keep their ratio.
Large logits, some thousands, must not overflow.
Returns the number of a token, from 0.

    >>> print(choose(np.array([0.1, 2.0, 1.9]), 0, None, np.random.default_rng(1)))
    1
    >>> drawn = {int(choose(np.array([0.1, 2.0, 1.9]), 1.0, 2, np.random.default_rng(seed)))
    ...          for seed in range(20)}
    >>> print(sorted(drawn))
    [1, 2]

Check: python exercises/check.py choose
Chapter: text/gpt/README.md#writing
"""

import numpy as np


def choose(logits, temperature, top_k, random):
    raise NotImplementedError
