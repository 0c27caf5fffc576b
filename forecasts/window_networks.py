"""The two networks among the methods: they differ only in how they read the window.

Chapter: forecasts/README.md#the-methods
"""

import keras
import numpy as np
from keras import layers

from forecasts.methods import Learner

UNITS = 32  # of the recurrent layer
EPOCHS = 25  # at most: what is kept is the epoch with the lowest validation loss
PATIENCE = 3  # epochs without progress before training ends
# Compiled by XLA, a recurrent layer takes less time on TensorFlow. JAX uses XLA anyway, and with
# PyTorch Keras does not use it.
JIT = True if keras.config.backend() == "tensorflow" else "auto"
BATCH_SIZES = 16, 256  # the least and the most
STEPS = 50  # of an epoch; with fewer windows, the batches are smaller
LEARNING_RATES = [0.0003, 0.001, 0.003, 0.01]  # the validation part chooses one of them


def perceptron(past):
    x = layers.Flatten()(past)
    return layers.Dense(128, activation="relu")(x)


def gru(past):
    return layers.GRU(UNITS)(past)


def batch_size(windows):
    return int(np.clip(len(windows) // STEPS, *BATCH_SIZES))


class Network(Learner):
    """A network that reads the past in one of the two ways and adds what is known in advance."""

    dear, where = True, "LEARNING_RATES in forecasts/window_networks.py"

    def __init__(self, read, seed=1, epochs=EPOCHS):
        self.read, self.seed, self.epochs = read, seed, epochs
        self.grid = {"learning_rate": LEARNING_RATES}

    def inputs(self, starts):
        return [self.data.past(starts), self.data.known(starts)]

    def build(self, outputs):
        past, known = (keras.Input(x.shape[1:]) for x in self.inputs(self.data.starts["train"][:1]))
        x = layers.Concatenate()([self.read(past), known])
        x = layers.Dense(64, activation="relu")(x)
        return keras.Model([past, known], layers.Dense(outputs)(x))

    def start(self, outputs, learning_rate, loss="mae"):
        """Return a network that has learned nothing yet."""
        keras.utils.set_random_seed(self.seed)
        model = self.build(outputs)
        model.compile(keras.optimizers.Adam(learning_rate), loss=loss, jit_compile=JIT)
        return model

    def fit(self, data):
        super().fit(data)
        self.best_epochs = 1 + int(np.argmin(self.model.history.history["val_loss"]))
        return self

    def train(self, learning_rate, loss="mae", outputs=None):
        """Return a network with the weights of its best epoch, and its validation loss."""
        data = self.data
        model = self.start(outputs or data.horizon, learning_rate, loss)
        train, validation = data.starts["train"], data.starts["validation"]
        history = model.fit(
            self.inputs(train),
            data.targets(train),
            batch_size=batch_size(train),
            epochs=self.epochs,
            validation_data=(self.inputs(validation), data.targets(validation)),
            callbacks=[keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)],
            verbose=0,
        )
        self.parameters = model.count_params()
        return model, min(history.history["val_loss"])

    def refit(self, data):
        """Train anew on data without a validation part, for as many epochs as were best."""
        self.data, starts = data, data.starts["train"]
        self.model = self.start(data.horizon, **self.tuned["best"])
        x, y = self.inputs(starts), data.targets(starts)
        self.model.fit(x, y, batch_size=batch_size(starts), epochs=self.best_epochs, verbose=0)
        return self

    def predict(self, starts):
        outputs = self.model.predict(self.inputs(starts), batch_size=512, verbose=0)
        return self.data.unscaled(outputs, starts)
