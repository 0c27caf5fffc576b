import numpy as np


def windows(series, history, horizon):
    starts = np.arange(len(series) - history - horizon + 1)
    x = series[starts[:, None] + np.arange(history)]
    y = series[starts[:, None] + history + np.arange(horizon)]
    return x, y
