"""Machinery of the comparisons on twenty splits: the splits, the networks, the book's rule.

`features.py`, `fairness.py` and `churn_experiments.py` import it; it does nothing by itself. The
test customers of the second lesson are set aside and stay unseen. Each seed splits the others into
training and validation customers, the same for all that is compared, so that two models make
twenty pairs.
Chapter: mlp/README.md#reading-the-results
"""

import keras
import numpy as np
from scipy import stats

from mlp import churn
from mlp import evaluation as lesson
from utils.statistics import mean_and_deviation
from xor.bundles import build_bundle

SPLITS = 20
STOP_SHARE = 0.1  # of the training customers, to stop by
EPOCHS = 200  # at most
PATIENCE = 10  # epochs without progress of any network


def make_pairs(customers, splits, first=0):
    """Return training and validation customers of each split; none is among the lesson's test."""
    others, _ = lesson.take(customers, lesson.TEST_SHARE, lesson.SEED)
    share = lesson.VALIDATION_SHARE / (1 - lesson.TEST_SHARE)
    return [lesson.take(others, share, seed) for seed in range(first, first + splits)]


def prepare(pairs, preprocessor):
    """Return inputs and targets of each split: to learn from, to stop by, and to judge by.

    A tenth of the training customers say when to stop; the preprocessor is fitted on the others.
    """
    parts = [(*lesson.take(train, STOP_SHARE, lesson.SEED), judged) for train, judged in pairs]
    return [lesson.prepare_parts(three, preprocessor) for three in parts]


def stack(prepared):
    """Return X (rows, splits, inputs) and y (rows, splits) of each part of what prepare returns."""
    return [
        tuple(np.stack([split[part][i] for split in prepared], axis=1) for i in (0, 1))
        for part in range(len(prepared[0]))
    ]


class KeepBest(keras.callbacks.Callback):
    """Of each network of a bundle, keeps the weights whose loss on X, y was the lowest.

    Stops the bundle when none of its networks has become better for PATIENCE epochs.
    """

    def __init__(self, X, y):
        super().__init__()
        self.X, self.y, self.better = X, y, 0
        self.losses = np.full(X.shape[1], np.inf)

    def on_epoch_end(self, epoch, logs=None):
        p = np.clip(keras.ops.convert_to_numpy(self.model(self.X))[..., 0], 1e-7, 1 - 1e-7)
        losses = -np.mean(np.where(self.y == 1, np.log(p), np.log(1 - p)), axis=0)
        now = self.model.get_weights()  # the first axis of each is that of the networks
        ahead = losses < self.losses
        if epoch == 0:
            self.best = now
        for best, weights in zip(self.best, now, strict=True):
            best[ahead] = weights[ahead]
        self.losses = np.minimum(losses, self.losses)
        self.better = epoch if ahead.any() else self.better
        self.model.stop_training = epoch - self.better >= PATIENCE

    def on_train_end(self, logs=None):
        self.model.set_weights(self.best)


class RateOfEach(keras.optimizers.Adam):
    """Adam with a learning rate for each network of a bundle; rates: one, or (networks,)."""

    def __init__(self, rates):
        super().__init__(1.0)
        self.rates = np.array(rates, "float32").reshape(-1)

    def update_step(self, gradient, variable, learning_rate):
        rates = self.rates.reshape(-1, *[1] * (len(variable.shape) - 1))
        super().update_step(gradient, variable, rates)


def train_networks(learn, stop, hidden, rates, epochs=EPOCHS, batch_size=lesson.BATCH_SIZE):
    """Return a bundle of networks, one for each split, each stopped in time, and their losses.

    learn, stop: X (rows, splits, inputs) and y (rows, splits); the losses are those on stop.
    Without stop, all networks learn for all epochs, and there are no losses. They are trained at
    once as one model (`xor/bundles.py` says how); each learns as if alone.
    """
    networks, inputs = learn[0].shape[1:]
    model = build_bundle(networks, [inputs, *hidden, 1], "relu")
    model.compile(
        optimizer=RateOfEach(rates),
        loss="binary_crossentropy",
        loss_weights=float(networks),  # makes the sum over the networks of the mean over them
        steps_per_execution=churn.steps_at_once(),
        # On a processor Keras leaves XLA off unless it is told to; here it saves half the time.
        jit_compile=True if keras.config.backend() == "tensorflow" else "auto",
    )
    X, y = learn
    keep = [KeepBest(*stop)] if stop else []
    model.fit(X, y[..., None], batch_size, epochs, verbose=0, callbacks=keep)
    return model, keep[0].losses if stop else None


def predict_validation(pairs, preprocessor, epochs=EPOCHS):
    """Return what the lesson's network, trained on each split, says of its validation customers.

    Probabilities of leaving, shape (splits, rows).
    """
    keras.utils.set_random_seed(0)
    learn, stop, (X, _) = stack(prepare(pairs, preprocessor))
    model, _ = train_networks(learn, stop, lesson.HIDDEN, lesson.LEARNING_RATE, epochs=epochs)
    return keras.ops.convert_to_numpy(model(X))[..., 0].T


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

    The median is that of the splits; a few networks that got stuck move the mean, and widen its
    interval, but not the median. ratio: validation customers per training customer. The splits
    share most of their customers. Nadeau and Bengio, "Inference for the generalization error",
    2003, therefore add the ratio to 1 / splits. The rest is a paired t-test. For a single split
    there is neither interval nor p.
    """
    gains = [one[score] - other[score] for one, other in zip(scores, others, strict=True)]
    gain, deviation = mean_and_deviation(gains)
    pairs = {"gain": gain, "median": float(np.median(gains)), "ahead": sum(g > 0 for g in gains)}
    if deviation is None:
        return pairs | {"error": None, "low": None, "high": None, "p": None}
    error = deviation * (1 / len(gains) + ratio) ** 0.5
    student = stats.t(len(gains) - 1)
    margin = float(student.ppf(0.975)) * error
    p = float(2 * student.sf(abs(gain) / max(error, 1e-12)))
    return pairs | {"error": error, "low": gain - margin, "high": gain + margin, "p": p}


def describe(one):
    """Return in words what a comparison has found."""
    if one["low"] is None:
        return f"{one['gain']:+.3f}"
    verdict = "shown" if one["shown"] else "not shown"
    line = "{gain:+.3f} ({low:+.3f} to {high:+.3f}), median {median:+.3f}, better on {ahead}, "
    return line.format(**one) + verdict
