import numpy as np


def dropout(x, rate, training, random):
    if not training:
        return x
    kept = random.uniform(size=x.shape) >= rate
    return np.where(kept, x / (1 - rate), 0.0)
