MUTANTS = [
    ("bias", " + bias", ""),
    ("bias", "+ bias", "- bias"),
    ("bias", "inputs @ weights + bias", "np.sum(inputs * weights + bias)"),
    ("bias", "inputs @ weights + bias", "np.sum((inputs + bias) * weights)"),
    ("added", "inputs @ weights", "np.mean(inputs * weights)"),
    ("sigmoid", "1 / (1 + np.exp(-total))", "total"),
    ("sigmoid", "1 / (1 + np.exp(-total))", "np.maximum(total, 0)"),
    ("sigmoid", "1 / (1 + np.exp(-total))", "np.tanh(total)"),
    ("sign", "-total", "total"),
    ("shape", "inputs @ weights + bias", "inputs * weights + bias"),
    ("sigmoid", "np.exp(-total)", "2.0 ** -total"),
    ("sigmoid", "np.exp(-total)", "np.exp(-total / 2)"),
    ("None", "return 1", "output = 1"),
    ("added", "inputs @ weights", "inputs[:3] @ weights[:3]"),
]

UNSEEN = [
    ("sigmoid", "1 / (1 + np.exp(-total))", "1 / (1 + np.exp(-2 * total))"),
    ("bias", "inputs @ weights + bias", "inputs @ weights * bias"),
    ("added", "inputs @ weights", "inputs.sum() * weights.sum()"),
]

OTHER = """
import math

def neuron(inputs, weights, bias):
    total = bias
    for x, w in zip(inputs, weights):
        total += float(x) * float(w)
    return math.exp(total) / (1 + math.exp(total)) if total < 0 else 1 / (1 + math.exp(-total))
"""
