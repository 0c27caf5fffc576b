"""A small U-Net: down to a map of 8 x 8 that knows what, and up again to the pixels, to say where.

Skip connections carry the fine maps of the way down over to the way up. `segment.py` trains it,
`skips.py` trains it without them.
Chapter: cnn/segmentation/README.md#a-u-net
"""

import keras
from keras import layers

from cnn.efficientnet_lite import build_network
from cnn.segmentation.scenes import NAMES, SIZE

FILTERS = [12, 24, 48]  # of the levels with 64 x 64, 32 x 32 and 16 x 16 places
BOTTOM = 96  # filters of the lowest level, with 8 x 8 places
# Of EfficientNet-Lite0, where it has 1/2, 1/4 and so on of the image's width.
LEVELS = ["block_0_project_norm", "block_2_add", "block_4_add", "block_10_add", "block_14_add"]


def convolve(x, filters, kernel=3):
    """A convolution that keeps height and width, batch normalization, relu."""
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))


def go_down(x):
    """Return the maps of the levels, from the widest to the lowest: four of 64 to 8 places."""
    levels = []
    for filters in FILTERS:
        x = convolve(convolve(x, filters), filters)
        levels.append(x)
        x = layers.MaxPooling2D(2)(x)
    return [*levels, convolve(convolve(x, BOTTOM), BOTTOM)]


def build_u_net(skips=True):
    """Return a network from scenes (n, 64, 64, 1) to probabilities (n, 64, 64, 11).

    Without skips, each level of the way up gets what comes from below twice. So it has as many
    weights, and nothing of the way down but what has gone through the lowest level.
    """
    scenes = keras.Input((SIZE, SIZE, 1))
    *levels, x = go_down(scenes)
    for filters, level in zip(FILTERS[::-1], levels[::-1], strict=True):
        x = convolve(x, filters, 1)  # as many maps as the level has
        x = layers.UpSampling2D(2)(x)  # each number becomes a square of 2 x 2
        x = layers.Concatenate()([x, level if skips else x])
        x = convolve(x, filters)
    outputs = layers.Conv2D(len(NAMES), 1, activation="softmax")(x)
    return keras.Model(scenes, outputs, name="u_net" if skips else "without_skips")


def load_way_down(size):
    """Return a network that knows ImageNet, from images (n, size, size, 3), 0 to 255, to five maps.

    It is the way down for images of one's own, and does not learn.
    """
    base = build_network(size, include_top=False)
    down = keras.Model(base.input, [base.get_layer(name).output for name in LEVELS])
    down.trainable = False
    return down
