"""Out-of-distribution detection: does an image look like a digit at all?

That, and a calibrated confidence, come from what the last layer computes before the softmax (the
logits), and from two numbers that ship_model.py fits on the validation images and writes beside
the network, as NAME.json. The service uses this module. To compare it with other detectors, which
takes about two minutes: python serialization/rest/detectors.py

Chapter: serialization/rest/README.md#is-it-a-digit-at-all
"""

import hashlib
import math

import keras
import numpy as np
from scipy.special import softmax

from utils.runs import ROOT, read_json

MODEL = ROOT / "assets" / "models" / "conv_net.keras"
REFUSED = 0.01  # of the validation images: the least digit-like, taken for none


def is_known(model):
    """Tell whether a network is a stack that ends with a dense layer and its softmax."""
    last = model.layers[-1]
    return (
        isinstance(model, keras.Sequential)
        and isinstance(last, keras.layers.Dense)
        and last.activation is keras.activations.softmax
    )


def find_logits(features, kernel, bias):
    """Return what a last layer with these weights computes before softmax, shape (n, 10)."""
    return features.astype("float32") @ kernel + bias


def digit_likeness(logits):
    """Return ln(sum(exp(logits))), which is minus the energy: high if some digit has a high logit.

    The softmax loses it: ten low logits give the same probabilities as ten high ones.
    Source: Liu, Wang, Owens and Li, "Energy-based out-of-distribution detection", 2020.
    """
    return np.logaddexp.reduce(logits, axis=1)


def load_limits(path):
    """Return what ship_model.py fitted to the network in path, or None without it beside."""
    try:
        limits = read_json(path.with_suffix(".json"))
        known = limits["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        numbers = limits["temperature"], limits["least_likeness"]
        fits = known and numbers[0] > 0 and all(map(math.isfinite, numbers))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return limits if fits else None


class Detector:
    """Turns outputs of its network into probabilities and verdicts; without limits, no verdicts."""

    def __init__(self, model, limits):
        self.limits = limits if is_known(model) else None
        self.network = model
        if self.limits:
            self.network = keras.Model(model.inputs, model.layers[-1].input)
            self.last = model.layers[-1].get_weights()  # kernel and bias

    def detect(self, outputs):
        """Return probabilities, shape (n, 10), and for each image True, False or None."""
        if not self.limits:
            return outputs.astype("float32"), [None] * len(outputs)
        logits = find_logits(outputs, *self.last)
        likely = digit_likeness(logits) >= self.limits["least_likeness"]
        return softmax(logits / self.limits["temperature"], axis=1), likely.tolist()
