import numpy as np


def attention(query, key, value):
    match = query @ key.T / np.sqrt(query.shape[-1])
    match += np.triu(np.full(match.shape, -np.inf), k=1)
    powers = np.exp(match - match.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    return shares @ value, shares
