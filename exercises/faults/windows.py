MUTANTS = [
    ("future is known", "starts[:, None] + history + np", "starts[:, None] + history - 1 + np"),
    ("IndexError", "starts[:, None] + history + np", "starts[:, None] + history + 1 + np"),
    ("end of the series", "- horizon + 1)", "- horizon)"),
    ("IndexError", "- horizon + 1)", "- horizon + 2)"),
    ("future is known", "starts[:, None] + history + np", "starts[:, None] + np"),
    (
        "one step after",
        "np.arange(len(series) - history - horizon + 1)",
        "np.arange(0, len(series) - history - horizon + 1, history)",
    ),
    ("backwards", "np.arange(history)]", "np.arange(history)[::-1]]"),
    ("backwards", "np.arange(horizon)]", "np.arange(horizon)[::-1]]"),
    ("two axes", "    return x, y", "    return x, y[:, 0]"),
    ("each should begin", "    return x, y", "    return x[::-1], y[::-1]"),
    ("y should have", "np.arange(horizon)]", "np.arange(1)]"),
    ("values to forecast for", "    return x, y", "    return x, y[1:]"),
    ("A window should have", "np.arange(history)]", "np.arange(history + horizon)]"),
    ("future is known", "+ history + np.arange(horizon)]", "+ np.arange(horizon)]"),
    (
        "begins with",
        "np.arange(len(series) - history - horizon + 1)",
        "np.arange(1, len(series) - history - horizon + 1)",
    ),
    (
        "each should begin",
        "np.arange(len(series) - history - horizon + 1)",
        "np.random.default_rng(0).permutation(len(series) - history - horizon + 1)",
    ),
    ("gap", "starts[:, None] + history + np", "starts[:, None] - horizon + np"),
]

UNSEEN = [
    ("window", "return x, y", "return x - x.mean(axis=1, keepdims=True), y"),
    ("begins", "return x, y", "return x[1:], y[1:]"),
    ("window should have", "np.arange(history)]", "np.arange(horizon)]"),
]

OTHER = """
import numpy as np

def windows(series, history, horizon):
    both = np.lib.stride_tricks.sliding_window_view(series, history + horizon)
    return both[:, :history], both[:, history:]
"""
