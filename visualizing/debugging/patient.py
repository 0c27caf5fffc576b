"""Machinery of the doctor: all that it looks at, of one network of a run.

Chapter: visualizing/debugging/README.md#a-doctor
"""

import chapter  # noqa: F401  it tells Python where utils/ is

from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from utils.statistics import score
from visualizing.networks import as_input, layer_outputs, probabilities


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
