MUTANTS = [
    ("uphill", "weights - learning_rate", "weights + learning_rate"),
    ("uphill", "x @ weights - y", "y - x @ weights"),
    ("half as long", "2 * errors", "errors"),
    ("mean over the rows", " / len(x)", ""),
    ("times as long", "/ len(x)", "/ x.size"),
    ("learning rate", "learning_rate * gradient", "gradient"),
    ("move all the same", "errors = x @ weights - y", "errors = x @ weights"),
    ("learning rate", "weights - learning_rate * gradient", "-learning_rate * gradient"),
    ("gradient", "2 * errors @ x / len(x)", "2 * np.sign(errors) @ x / len(x)"),
    ("gradient", "2 * errors @ x / len(x)", "2 * errors.mean() * x.mean(axis=0)"),
    ("gradient", "2 * errors @ x / len(x)", "2 * errors.mean() * np.ones(x.shape[1])"),
    ("ValueError", "errors @ x", "errors @ x.T"),
    (
        "changes",
        "    return weights - learning_rate * gradient",
        "    weights -= learning_rate * gradient\n    return weights",
    ),
    (
        "learning rate",
        "learning_rate * gradient",
        "learning_rate * gradient / np.abs(learning_rate * gradient).max() * 0.01",
    ),
    (
        "gradient",
        "learning_rate * gradient",
        "learning_rate * np.clip(gradient, -10, 10)",
    ),
]

UNSEEN = [
    ("gradient", "x @ weights - y", "np.clip(x @ weights - y, -0.5, 0.5)"),
    ("move", "weights - learning_rate", "(1 - learning_rate) * weights - learning_rate"),
    ("gradient", "errors @ x / len(x)", "errors[0] * x[0]"),
]

OTHER = """
import numpy as np

def gradient_step(x, y, weights, learning_rate):
    new = weights.astype(float).copy()
    for column in range(x.shape[1]):
        new[column] -= learning_rate * np.mean(2 * (x @ weights - y) * x[:, column])
    return new
"""
