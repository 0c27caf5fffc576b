"""Tune, then compare: the best setting of each side, and which side is better by the book's rule.

Chapter: HOW_THIS_BOOK_KNOWS.md#the-rule
"""

import math

import numpy as np
from scipy import stats
from sklearn.model_selection import ParameterGrid

from utils.statistics import mean_over_groups

SHOWN = 0.05  # what Holm's p must be below
RANKED = 8  # pairs, from which on ranks can show something in a family: their least p is 0.008


def tune(validation_loss, grid, where=""):
    """Try each setting of a grid; return the best one, and all with their validation losses.

    validation_loss: a function of one setting, given as keyword arguments, that trains and returns
    the loss on validation data, never on test data; one that is not finite is the worst.
    grid: {name: values, in their order}, as for scikit-learn's ParameterGrid. where: what
    to change for other values, if that is not in the script.
    Returns {"best": {name: value}, "loss": float, "tried": [{name: value, ..., "loss": float}]}.
    It says so if the best of three or more values is the first or the last: then look beyond it.
    """
    tried = []
    for setting in ParameterGrid(grid):
        loss = float(validation_loss(**setting))
        tried.append(setting | {"loss": loss if math.isfinite(loss) else math.inf})
        said = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in tried[-1].items()}
        print(*(f"{name} {value}" for name, value in said.items()), sep=", ", flush=True)
    best = dict(min(tried, key=lambda one: one["loss"]))
    loss = best.pop("loss")
    for name, values in grid.items():
        if len(values) > 2 and best[name] in (values[0], values[-1]):
            more = f"look beyond, with {where}." if where else "look beyond."
            print(f"The best {name}, {best[name]}, is at the end of those tried: {more}")
    return {"best": best, "loss": loss, "tried": tried}


def compare_networks(first, second, groups):
    """Return how two trained networks differ on the same examples, and whether that is chance.

    first, second: whether each reads an example rightly, shape (n,); groups: of the examples.
    "mean" is the share that the second one reads more, with the interval over groups; "both",
    "only_first" and "only_second" count what both misread, or one alone; "p" is that of McNemar's
    exact test, which takes the examples for independent.
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
    """Return how far two techniques lie apart, trained with the same seeds, in pairs.

    values, others: what each reached with each seed, shape (seeds,). "mean" is that of the
    differences, "low" and "high" its 95 % interval by Student's t, "ahead" the number of pairs in
    which values is the larger. "p" is that of the signed ranks, which one training that failed
    outright does not blunt; of fewer than eight pairs, that of the t-test. A single seed has no
    interval and no p (None).
    Source: Wilcoxon, "Individual comparisons by ranking methods", 1945.
    """
    differences = [float(value) for value in np.subtract(values, others)]
    ahead = sum(value > 0 for value in differences)
    summary = {"differences": differences, "mean": float(np.mean(differences)), "ahead": ahead}
    if len(differences) == 1:
        return summary | {"low": None, "high": None, "p": None}
    test = stats.ttest_rel(values, others)
    low, high = test.confidence_interval(0.95)
    if len(differences) >= RANKED:
        test = stats.wilcoxon(differences) if any(differences) else None
    p = float(test.pvalue) if test else 1.0
    return summary | {"low": float(low), "high": float(high), "p": p}


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
    """Print a line for each comparison: the mean difference, its interval, pairs ahead, and p."""
    for name, one in comparisons.items():
        line = form.format(scale * one["mean"])
        if one["p"] is not None:
            ends = " to ".join(form.format(scale * one[end]) for end in ("low", "high"))
            pairs = f"ahead in {one['ahead']} of {len(one['differences'])}"
            line += f" ({ends}), {pairs}, p {one['holm']:.3f}"
        print(f"{name}: {line}")
