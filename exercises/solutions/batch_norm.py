import numpy as np


def batch_norm(x, gamma, beta, moving_mean, moving_variance, training):
    mean, variance = moving_mean, moving_variance
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        moving_mean = 0.99 * moving_mean + 0.01 * mean
        moving_variance = 0.99 * moving_variance + 0.01 * variance
    answers = gamma * (x - mean) / np.sqrt(variance + 0.001) + beta
    return answers, moving_mean, moving_variance
