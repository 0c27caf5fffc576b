"""Machinery of the comparisons on twenty splits: the splits, the networks, the book's rule.

`features.py`, `fairness.py` and `churn_experiments.py` import it; it does nothing by itself. The
test customers of the second lesson are set aside and stay unseen. Each seed splits the others into
training and validation customers, the same for all that is compared, so that two models make
twenty pairs.
Chapter: mlp/README.md#reading-the-results
"""

import argparse

import keras
import numpy as np
from scipy import stats

from mlp import churn
from mlp import evaluation as lesson
from utils.statistics import mean_and_deviation
from xor.bundles import build_bundle

SPLITS = 20


def make_pairs(customers, splits):
    """Return training and validation customers of each split; none is among the lesson's test."""
    others, _ = lesson.take(customers, lesson.TEST_SHARE, lesson.SEED)
    share = lesson.VALIDATION_SHARE / (1 - lesson.TEST_SHARE)
    return [lesson.take(others, share, seed) for seed in range(splits)]


def stack(prepared):
    """Return X (rows, splits, inputs) and y (rows, splits) to learn from, then those to judge by.

    prepared: what the lesson's `prepare_parts` makes of each split.
    """
    parts = [(part, i) for part in (0, 1) for i in (0, 1)]
    return [np.stack([split[part][i] for split in prepared], axis=1) for part, i in parts]


def train_networks(X, y, options):
    """Return a bundle of trained networks, one for each split: X (rows, splits, inputs).

    They are trained at once as one model (`xor/bundles.py` says how); each learns as if alone.
    """
    networks, inputs = X.shape[1:]
    model = build_bundle(networks, [inputs, *options.hidden, 1], "relu")
    model.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate),
        loss="binary_crossentropy",
        loss_weights=float(networks),  # makes the sum over the networks of the mean over them
        steps_per_execution=churn.steps_at_once(),
        # On a processor Keras leaves XLA off unless it is told to; here it saves half the time.
        jit_compile=True if keras.config.backend() == "tensorflow" else "auto",
    )
    model.fit(X, y, batch_size=options.batch_size, epochs=options.epochs, verbose=0)
    return model


def predict_validation(prepared, epochs):
    """Return what the lesson's network, trained on each split, says of its validation customers.

    prepared: as for stack. Probabilities of leaving, shape (rows, splits).
    """
    keras.utils.set_random_seed(0)
    X, y, X_validation, _ = stack(prepared)
    options = {"hidden": lesson.HIDDEN, "epochs": epochs, "batch_size": lesson.BATCH_SIZE}
    options = argparse.Namespace(**options, learning_rate=lesson.LEARNING_RATE)
    networks = train_networks(X, y[..., None], options)
    return keras.ops.convert_to_numpy(networks(X_validation))[..., 0]


def summarize(scores):
    """Return mean, deviation and all values of each score of a model; scores: one per split."""
    summary = {}
    for score in [score for score in scores[0] if score != "confusion_matrix"]:
        values = [one[score] for one in scores]
        mean, deviation = mean_and_deviation(values)
        summary |= {score: mean, f"{score}_sd": deviation}
        summary[f"{score}_by_seed"] = np.round(values, 4).tolist()
    return summary


def compare(scores, others, ratio, score="auc"):
    """Return by how much a model's score exceeds another's on the same splits: the book's rule.

    ratio: validation customers per training customer. The splits share most of their customers.
    Nadeau and Bengio, "Inference for the generalization error", 2003, therefore add the ratio to
    1 / splits. The rest is a paired t-test. All but the mean are None for a single split.
    """
    gains = [one[score] - other[score] for one, other in zip(scores, others, strict=True)]
    gain, deviation = mean_and_deviation(gains)
    ahead = sum(one > 0 for one in gains)
    if deviation is None:
        return {"gain": gain, "ahead": ahead, "error": None, "low": None, "high": None, "p": None}
    error = deviation * (1 / len(gains) + ratio) ** 0.5
    student = stats.t(len(gains) - 1)
    margin = float(student.ppf(0.975)) * error
    p = float(2 * student.sf(abs(gain) / max(error, 1e-12)))
    interval = {"low": gain - margin, "high": gain + margin}
    return {"gain": gain, "ahead": ahead, "error": error, **interval, "p": p}


def describe(one):
    """Return in words what a comparison has found."""
    if one["low"] is None:
        return f"{one['gain']:+.3f}"
    verdict = "shown" if one["shown"] else "not shown"
    return "{gain:+.3f} ({low:+.3f} to {high:+.3f}), ".format(**one) + verdict
