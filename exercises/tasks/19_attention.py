"""Attention with a causal mask: each step takes from the steps up to itself.

query, key: (steps, size); value: (steps, other size).
How well a query matches a key is their product, divided by the root of the size. Softmax makes
shares of a step's matches, over the steps up to itself: no step sees a later one. Large matches,
some thousands, must not overflow.
Returns what each step takes, the mixture of the values (steps, other size), and the shares (steps,
steps): row i says how much step i looks at each step.

If all keys are equal, each step looks at all steps up to itself equally:

    >>> mixture, shares = attention(np.ones((3, 2)), np.ones((3, 2)), np.array([[3.], [5.], [10.]]))
    >>> print(mixture.ravel())
    [3. 4. 6.]
    >>> print(shares.round(2))
    [[1.   0.   0.  ]
     [0.5  0.5  0.  ]
     [0.33 0.33 0.33]]

Check: python exercises/check.py attention
Chapter: text/gpt/README.md#attention-by-hand
"""

import numpy as np


def attention(query, key, value):
    raise NotImplementedError
