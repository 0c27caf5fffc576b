MUTANTS = [
    ("stay as they are", "x / (1 - rate)", "x"),
    ("expected sum", "x / (1 - rate)", "x / rate"),
    ("expected sum", "x / (1 - rate)", "x * (1 - rate)"),
    ("expected sum", "x / (1 - rate)", "x * (1 + rate)"),
    ("unchanged", "    if not training:\n        return x\n", ""),
    ("once done", "        return x\n", "        return x * (1 - rate)\n"),
    ("unchanged", "if not training", "if training"),
    ("being dropped", ">= rate", "< rate"),
    ("same neurons", "size=x.shape", "size=x.shape[1]"),
    ("as a whole", "size=x.shape", "size=(len(x), 1)"),
    ("same state", "random.uniform(size=x.shape)", "np.random.default_rng().uniform(size=x.shape)"),
    (
        "another generator",
        "random.uniform(size=x.shape)",
        "np.random.default_rng(0).uniform(size=x.shape)",
    ),
    (
        "equally many",
        "random.uniform(size=x.shape) >= rate",
        "random.permuted(np.tile(np.arange(x.shape[1]), (len(x), 1)), axis=1) >= rate * x.shape[1]",
    ),
    ("shape", "np.where(kept, x / (1 - rate), 0.0)", "(x / (1 - rate))[kept]"),
    ("same factor", "np.where(kept, x / (1 - rate), 0.0)", "np.where(kept, x + rate, 0.0)"),
    ("dropped", "random.uniform(size=x.shape)", "random.normal(size=x.shape)"),
    (
        "number varies",
        "random.uniform(size=x.shape)",
        "random.permuted(np.linspace(0, 1, x.size)).reshape(x.shape)",
    ),
    (
        "eighbours",
        "random.uniform(size=x.shape)",
        "np.repeat(random.uniform(size=x.shape), 2, axis=1)[:, : x.shape[1]]",
    ),
    (
        "egative",
        "random.uniform(size=x.shape) >= rate",
        "(random.uniform(size=x.shape) >= rate) | (x < 0)",
    ),
    ("unchanged", "        return x\n", "        return np.clip(x, -100, 100)\n"),
]

UNSEEN = [
    ("expected sum", "x / (1 - rate)", "x / kept.mean()"),
    ("rate", ">= rate", ">= rate / 2"),
    ("nothing is dropped", "0.0)", "1e-3)"),
]

OTHER = """
import numpy as np

def dropout(x, rate, training, random):
    if training:
        return x * random.binomial(1, 1 - rate, x.shape) / (1 - rate)
    return x.copy()
"""
