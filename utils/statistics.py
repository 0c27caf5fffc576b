"""How good and how confident a network is, and what a mean of some trainings is worth."""

import statistics

import numpy as np
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import softmax

SMALLEST = np.finfo("float32").tiny  # a probability of which there still is a logarithm
BINS = 15  # of a reliability diagram
DEALS = 200_000  # more than there are ways to deal 20 networks into two groups of ten


def score(labels, probabilities):
    """Return accuracy, errors and cross-entropy, without any penalty; both arrays (n, classes)."""
    right, surprise = score_images(labels, probabilities)
    return {
        "accuracy": float(right.mean()),
        "errors": int((~right).sum()),
        "cross_entropy": float(surprise.mean()),
    }


def score_images(labels, probabilities):
    """Return of each image whether it is read rightly, and its cross-entropy -ln p(truth)."""
    of_truth = probabilities[labels == 1]
    # A sure mistake may have a probability of 1e-20. scikit-learn's log_loss would cut that
    # off at 1e-7 and hide how sure the network was; Keras's loss does not, either.
    surprise = -np.log(np.maximum(of_truth, SMALLEST))
    return labels.argmax(axis=1) == probabilities.argmax(axis=1), surprise


def with_temperature(probabilities, temperature):
    """Return softmax(logits / temperature): above 1 less confident answers, below 1 more so.

    The logarithms of the probabilities serve as logits: they are what went into the softmax, up to
    one number added to all ten, which changes nothing.
    """
    return softmax(np.log(np.maximum(probabilities, SMALLEST)) / temperature, axis=1)


def fit_temperature(probabilities, labels):
    """Return the temperature with the lowest cross-entropy; labels: one-hot, shape (n, 10).

    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017.
    """

    def loss(temperature):
        return score(labels, with_temperature(probabilities, temperature))["cross_entropy"]

    return float(minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x)


def reliability(probabilities, labels, bins=BINS):
    """Return images, mean confidence and accuracy for each bin of confidence that is not empty.

    A network's confidence in an answer is its highest probability. The bins are equally wide.
    """
    sureness = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels.argmax(axis=1)
    place = np.minimum((sureness * bins).astype(int), bins - 1)
    rows = [(right[place == b], sureness[place == b]) for b in np.unique(place)]
    return np.array([(len(r), s.mean(), r.mean()) for r, s in rows])


def calibration(probabilities, labels):
    """Return accuracy, errors, cross-entropy, mean confidence and expected calibration error.

    The last is the distance of confidence from accuracy, as a mean over the bins, each weighted by
    its number of images.
    """
    images, sureness, accuracy = reliability(probabilities, labels).T
    return score(labels, probabilities) | {
        "sureness": float(probabilities.max(axis=1).mean()),
        "calibration_error": float(np.average(np.abs(sureness - accuracy), weights=images)),
    }


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


def spread(accuracies, images=None):
    """Return accuracies with their mean and what it is worth.

    "deviation" is that of the sample, None for a single one; "sampling_error", where it is said on
    how many images they were measured, that of one training with the mean accuracy.
    """
    mean, deviation = mean_and_deviation(accuracies)
    summary = {"accuracies": accuracies, "mean": mean, "deviation": deviation}
    return summary | ({"sampling_error": sampling_error(mean, images)} if images else {})


def compare(values, others):
    """Return how far the mean of some networks lies from that of others, and how sure that is.

    values, others: arrays (networks, images), what each network, trained with a seed of its own,
    reaches on each of the same images: 1 for a right answer, say, or its cross-entropy.
    "difference" is that of the means. "interval" tells how far other images might move it: 95 %
    of a bootstrap over the images, each with the values of all networks. "p" tells how often seeds
    alone make such a difference: the share of all ways to deal the networks into two groups (of
    DEALS, if there are more) in which it is as large, None where a group is a single network.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 15.
    """
    for_image = values.mean(axis=0) - others.mean(axis=0)
    images = stats.bootstrap(
        (for_image,), np.mean, n_resamples=2000, batch=50, method="percentile", rng=0
    )
    groups = values.mean(axis=1), others.mean(axis=1)
    seeds = None
    if min(map(len, groups)) > 1:
        seeds = stats.permutation_test(groups, mean_difference, n_resamples=DEALS, rng=0).pvalue
    return {
        "difference": float(for_image.mean()),
        "interval": [float(end) for end in images.confidence_interval],
        "p": seeds,
    }


def mean_difference(one, other, axis):
    return np.mean(one, axis=axis) - np.mean(other, axis=axis)


def with_deviation(scores, unit="", digits=2):
    """Return a mean share in percent, with the unit, and its deviation in points: 99.40 (0.05)."""
    mean, deviation = scores["mean"], scores["deviation"]
    points = "" if deviation is None else f" ({100 * deviation:.{digits}f})"
    return f"{100 * mean:.{digits}f}{unit}{points}"
