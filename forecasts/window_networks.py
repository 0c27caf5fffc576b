"""The four networks among the methods: they differ only in how they read the window.

Chapter: forecasts/README.md#the-methods
"""

import keras
import numpy as np
from keras import layers

from forecasts.methods import Learner

UNITS = 32  # of a recurrent layer; feature maps of a convolution
EPOCHS = 12  # at most: what is kept is the epoch with the lowest validation loss
PATIENCE = 3  # epochs without progress before training ends
# Compiled by XLA, a recurrent layer takes less time on TensorFlow. JAX uses XLA anyway, and with
# PyTorch Keras does not use it.
JIT = True if keras.config.backend() == "tensorflow" else "auto"
BATCH_SIZE = 256
LEARNING_RATE = 0.003


def perceptron(past):
    x = layers.Flatten()(past)
    return layers.Dense(128, activation="relu")(x)


def dilated_convolution(past):
    """Look 1, 2, 4, 8 ... steps apart, so a few layers see the whole window."""
    x, dilation = past, 1
    while dilation < past.shape[1]:
        options = {"padding": "causal", "dilation_rate": dilation, "activation": "relu"}
        x = layers.Conv1D(UNITS, 2, **options)(x)
        dilation *= 2
    return x[:, -1]


def gru(past):
    return layers.GRU(UNITS)(past)


def lstm(past):
    return layers.LSTM(UNITS)(past)


class Network(Learner):
    """A network that reads the past in one of the four ways and adds what is known in advance."""

    def __init__(self, read, seed=1, epochs=EPOCHS):
        self.read, self.seed, self.epochs = read, seed, epochs

    def inputs(self, starts):
        return [self.data.past(starts), self.data.known(starts)]

    def build(self, outputs):
        past, known = (keras.Input(x.shape[1:]) for x in self.inputs(self.data.starts["train"][:1]))
        x = layers.Concatenate()([self.read(past), known])
        x = layers.Dense(64, activation="relu")(x)
        return keras.Model([past, known], layers.Dense(outputs)(x))

    def start(self, outputs, loss="mae"):
        keras.utils.set_random_seed(self.seed)
        self.model = self.build(outputs)
        self.model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=loss, jit_compile=JIT)

    def fit(self, data, loss="mae", outputs=None):
        """Train, and keep the weights of the epoch with the lowest validation loss."""
        self.data = data
        self.start(outputs or data.horizon, loss)
        train, validation = data.starts["train"], data.starts["validation"]
        self.model.fit(
            self.inputs(train),
            data.targets(train),
            batch_size=BATCH_SIZE,
            epochs=self.epochs,
            validation_data=(self.inputs(validation), data.targets(validation)),
            callbacks=[keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)],
            verbose=0,
        )
        self.parameters = self.model.count_params()
        return self

    def refit(self, data):
        """Train anew on data without a validation part, for as many epochs as were best."""
        epochs = 1 + int(np.argmin(self.model.history.history["val_loss"]))
        self.data, starts = data, data.starts["train"]
        self.start(data.horizon)
        x, y = self.inputs(starts), data.targets(starts)
        self.model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
        return self

    def predict(self, starts):
        outputs = self.model.predict(self.inputs(starts), batch_size=512, verbose=0)
        return self.data.unscaled(outputs, starts)
