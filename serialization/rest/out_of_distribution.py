"""Out-of-distribution detection: does an image look like a digit at all?

That, and a calibrated confidence, come from what the last layer computes before the softmax (the
logits), and from two numbers that ship_model.py fits on the validation images. digits.py uses them
in the service; here is what is needed to fit them and to look for better ones, in Keras. To compare
detectors, which takes about two minutes: python serialization/rest/detectors.py

Chapter: serialization/rest/README.md#is-it-a-digit-at-all
"""

import keras
from keras import layers, ops

from utils.runs import ROOT

MODEL = ROOT / "assets" / "models" / "conv_net.keras"
REFUSED = 0.01  # of the validation images: the least digit-like, taken for none
TINY = 1e-30  # a probability of which there still is a logarithm


def is_known(model):
    """Tell whether a network is a stack that ends with a dense layer and its softmax."""
    last = model.layers[-1]
    return (
        isinstance(model, keras.Sequential)
        and isinstance(last, layers.Dense)
        and last.activation is keras.activations.softmax
    )


def find_logits(features, kernel, bias):
    """Return what a last layer with these weights computes before softmax, shape (n, 10)."""
    return features.astype("float32") @ kernel + bias


def give_scores(model):
    """Return a network whose softmax would be the output of this one: images in, scores out.

    If it is not known how its probabilities come about, their logarithms are such scores.
    """
    if not is_known(model):
        return keras.Model(model.inputs, ops.log(ops.maximum(model.outputs[0], TINY)))
    last = model.layers[-1]
    scores = layers.Dense(last.units, name="scores")(last.input)
    network = keras.Model(model.inputs, scores)
    network.layers[-1].set_weights(last.get_weights())
    return network
