MUTANTS = [
    ("negative", "-np.log(right)", "np.log(right)"),
    ("added up", "np.mean", "np.sum"),
    ("base", "np.log(", "np.log10("),
    ("base", "np.log(", "np.log2("),
    ("infinite", "np.clip(predictions, 1e-7, 1 - 1e-7)", "predictions"),
    ("infinite", "1e-7, 1 - 1e-7", "1e-7, 1"),
    ("infinite", "1e-7, 1 - 1e-7", "0, 1 - 1e-7"),
    ("0.0001", "1e-7, 1 - 1e-7", "1e-3, 1 - 1e-7"),
    (
        "do not count",
        "np.where(targets == 1, predictions, 1 - predictions)",
        "predictions ** targets",
    ),
    ("got 0.8", "1 - predictions)\n", "predictions)\n"),
    ("mixed up", "predictions, 1 - predictions)\n", "1 - predictions, predictions)\n"),
    ("squared", "np.mean(-np.log(right))", "np.mean((1 - right) ** 2)"),
    (
        "each counts once",
        "np.mean(-np.log(right))",
        "(-np.log(right[targets == 1])).sum() / max((targets == 1).sum(), 1)"
        " + (-np.log(right[targets == 0])).sum() / max((targets == 0).sum(), 1)",
    ),
    ("shape", "np.mean(-np.log(right))", "-np.log(right)"),
]

UNSEEN = [
    ("do not count", "1 - predictions)", "1.0)"),
    ("mean", "np.mean(", "np.median("),
    ("-ln", "-np.log(right)", "np.log1p(1 - right)"),
]

OTHER = """
import numpy as np

def cross_entropy(targets, predictions):
    p = np.maximum(1e-7, np.minimum(predictions, 1 - 1e-7))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()
"""
