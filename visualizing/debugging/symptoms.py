"""Machinery of the doctor: a patient, and what is looked for in one.

Each check reads a patient and returns a sentence, or None.
Chapter: visualizing/debugging/README.md#a-doctor
"""

import math
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from utils.statistics import score
from visualizing.networks import as_input, layer_outputs, probabilities

GUESSING = math.log(10)  # the loss of somebody who gives each digit a probability of 0.1
DEAD = 0.5  # so many neurons of a layer that never fire are a finding
LEAK = 0.02  # so much accuracy must not be lost on other images
SMALL_BATCH = 8  # for the means and deviations of batch normalization
RATES = (0.0001, 0.01)  # between these, Adam's learning rate is nothing special


@dataclass
class Patient:
    """All that a doctor looks at: what the run says of a network, and what the network does."""

    history: pd.DataFrame
    said: dict  # what results.json says of the network
    settings: dict
    model: object
    labels: np.ndarray  # of the held-out images
    predictions: np.ndarray  # what the network says of them, pixels from 0 to 1
    predictions_unscaled: np.ndarray  # and from 0 to 255
    outputs: dict  # of each layer, for the first 1,000

    @classmethod
    def of(cls, model, images, labels, history, said, settings):
        """Return the patient whose model has looked at what held_out_digits returns."""
        pixels = images.astype("float32")
        predictions = [probabilities(model, x) for x in (pixels, 255 * pixels)]
        outputs = layer_outputs(model, as_input(model, images[:1000]))
        return cls(history, said, settings, model, labels, *predictions, outputs)

    def score(self, predictions):
        return score(keras.utils.to_categorical(self.labels, 10), predictions)

    def neurons_alive(self):
        """Yield each layer of relu, but the last, and which of its neurons or maps ever fire."""
        for layer in self.model.layers[:-1]:
            if getattr(getattr(layer, "activation", None), "__name__", "") == "relu":
                output = self.outputs[layer.name]
                yield layer.name, (output > 0).any(axis=tuple(range(output.ndim - 1)))


def diverged(patient):
    broken = ~np.isfinite(patient.history["loss"])
    if broken.any():
        return f"the loss is no number from epoch {broken.idxmax() + 1} on: lower the rate"
    return None


def not_probabilities(patient):
    sums = patient.predictions.sum(axis=1)
    if np.abs(sums - 1).max() > 0.01 and not getattr(patient.model.loss, "from_logits", False):
        return (
            f"the ten outputs add up to {np.median(sums):.2f}, not to 1, and the loss takes them "
            "for probabilities: softmax in the last layer, or from_logits=True in the loss"
        )
    return None


def learned_nothing(patient):
    best = patient.history["accuracy"].max()
    if best < 0.2:
        return (
            f"it has learned nothing: at best {best:.0%} of its own training images are right, "
            f"and the loss ends at {patient.history['loss'].iloc[-1]:.2f}; guessing gives "
            f"{GUESSING:.2f}"
        )
    return None


def dead_neurons(patient):
    """A neuron, or a map, that gives 0 for each of 1,000 images gets no gradient, either."""
    found = [
        f"{(~alive).sum()} of {alive.size} in {name}"
        for name, alive in patient.neurons_alive()
        if (~alive).mean() > DEAD
    ]
    if found:
        return f"neurons that are never active: {'; '.join(found)}. A lower rate, other weights"
    return None


def judge_rate(patient):
    """Return "low" or "high" if the learning rate is that for Adam or its kin; None if not."""
    rate, optimizer = (patient.settings.get(key) for key in ("learning_rate", "optimizer"))
    if not rate or optimizer not in ("adam", "adamw", "nadam"):
        return None
    return "low" if rate < RATES[0] else "high" if rate > RATES[1] else None


def unusual_rate(patient):
    if word := judge_rate(patient):
        rate, optimizer = patient.settings["learning_rate"], patient.settings["optimizer"]
        return f"a learning rate of {rate:g} is {word} for {optimizer}: try 0.001"
    return None


