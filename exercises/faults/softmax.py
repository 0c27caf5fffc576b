MUTANTS = [
    ("overflows", "logits - logits.max(axis=1, keepdims=True)", "logits"),
    ("row", "logits.max(axis=1, keepdims=True)", "logits.max()"),
    ("subtracted", "logits.max(axis=1, keepdims=True)", "logits.mean(axis=1, keepdims=True)"),
    ("subtracted", "logits.max(axis=1, keepdims=True)", "logits.min(axis=1, keepdims=True)"),
    ("All rows together", "powers.sum(axis=1, keepdims=True)", "powers.sum()"),
    ("columns", "powers.sum(axis=1, keepdims=True)", "powers.sum(axis=0)"),
    ("ValueError", "powers.sum(axis=1, keepdims=True)", "powers.sum(axis=1)"),
    (
        "sum",
        "powers / powers.sum(axis=1, keepdims=True)",
        "powers / powers.max(axis=1, keepdims=True)",
    ),
    ("sum to 1", "powers / powers.sum(axis=1, keepdims=True)", "powers"),
    ("sign", "np.exp(logits - logits.max", "np.exp(-logits + logits.max"),
    ("sum to 1", "powers / powers.sum(axis=1, keepdims=True)", "1 / (1 + np.exp(-logits))"),
    (
        "logarithm",
        "powers / powers.sum(axis=1, keepdims=True)",
        "np.log(powers / powers.sum(axis=1, keepdims=True))",
    ),
    (
        "factor e",
        "np.exp(logits - logits.max(axis=1, keepdims=True))",
        "2 ** (logits - logits.max(axis=1, keepdims=True))",
    ),
    (
        "stay the same",
        "np.exp(logits - logits.max(axis=1, keepdims=True))",
        "np.exp(np.clip(logits, -500, 500))",
    ),
    (
        "changes an array",
        "    powers = np.exp(logits - logits.max(axis=1, keepdims=True))",
        "    logits -= logits.max(axis=1, keepdims=True)\n    powers = np.exp(logits)",
    ),
    ("positive", "np.exp(logits - logits.max(axis=1, keepdims=True))", "logits"),
]

UNSEEN = [
    (
        "sum to",
        "powers / powers.sum(axis=1, keepdims=True)",
        "(powers / powers.sum(axis=1, keepdims=True)).round(1)",
    ),
    ("positive", "np.exp(", "np.expm1("),
    (
        "factor",
        "np.exp(logits - logits.max(axis=1, keepdims=True))",
        "np.exp(-((logits - logits.max(axis=1, keepdims=True)) ** 2))",
    ),
]

OTHER = """
import numpy as np

def softmax(logits):
    result = []
    for row in logits:
        powers = np.exp(row - max(row))
        result.append(powers / sum(powers))
    return np.array(result)
"""
