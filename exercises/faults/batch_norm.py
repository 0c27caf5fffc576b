MUTANTS = [
    (
        "mean of the batch",
        "mean, variance = x.mean(axis=0), x.var(axis=0)",
        "mean, variance = x.mean(), x.var()",
    ),
    ("ValueError", "x.mean(axis=0), x.var(axis=0)", "x.mean(axis=1), x.var(axis=1)"),
    ("root", "np.sqrt(variance + 0.001)", "(variance + 0.001)"),
    ("0.001", "variance + 0.001", "variance"),
    ("0.001", "np.sqrt(variance + 0.001)", "(np.sqrt(variance) + 0.001)"),
    ("gamma", "gamma * (x", "(x"),
    ("beta", " + beta", ""),
    (
        "before gamma",
        "gamma * (x - mean) / np.sqrt(variance + 0.001) + beta",
        "gamma * ((x - mean) / np.sqrt(variance + 0.001) + beta)",
    ),
    ("moving mean stays", "        moving_mean = 0.99 * moving_mean + 0.01 * mean\n", ""),
    (
        "moving variance stays",
        "        moving_variance = 0.99 * moving_variance + 0.01 * variance\n",
        "",
    ),
    ("other way round", "0.99 * moving_mean + 0.01", "0.01 * moving_mean + 0.99"),
    ("forgets", "0.99 * moving_mean + 0.01 * mean", "mean"),
    ("standard deviation", "0.01 * variance", "0.01 * np.sqrt(variance)"),
    ("depends on the other rows", "    if training:\n", "    if True:\n"),
    ("of the batch", "    if training:\n", "    if not training:\n"),
    ("mean of the batch", "    if training:\n", "    if False:\n"),
    (
        "changes",
        "    answers =",
        "    moving_mean = 0.99 * moving_mean + 0.01 * x.mean(axis=0) * "
        "(not training) + 0.01 * moving_mean * training\n    answers =",
    ),
]

UNSEEN = [
    ("standard deviation", "x.var(axis=0)", "x.var(axis=0, ddof=1)"),
    ("mean", "gamma * (x - mean)", "gamma * (x - moving_mean)"),
    ("moving mean", "0.99 * moving_mean + 0.01 * mean", "0.9 * moving_mean + 0.1 * mean"),
]

OTHER = """
import numpy as np

def batch_norm(x, gamma, beta, moving_mean, moving_variance, training):
    if not training:
        scale = gamma / np.sqrt(moving_variance + 1e-3)
        return x * scale + (beta - moving_mean * scale), moving_mean, moving_variance
    mean = np.sum(x, axis=0) / len(x)
    variance = np.sum((x - mean) ** 2, axis=0) / len(x)
    normal = (x - mean) / (variance + 1e-3) ** 0.5
    return (normal * gamma + beta, moving_mean + 0.01 * (mean - moving_mean),
            moving_variance + 0.01 * (variance - moving_variance))
"""
