MUTANTS = [
    (
        "leaked",
        "mean, deviation = train.mean(axis=0), train.std(axis=0)",
        "both = np.concatenate([train, validation])\n"
        "    mean, deviation = both.mean(axis=0), both.std(axis=0)",
    ),
    (
        "own mean",
        "(validation - mean) / deviation",
        "(validation - validation.mean(axis=0)) / validation.std(axis=0)",
    ),
    (
        "ValueError",
        "train.mean(axis=0), train.std(axis=0)",
        "train.mean(axis=1), train.std(axis=1)",
    ),
    ("mean", "train.mean(axis=0), train.std(axis=0)", "train.mean(), train.std()"),
    (
        "standard deviation",
        "(train - mean) / deviation, (validation - mean) / deviation",
        "train - mean, validation - mean",
    ),
    ("variance", "train.std(axis=0)", "train.var(axis=0)"),
    ("minus 1", "train.std(axis=0)", "train.std(axis=0, ddof=1)"),
    ("range", "train.std(axis=0)", "np.ptp(train, axis=0)"),
    ("not scaled", "(validation - mean) / deviation", "validation"),
    (
        "constant",
        "    deviation = np.where((train == train[0]).all(axis=0), 1, deviation)\n",
        "",
    ),
    ("constant", "all(axis=0), 1, deviation)", "all(axis=0), 1e-9, deviation)"),
    ("constant", "(train == train[0]).all(axis=0)", "deviation == 0"),
    ("mean", "(train - mean) / deviation,", "train / deviation,"),
    (
        "range",
        "    return (train - mean) / deviation, (validation - mean) / deviation",
        "    low, size = train.min(axis=0), np.ptp(train, axis=0) + (train.std(axis=0) == 0)\n"
        "    return (train - low) / size, (validation - low) / size",
    ),
    (
        "leaked",
        "train.mean(axis=0), train",
        "np.concatenate([train, validation]).mean(axis=0), train",
    ),
    ("changes", "    return (train - mean)", "    train -= mean\n    return (train - 0)"),
    (
        "results",
        "    return (train - mean) / deviation, (validation - mean) / deviation",
        "    return (train - mean) / deviation",
    ),
    ("standard deviation", "(train == train[0]).all(axis=0)", "deviation < 0.01"),
]

UNSEEN = [
    ("mean", "train.mean(axis=0)", "np.median(train, axis=0)"),
    (
        "constant",
        "np.where((train == train[0]).all(axis=0), 1, deviation)",
        "deviation + 1e-8",
    ),
    (
        "validation",
        "(validation - mean) / deviation",
        "np.clip((validation - mean) / deviation, -1, 1)",
    ),
]

OTHER = """
import numpy as np

def scale(train, validation):
    columns = []
    for a, b in zip(train.T, validation.T):
        spread = 1.0 if (a == a[0]).all() else np.sqrt(((a - a.mean()) ** 2).mean())
        columns.append(((a - a.mean()) / spread, (b - a.mean()) / spread))
    return np.array([a for a, _ in columns]).T, np.array([b for _, b in columns]).T
"""
