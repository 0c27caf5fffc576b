"""How good a network is, and what a mean of some trainings is worth."""

import statistics

import numpy as np
from scipy import stats

SMALLEST = np.finfo("float32").tiny  # a probability of which there still is a logarithm
DRAWS = 2_000  # of a bootstrap


def class_numbers(labels):
    """Return labels as whole numbers, shape (n,); given as such or one-hot, (n, classes)."""
    labels = np.asarray(labels)
    return labels.argmax(axis=1) if labels.ndim == 2 else labels


def fit_float32(mean, deviation):
    """Tell whether values of this mean and standard deviation can be learned with float32.

    It has seven digits, which the mean must not use up, and must hold the square of a deviation.
    """
    return 1e-6 * abs(mean) < deviation and 1e-15 < deviation < 1e15


def score(labels, probabilities):
    """Return accuracy, errors and cross-entropy, without any penalty.

    probabilities: (n, classes); labels: one-hot, as many, or whole numbers from 0, (n,).
    """
    truth = class_numbers(labels)
    of_truth = probabilities[np.arange(len(truth)), truth]
    # A sure mistake may have a probability of 1e-20. scikit-learn's log_loss would cut that
    # off at 1e-7 and hide how sure the network was; nor does Keras's loss on TensorFlow cut it.
    surprise = -np.log(np.maximum(of_truth, SMALLEST))
    right = truth == probabilities.argmax(axis=1)
    return {
        "images": len(right),
        "accuracy": float(right.mean()),
        "errors": int((~right).sum()),
        "cross_entropy": float(surprise.mean()),
    }


def describe_score(scores):
    """Return in words what score has found."""
    return (
        "{accuracy:.2%} of {images:,} right, {errors} misread, cross-entropy {cross_entropy:.4f}"
    ).format(**scores)


def mean_and_deviation(values):
    """Return mean and standard deviation of a sample; the deviation of a single one is None.

    The formula is the one for a sample, with n - 1: it estimates how far apart further
    trainings would lie.
    """
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return statistics.mean(values), deviation


def sampling_error(share, images):
    """Return the standard error of a share of so many images (of a binomial distribution)."""
    return (share * (1 - share) / images) ** 0.5


def share_right(right, examples):
    """Return the accuracy of so many right answers, its standard error, and its 95 % interval.

    The interval also says something where all are right: six of six may be by a network that errs
    in four of ten cases. The examples are taken to be independent.
    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case
    of the binomial", 1934.
    """
    low, high = stats.binomtest(right, examples).proportion_ci()
    share = right / examples
    scores = {"accuracy": share, "sampling_error": sampling_error(share, examples)}
    return scores | {"right": right, "images": examples, "low": float(low), "high": float(high)}


def describe_share(scores):
    """Return in words what share_right has found."""
    return (
        "{right:,} of {images:,} right: {accuracy:.1%} (95 % interval {low:.1%} to {high:.1%})"
    ).format(**scores)


def spread(accuracies, images=None):
    """Return accuracies with their mean and what it is worth.

    "deviation" is that of the sample, None for a single one; "sampling_error", where it is said on
    how many images they were measured, that of one training with the mean accuracy.
    """
    mean, deviation = mean_and_deviation(accuracies)
    summary = {"accuracies": accuracies, "mean": mean, "deviation": deviation}
    return summary | ({"sampling_error": sampling_error(mean, images)} if images else {})


def interval(sums, counts, seed=0):
    """Return {"low", "high"}: the 95 % interval of a mean, from groups that are drawn again.

    sums, counts: of the values in each group (a writer, a week, a name), shape (groups,). Values
    of one group are alike, so a group is drawn whole: a cluster bootstrap.
    Source: Davison and Hinkley, Bootstrap Methods and their Application, 1997, chapter 3.8.
    """
    drawn = np.random.default_rng(seed).integers(len(sums), size=(DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / np.maximum(counts[drawn].sum(axis=1), 1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"low": float(low), "high": float(high)}


def mean_over_groups(values, groups):
    """Return {"mean", "groups", "low", "high"} of values, (n,); groups: names of theirs, (n,)."""
    names, group = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    return {"mean": float(np.mean(values)), "groups": len(names)} | interval(sums, counts)


def with_deviation(scores, unit="", digits=2):
    """Return a mean share in percent, with the unit, and its deviation in points: 99.40 (0.05)."""
    mean, deviation = scores["mean"], scores["deviation"]
    points = "" if deviation is None else f" ({100 * deviation:.{digits}f})"
    return f"{100 * mean:.{digits}f}{unit}{points}"
