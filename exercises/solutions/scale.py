import numpy as np


def scale(train, validation):
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation = np.where((train == train[0]).all(axis=0), 1, deviation)
    return (train - mean) / deviation, (validation - mean) / deviation
