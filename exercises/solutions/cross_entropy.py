import numpy as np


def cross_entropy(targets, predictions):
    predictions = np.clip(predictions, 1e-7, 1 - 1e-7)
    right = np.where(targets == 1, predictions, 1 - predictions)
    return np.mean(-np.log(right))
