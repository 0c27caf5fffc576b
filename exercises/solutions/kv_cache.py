import numpy as np


def kv_cache(query, key, value, keys, values):
    keys, values = np.vstack([keys, key]), np.vstack([values, value])
    match = keys @ query / np.sqrt(len(query))
    powers = np.exp(match - match.max())
    return powers / powers.sum() @ values, keys, values
