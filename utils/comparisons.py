"""Whether one network or technique is better than another, by the book's rule.

Chapter: mnist/README.md#the-rule
"""

import numpy as np
from scipy import stats

from utils.statistics import mean_over_groups

SHOWN = 0.05  # what Holm's p must be below


def compare_networks(first, second, groups):
    """Return how two trained networks differ on the same examples, and whether that is chance.

    first, second: whether each reads an example rightly, shape (n,); groups: of the examples.
    "mean" is the share that the second one reads more, with the interval over groups; "p" is that
    of McNemar's exact test, which takes the examples for independent.
    Source: McNemar, "Note on the sampling error of the difference between correlated proportions
    or percentages", 1947.
    """
    only_first, only_second = int((second & ~first).sum()), int((first & ~second).sum())
    different = only_first + only_second
    p = stats.binomtest(only_first, different).pvalue if different else 1.0
    return mean_over_groups(second.astype(float) - first, groups) | {
        "both": int((~first & ~second).sum()),
        "only_first": only_first,
        "only_second": only_second,
        "p": float(p),
    }


def compare_seeds(values, others):
    """Return how far two techniques lie apart, trained with the same seeds: a paired t-test.

    values, others: what each reached with each seed, shape (seeds,). "mean" is that of the
    differences, "low" and "high" its 95 % interval; a single seed has no interval and no p (None).
    """
    differences = [float(value) for value in np.subtract(values, others)]
    summary = {"differences": differences, "mean": float(np.mean(differences))}
    if len(differences) == 1:
        return summary | {"low": None, "high": None, "p": None}
    test = stats.ttest_rel(values, others)
    low, high = test.confidence_interval(0.95)
    return summary | {"low": float(low), "high": float(high), "p": float(test.pvalue)}


def holm(values):
    """Return the p values of a family of comparisons, each corrected for there being so many.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    order = np.argsort(values)
    corrected = np.sort(values) * np.arange(len(values), 0, -1)
    result = np.empty(len(values))
    result[order] = np.minimum(np.maximum.accumulate(corrected), 1)
    return [float(p) for p in result]


def correct_family(family):
    """Enter into each comparison of a family Holm's p, and whether the difference is shown.

    Comparisons of a single seed have no p, and nothing is entered.
    """
    found = [one["p"] for one in family]
    if None in found:
        return
    for one, p in zip(family, holm(found), strict=True):
        one |= {"holm": p, "shown": p < SHOWN}


def compare_family(values, family):
    """Return {"one - other": comparison} for each pair of names in the family, by the book's rule.

    values: {name: what it reached with each seed}. Each comparison is one of compare_seeds, with
    what correct_family enters.
    """
    found = {f"{one} - {other}": compare_seeds(values[one], values[other]) for one, other in family}
    correct_family(found.values())
    return found


def show_family(comparisons, form="{:+.4f}", scale=1):
    """Print a line for each comparison: the mean difference, its interval, and p."""
    for name, one in comparisons.items():
        line = form.format(scale * one["mean"])
        if one["p"] is not None:
            ends = " to ".join(form.format(scale * one[end]) for end in ("low", "high"))
            line += f" ({ends}), p {one['holm']:.3f}"
        print(f"{name}: {line}")
