"""A KV cache: attention of one more token, with what was kept of those before it.

query, key: (size,), value: (other size,), of the new token; keys: (known, size), values: (known,
other size), what was kept of the tokens before it, the oldest first. At the beginning known is 0.
The new token looks at all tokens up to itself: the match of its query with a key is their dot
product, divided by the root of the size, and softmax makes shares of these matches. Large matches,
some thousands, must not overflow.
Returns what the token takes, the mixture of the values (other size,), and the cache with the new
token at its end: the keys (known + 1, size) and the values (known + 1, other size). (The chapter's
cache has all places from the beginning, this one grows.)

The first token takes its own value. Here the second has an equal key, and takes half of each:

    >>> keys, values = np.zeros((0, 2)), np.zeros((0, 1))
    >>> for value in (3.0, 5.0):
    ...     taken, keys, values = kv_cache(np.ones(2), np.ones(2), np.array([value]), keys, values)
    ...     print(taken, keys.shape, values.ravel())
    [3.] (1, 2) [3.]
    [4.] (2, 2) [3. 5.]

Check: python exercises/check.py kv_cache
Chapter: text/gpt/README.md#writing
"""

import numpy as np


def kv_cache(query, key, value, keys, values):
    raise NotImplementedError
