"""Machinery of this chapter: where a token stands.

Chapter: text/gpt/README.md#the-network
"""

import keras
from keras import layers


@keras.saving.register_keras_serializable("text")
class Positions(layers.Layer):
    """Adds a vector for its place to each token's vector: attention by itself has no order."""

    def build(self, input_shape):
        shape = input_shape[1:]
        self.places = self.add_weight(name="places", shape=shape, initializer="random_normal")

    def call(self, x):
        return x + self.places  # (batch, time, width) + (time, width)