def still_learning(patient):
    history = patient.history
    # Early on it is no fault yet.
    if len(history) >= 5 and history["accuracy"].iloc[-1] < 0.8:
        last = history[["loss", "val_loss"]].tail(4)
        if (last.diff().dropna() < -0.001).all(axis=None):
            fallen = history["loss"].iloc[0] - history["loss"].iloc[-1]
            return (
                f"both losses are still falling, and the training loss only by {fallen:.2f} so "
                "far: a higher rate or more epochs"
            )
    return None


def same(first, second):
    """Tell whether two scores may be those of the same images: rounding alone sets them apart."""
    close = math.isclose(first["cross_entropy"], second["cross_entropy"], rel_tol=0.02)
    return close and abs(first["accuracy"] - second["accuracy"]) < 0.002


def not_scaled(patient):
    said, scaled = patient.said["validation"], patient.score(patient.predictions)
    unscaled = patient.score(patient.predictions_unscaled)
    if same(said, unscaled) and not same(said, scaled):
        return (
            f"the run's validation loss of {said['cross_entropy']:.3f} comes out with pixels from "
            "0 to 255, not with 0 to 1: it was trained with unscaled images. Scale them"
        )
    return None


def leak(patient):
    said = patient.said["validation"]["accuracy"]
    both = patient.predictions, patient.predictions_unscaled
    here = max(patient.score(predictions)["accuracy"] for predictions in both)
    if said - here > LEAK:
        return (
            f"the run says {said:.1%} on its validation images, on those of the book it is "
            f"{here:.1%}: are there training images among its own?"
        )
    return None


def loud_start(patient):
    first = patient.history["loss"].iloc[0]
    if first > 1.3 * GUESSING:
        return (
            f"the mean loss of the first epoch is {first:.2f}, and guessing would give "
            f"{GUESSING:.2f}: large numbers at the input, or too high a rate"
        )
    return None


def overfitting(patient):
    """Medians of three epochs in a row, and five epochs later: a single one may be bad luck."""
    losses = patient.history["val_loss"].rolling(3).median()
    best = losses.idxmin() if losses.notna().any() else len(losses) - 1
    training = patient.history["loss"]
    risen = len(losses) - 1 - best >= 5 and losses.iloc[-1] > 1.05 * losses[best]
    if risen and training.iloc[-1] < training[best]:
        return (
            f"the validation loss rose after epoch {best} while training fell: overfitting. "
            "More images, augmentation, dropout, or stop early"
        )
    return None


def unrelated_labels(patient):
    train = patient.said["train"]["accuracy"]
    here = patient.score(patient.predictions)["accuracy"]
    if here < 0.2 and train > here + 0.1:
        return (
            f"{train:.0%} of the training images are right, and {here:.0%} of others, as by "
            "guessing: it only memorizes. Do the labels belong to the images?"
        )
    return None


def training_lags(patient):
    """Dropout and augmentation make training harder; nothing else should, for long."""
    names = {type(layer).__name__ for layer in patient.model.layers}
    last = patient.history.iloc[-1]
    eased = any("Dropout" in name or "Random" in name for name in names)
    if not eased and last["val_accuracy"] - last["accuracy"] > 0.05:
        return (
            f"it is better on validation ({last['val_accuracy']:.0%}) than in training "
            f"({last['accuracy']:.0%}), without dropout: are the batches mixed, and large enough?"
        )
    return None


def small_batches(patient):
    names = [type(layer).__name__ for layer in patient.model.layers]
    size = patient.settings.get("batch_size")
    if "BatchNormalization" in names and size and size < SMALL_BATCH:
        return f"batch normalization with batches of {size}: their means say little. 32 or more"
    return None


CHECKS = [
    diverged, not_probabilities, learned_nothing, dead_neurons, unusual_rate, still_learning,
    loud_start, not_scaled, leak, overfitting, unrelated_labels, training_lags, small_batches,
]  # fmt: skip


def examine(patient):
    """Return {check: what it found} for the checks that found something."""
    found = {check.__name__: check(patient) for check in CHECKS}
    return {name: text for name, text in found.items() if text}
