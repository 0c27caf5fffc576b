"""Mistakes that are easily made in parts of one's own, and what Keras says about each.

    python customizing/mistakes.py

Makes each mistake once. You will see the kind of the error and the line of its message that helps,
or that there was no error, which is worse. Takes seconds.
Chapter: customizing/README.md#what-keras-says-when-it-goes-wrong
"""

from chapter import OUTPUTS

import re
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from customizing.train_steps import OwnStep
from utils.options import make_parser
from utils.runs import make_folder, save_results

X = np.ones((8, 4), "float32")
Y = np.zeros((8, 1), "float32")


def wrong_shape():
    """A network for rows of four numbers gets rows of five."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model(np.ones((8, 5), "float32"))


def no_super():
    """The constructor of a layer does not call that of keras.layers.Layer."""

    class Scale(layers.Layer):
        def __init__(self, factor):
            self.factor = ops.convert_to_tensor(factor)
            self.inner = layers.Dense(1)

    Scale(2.0)(X)


def numpy_in_call():
    """A layer computes with numpy in place of keras.ops."""

    class Squash(layers.Layer):
        def call(self, inputs):
            return np.tanh(inputs)

    Squash()(keras.Input((4,)))


def no_config():
    """A layer that takes an array has no get_config, and its model is saved."""

    class Shift(layers.Layer):
        def __init__(self, offsets):
            super().__init__()
            self.offsets = offsets

        def call(self, inputs):
            return inputs + self.offsets

    model = keras.Sequential([keras.Input((4,)), Shift(np.arange(4.0))])
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")


def not_registered():
    """A saved model has a layer that whoever loads it does not know."""

    class Double(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    model = keras.Sequential([keras.Input((4,)), Double()])
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        keras.saving.load_model(Path(folder) / "model.keras")


def vector_for_a_loss():
    """A train_step differentiates the losses of all rows in place of their mean."""

    class Forgetful(OwnStep):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.square(y - y_pred)[:, 0]  # (n,): ops.mean is missing

    inputs = keras.Input((4,))
    model = Forgetful(inputs, layers.Dense(1)(inputs))
    model.compile("sgd")
    model.fit(X, Y, verbose=0)


def metric_without_a_name():
    """A lambda is a metric: under which name will a callback find it?"""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda y, answers: ops.max(ops.abs(y - answers))])
    history = model.fit(X, Y, verbose=0)
    return f"the names in the history are {[*history.history]}"


# Each mistake, and words of the sentence that helps: some messages are a page long.
MISTAKES = {
    wrong_shape: "incompatible",
    no_super: "super",
    numpy_in_call: "numpy",
    no_config: "must override",
    not_registered: "Could not locate class",
    vector_for_a_loss: "scalar",
    metric_without_a_name: "history",
}


def provoke(mistake, words):
    """Return the kind of the error, None without one, and the sentence with these words."""
    try:
        kind, said = None, mistake() or ""
    except Exception as error:  # whatever Keras or its back end raises: that is the question here
        kind, said = type(error).__name__, re.sub(r"\x1b\[\d*m", "", str(error))  # no colours
    sentences = re.split(r"(?<=\.) | Arguments received", " ".join(said.split()))
    helpful = [sentence for sentence in sentences if words in sentence] or sentences
    return {"error": kind, "said": helpful[0].strip()}


def main(argv=None):
    """Return {mistake: its error and what Keras said}."""
    folder = make_folder(make_parser("Mistakes in parts.", OUTPUTS).parse_args(argv).outputs)
    results = {}
    for mistake, words in MISTAKES.items():
        results[mistake.__name__] = found = provoke(mistake, words)
        print(f"\n{mistake.__doc__}\n  {found['error'] or 'no error'}: {found['said']}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
