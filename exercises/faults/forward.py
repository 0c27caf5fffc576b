MUTANTS = [
    ("relu is missing", "np.maximum(sums, 0)", "sums"),
    ("biases", " + hidden_biases", ""),
    ("bias", "+ hidden_biases", "- hidden_biases"),
    (
        "relu is applied before",
        "sums = inputs @ hidden_weights + hidden_biases\n    hidden = np.maximum(sums, 0)",
        "hidden = np.maximum(inputs @ hidden_weights, 0) + hidden_biases",
    ),
    ("hidden layer only", "hidden @ output_weights", "np.maximum(hidden @ output_weights, 0)"),
    ("relu", "np.maximum(sums, 0)", "1 / (1 + np.exp(-sums))"),
    ("relu", "np.maximum(sums, 0)", "np.minimum(sums, 0)"),
    ("relu", "np.maximum(sums, 0)", "np.abs(sums)"),
    ("relu", "np.maximum(sums, 0)", "(sums > 0).astype(float)"),
    ("ValueError", "inputs @ hidden_weights", "inputs @ hidden_weights.T"),
    ("do not fit", "inputs @ hidden_weights", "hidden_weights @ inputs"),
    ("single number", "np.maximum(sums, 0)", "max(0, sums)"),
    ("shape", "hidden @ output_weights", "(hidden @ output_weights)[:, 0]"),
    ("output weight", "hidden @ output_weights", "hidden.sum(axis=1, keepdims=True)"),
    ("sum over the hidden", "hidden @ output_weights", "hidden @ output_weights / hidden.shape[1]"),
    ("upper bound", "np.maximum(sums, 0)", "np.clip(sums, 0, 6)"),
    ("upper bound", "np.maximum(sums, 0)", "np.clip(sums, 0, 100)"),
]

UNSEEN = [
    ("relu", "np.maximum(sums, 0)", "np.maximum(sums, 0.01 * sums)"),
    ("bias", "+ hidden_biases", "+ hidden_biases.mean()"),
    ("output weight", "hidden @ output_weights", "hidden @ np.abs(output_weights)"),
]

OTHER = """
import numpy as np

def forward(inputs, hidden_weights, hidden_biases, output_weights):
    hidden = np.einsum("ri,ij->rj", inputs, hidden_weights) + hidden_biases
    return (hidden * (hidden > 0)).dot(output_weights)
"""
