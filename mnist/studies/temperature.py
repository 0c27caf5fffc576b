"""How confident a network is, and how one number, the temperature, mends that.

Chapter: mnist/studies/README.md#calibration
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from utils.statistics import SMALLEST, class_numbers, score

BINS = 15  # of a reliability diagram


def with_temperature(probabilities, temperature):
    """Return softmax(logits / temperature): above 1 less confident answers, below 1 more so.

    The logarithms of the probabilities serve as logits: they are what went into the softmax, up to
    one number added to all ten, which changes nothing.
    """
    return softmax(np.log(np.maximum(probabilities, SMALLEST)) / temperature, axis=1)


def fit_temperature(probabilities, labels):
    """Return the temperature with the lowest cross-entropy; labels: as score takes them.

    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017.
    """

    def loss(temperature):
        return score(labels, with_temperature(probabilities, temperature))["cross_entropy"]

    return float(minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x)


def cross_fit_temperature(probabilities, labels, parts):
    """Return the probabilities, each scaled with a temperature fitted on the other parts.

    parts: a number for each image, shape (n,). A writer belongs to one part as a whole, so no
    temperature scales the digits of people on whom it was fitted. Returns the temperatures, too.
    """
    scaled, temperatures = np.empty_like(probabilities), []
    for part in np.unique(parts):
        inside = parts == part
        temperatures.append(fit_temperature(probabilities[~inside], labels[~inside]))
        scaled[inside] = with_temperature(probabilities[inside], temperatures[-1])
    return scaled, temperatures


def reliability(probabilities, labels, bins=BINS):
    """Return images, mean confidence and accuracy for each bin of confidence that is not empty.

    A network's confidence in an answer is its highest probability. The bins are equally wide.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == class_numbers(labels)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [(right[place == b], confidence[place == b]) for b in np.unique(place)]
    return np.array([(len(r), s.mean(), r.mean()) for r, s in rows])


def calibration(probabilities, labels):
    """Return accuracy, errors, cross-entropy, mean confidence and expected calibration error.

    The last is the distance of confidence from accuracy, as a mean over the bins, each weighted by
    its number of images.
    """
    images, confidence, accuracy = reliability(probabilities, labels).T
    return score(labels, probabilities) | {
        "confidence": float(probabilities.max(axis=1).mean()),
        "calibration_error": float(np.average(np.abs(confidence - accuracy), weights=images)),
    }
