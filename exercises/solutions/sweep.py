import numpy as np


def sweep(rates, losses):
    losses = np.where(np.isfinite(losses), losses, np.inf)
    medians = np.median(losses, axis=1)
    best = min(rates[medians == medians.min()])
    return float(best), bool(best in (rates.min(), rates.max()))
