MUTANTS = [
    ("output neuron", "d_output * output * (1 - output)", "d_output"),
    ("derivative of a square", "2 * (output - y)", "(output - y)"),
    ("sign", "output - y", "y - output"),
    ("mean", " / len(x)", ""),
    ("hidden neurons", "d_hidden * hidden * (1 - hidden)", "d_hidden"),
    ("w2", "d_output_sum @ w2.T", "d_output_sum"),
    ("skips", "d_output_sum @ w2.T", "d_output @ w2.T"),
    ("d_w2", "hidden.T @ d_output_sum", "(x @ w1 + b1).T @ d_output_sum"),
    (
        "d_w2",
        "hidden.T @ d_output_sum",
        "hidden.mean(axis=0, keepdims=True).T * d_output_sum.sum()",
    ),
    ("d_b2", "d_output_sum.sum(axis=0)", "d_output_sum.mean(axis=0)"),
    ("one row", "d_hidden_sum.sum(axis=0)", "d_hidden_sum[0]"),
    ("d_b1", "d_hidden_sum.sum(axis=0)", "d_hidden_sum.mean(axis=0)"),
    ("d_w1", "x.T @ d_hidden_sum", "x.T @ d_hidden"),
    ("d_b1", "d_hidden * hidden * (1 - hidden)", "d_hidden * (1 - hidden**2)"),
    ("d_b1", "d_output_sum @ w2.T", "d_output_sum @ (w2.T - d_w2.T)"),
    ("shape", "d_w1 = x.T @ d_hidden_sum", "d_w1 = (x.T @ d_hidden_sum).T"),
    ("4 results", "return d_w1, d_b1, d_w2, d_b2", "return d_w1, d_w2, d_b2"),
]

UNSEEN = [
    ("d_w1", "x.T @ d_hidden_sum", "np.abs(x).T @ d_hidden_sum"),
    ("d_b2", "d_output * output * (1 - output)", "d_output * output"),
    ("w2", "d_output_sum @ w2.T", "d_output_sum @ np.sign(w2).T"),
]

OTHER = """
import numpy as np

def backpropagation(x, y, w1, b1, w2, b2):
    gradients = [np.zeros_like(p) for p in (w1, b1, w2, b2)]
    for row, target in zip(x, y):
        hidden = 1 / (1 + np.exp(-(row @ w1 + b1)))
        output = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
        d_output_sum = 2 * (output - target) * output * (1 - output) / len(x)
        d_hidden_sum = w2[:, 0] * d_output_sum * hidden * (1 - hidden)
        gradients[0] += np.outer(row, d_hidden_sum)
        gradients[1] += d_hidden_sum
        gradients[2] += np.outer(hidden, d_output_sum)
        gradients[3] += d_output_sum
    return gradients
"""
