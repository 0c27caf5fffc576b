"""A small U-Net: down to a map of 8 x 8 that knows what, and up again to the pixels, to say where.

Skip connections carry the fine maps of the way down over to the way up. `segment.py` trains it,
`skips.py` trains it without them.
Chapter: cnn/segmentation/README.md#a-u-net
"""

import keras
from keras import layers

from cnn.segmentation.scenes import NAMES, SIZE

FILTERS = [12, 24, 48]  # of the levels with 64 x 64, 32 x 32 and 16 x 16 places
BOTTOM = 96  # filters of the lowest level, with 8 x 8 places


def convolve(x, filters, kernel=3):
    """A convolution that keeps height and width, batch normalization, relu."""
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))


def go_down(x):
    """Return the maps of the three levels, from the widest on, and that of the lowest one."""
    levels = []
    for filters in FILTERS:
        x = convolve(convolve(x, filters), filters)
        levels.append(x)
        x = layers.MaxPooling2D(2)(x)
    return levels, convolve(convolve(x, BOTTOM), BOTTOM)


def build_u_net(skips=True):
    """Return a network from scenes (n, 64, 64, 1) to probabilities (n, 64, 64, 11).

    Without skips, each level of the way up gets what comes from below twice. So it has as many
    weights, and nothing of the way down but what has gone through the lowest level.
    """
    scenes = keras.Input((SIZE, SIZE, 1))
    levels, x = go_down(scenes)
    for filters, level in zip(FILTERS[::-1], levels[::-1], strict=True):
        x = convolve(x, filters, 1)  # as many maps as the level has
        x = layers.UpSampling2D(2)(x)  # each number becomes a square of 2 x 2
        x = layers.Concatenate()([x, level if skips else x])
        x = convolve(x, filters)
    outputs = layers.Conv2D(len(NAMES), 1, activation="softmax")(x)
    return keras.Model(scenes, outputs, name="u_net" if skips else "without_skips")
