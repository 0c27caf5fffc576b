"""Machinery: the comparisons of a family, trained in pairs of seeds, as the rule of the book asks.

Chapter: mnist/README.md#the-rule
"""

from utils.statistics import compare_seeds, correct_family


def compare_family(values, family):
    """Return {"one - other": comparison} for each pair of names in the family.

    values: {name: what it reached with each seed}. With more than one seed, each comparison has p,
    and what correct_family enters.
    """
    found = {f"{one} - {other}": compare_seeds(values[one], values[other]) for one, other in family}
    if all(one["p"] is not None for one in found.values()):
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
