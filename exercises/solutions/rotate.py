import numpy as np


def rotate(x, places):
    half = x.shape[1] // 2
    angles = places[:, None] * 10_000 ** (-np.arange(half) / half)
    cos, sin = np.cos(angles), np.sin(angles)
    first, second = x[:, :half], x[:, half:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=1)
