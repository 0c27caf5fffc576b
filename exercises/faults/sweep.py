MUTANTS = [
    ("means", "np.median(losses, axis=1)", "np.mean(losses, axis=1)"),
    ("luck", "np.median(losses, axis=1)", "losses.min(axis=1)"),
    ("worst runs", "np.median(losses, axis=1)", "losses.max(axis=1)"),
    ("medians of the rows", "np.median(losses, axis=1)", "losses[:, losses.shape[1] // 2]"),
    ("medians of the rows", "np.median(losses, axis=1)", "losses[:, 0]"),
    (
        "in the middle",
        "np.median(losses, axis=1)",
        "np.sort(losses, axis=1)[:, losses.shape[1] // 2]",
    ),
    (
        "in the middle",
        "np.median(losses, axis=1)",
        "np.sort(losses, axis=1)[:, (losses.shape[1] - 1) // 2]",
    ),
    (
        "not left out",
        "    losses = np.where(np.isfinite(losses), losses, np.inf)\n"
        "    medians = np.median(losses, axis=1)",
        "    losses = np.where(np.isfinite(losses), losses, np.nan)\n"
        "    medians = np.nan_to_num(np.nanmedian(losses, axis=1), nan=np.inf)",
    ),
    ("ValueError", "    losses = np.where(np.isfinite(losses), losses, np.inf)\n", ""),
    ("worse than any", "losses, np.inf)", "losses, 0)"),
    (
        "takes this rate",
        "    losses = np.where(np.isfinite(losses), losses, np.inf)\n"
        "    medians = np.median(losses, axis=1)\n"
        "    best = min(rates[medians == medians.min()])\n",
        "    best = rates[np.argmin(np.median(losses, axis=1))]\n",
    ),
    ("millions", "losses, np.inf)", "losses, 1000)"),
    ("place", "return float(best)", "return int(np.argmin(medians))"),
    ("returns the lowest loss", "return float(best)", "return float(medians.min())"),
    ("lowest of these rates", "min(rates[medians == medians.min()])", "rates[medians.argmin()]"),
    ("lowest of these rates", "min(rates[", "max(rates["),
    ("highest loss", "medians == medians.min()", "medians == medians.max()"),
    ("other order", "    medians = np", "    rates = np.sort(rates)\n    medians = np"),
    ("comes first", "(rates.min(), rates.max())", "(rates[0], rates[-1])"),
    ("either side", "bool(best in (rates.min(), rates.max()))", "True"),
    ("best rate is the lowest", "bool(best in (rates.min(), rates.max()))", "False"),
    ("best rate is the lowest", "best in (rates.min(), rates.max())", "best == rates.max()"),
    ("best rate is the highest", "best in (rates.min(), rates.max())", "best == rates.min()"),
    ("either side", "bool(best in", "bool(best not in"),
    ("2 results", "return float(best), bool(best in (rates.min(), rates.max()))", "return best"),
    ("changes an array", "    medians = np", "    rates.sort()\n    medians = np"),
]

UNSEEN = [
    ("median", "np.median(losses, axis=1)", "np.median(losses, axis=1) + np.ptp(losses, axis=1)"),
    ("One of three", "np.isfinite(losses)", "np.isfinite(losses).all(axis=1, keepdims=True)"),
    ("median", "np.median(losses, axis=1)", "np.quantile(losses, 0.25, axis=1)"),
    ("should go on", "bool(best in", "bool(np.isfinite(medians.min()) and best in"),
    ("lowest of these", "medians == medians.min()", "np.argmin(medians) : np.argmin(medians) + 1"),
]

OTHER = """
import math
from statistics import median

def sweep(rates, losses):
    found = []
    for rate, row in zip(rates.tolist(), losses.tolist()):
        row = [loss if math.isfinite(loss) else math.inf for loss in row]
        found.append((median(row), rate))
    best = min(found)[1]
    lower = sum(rate < best for rate in rates)
    return best, lower == 0 or lower == len(rates) - 1
"""
