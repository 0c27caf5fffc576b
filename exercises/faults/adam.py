MUTANTS = [
    ("other than 1e-7", "1e-7", "1e-8"),
    ("started at 0", "learning_rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)", "learning_rate"),
    ("Only the mean is", "np.sqrt(1 - 0.999**step) / ", "1 / "),
    ("not the mean", " / (1 - 0.9**step)", ""),
    ("uphill", "weights - rate", "weights + rate"),
    ("root", "np.sqrt(square)", "square"),
    ("square", "gradient**2", "gradient"),
    ("0.999", "0.999 * square + 0.001", "0.9 * square + 0.1"),
    ("other way round", "0.9 * mean + 0.1", "0.1 * mean + 0.9"),
    ("gradient alone", "rate * mean", "rate * gradient"),
    ("0 by 0", " + 1e-7", ""),
    ("too large", "1e-7", "1e-2"),
    ("under", "(np.sqrt(square) + 1e-7)", "np.sqrt(square + 1e-7)"),
    (
        "corrected",
        "mean = 0.9 * mean + 0.1 * gradient",
        "mean = (0.9 * mean + 0.1 * gradient) / (1 - 0.9**step)",
    ),
    ("forgets", "0.9 * mean + 0.1 * gradient", "0.1 * gradient"),
    ("learning rate", "learning_rate * np.sqrt", "np.sqrt"),
    (
        "3 results",
        "return weights - rate * mean / (np.sqrt(square) + 1e-7), mean, square",
        "return (weights - rate * mean / (np.sqrt(square) + 1e-7),)",
    ),
    ("square of the mean", "0.001 * gradient**2", "0.001 * mean**2"),
]

UNSEEN = [
    ("step", "np.sqrt(1 - 0.999**step)", "(1 - 0.999**step)"),
    ("step", "0.9**step)\n", "0.9 ** (step + 1))\n"),
    ("`square`", "0.999 * square + 0.001", "0.99 * square + 0.01"),
]

OTHER = """
import numpy as np

def adam(weights, gradient, mean, square, step, learning_rate):
    mean = mean + 0.1 * (gradient - mean)
    square = square + 0.001 * (gradient * gradient - square)
    mean_hat, square_hat = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    return weights - learning_rate * mean_hat / (np.sqrt(square_hat) + 1e-7), mean, square
"""
