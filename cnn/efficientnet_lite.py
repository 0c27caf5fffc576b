"""EfficientNet-Lite0 in Keras, with the weights that it has learned from ImageNet.

The network takes colour images, values 0 to 255, and gives a probability for each of 1,000 kinds
of things. Architecture and weights: Google's EfficientNet-Lite, Apache-2.0. `classify.py` and
`transfer.py` use it. Importing this module sets Keras to `channels_last`.
Chapter: cnn/README.md#a-pretrained-network
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

WEIGHTS = Path(__file__).resolve().parent / "data" / "efficientnet_lite0.npz"
SIZE = 224  # pixels, width and height of the images that it was trained on
CLASSES = 1000
# Of each stage: kernel size, blocks, filters, expansion, stride of the first block.
STAGES = [(3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2)]
STAGES += [(5, 3, 112, 6, 1), (5, 4, 192, 6, 2), (3, 1, 320, 6, 1)]

keras.config.set_image_data_format("channels_last")  # the order of the kernels in the file


def batch_norm(x, name, relu=True):
    """Batch normalization, and an activation that cuts off below 0 and above 6."""
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_norm")(x)
    return layers.ReLU(6, name=f"{name}_relu")(x) if relu else x


def inverted_residual(x, name, kernel, filters, expansion, stride):
    """Widen the channels (1 x 1), look around in each (depthwise), narrow them again (1 x 1)."""
    start, channels = x, x.shape[-1]
    if expansion > 1:
        x = layers.Conv2D(expansion * channels, 1, use_bias=False, name=f"{name}_expand")(x)
        x = batch_norm(x, f"{name}_expand")
    depthwise = {"padding": "same", "use_bias": False, "name": f"{name}_depthwise"}
    x = layers.DepthwiseConv2D(kernel, stride, **depthwise)(x)
    x = batch_norm(x, f"{name}_depthwise")
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project")(x)
    x = batch_norm(x, f"{name}_project", relu=False)
    if stride == 1 and filters == channels:
        x = layers.Add(name=f"{name}_add")([start, x])
    return x


def build_network(size=SIZE, pretrained=True, include_top=True):
    """Return EfficientNet-Lite0: with weights learned from ImageNet, or with random ones.

    Without its top, the last layer, it gives 1,280 numbers for an image and not 1,000
    probabilities. The option is called as in keras.applications.
    """
    pixels = keras.Input((size, size, 3))  # 0 to 255
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(pixels)
    x = layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="stem_conv")(x)
    x = batch_norm(x, "stem")
    block = 0
    for kernel, blocks, filters, expansion, stride in STAGES:
        for first in [True] + [False] * (blocks - 1):
            step = stride if first else 1
            x = inverted_residual(x, f"block_{block}", kernel, filters, expansion, step)
            block += 1
    x = layers.Conv2D(1280, 1, use_bias=False, name="head_conv")(x)
    x = batch_norm(x, "head")
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    if include_top:
        x = layers.Dense(CLASSES, activation="softmax", name="classifier")(x)
    network = keras.Model(pixels, x, name="efficientnet_lite0")
    if pretrained:
        load_weights(network)
    return network


def load_weights(network):
    """Fill in the weights of the file, in which stem/conv is the kernel of the layer stem_conv."""
    with np.load(WEIGHTS) as file:
        arrays = {key.replace("/", "_"): array for key, array in file.items()}
    for layer in network.layers:
        for variable in layer.weights:
            key = f"{layer.name}_{variable.name.removeprefix('moving_')}"
            variable.assign(arrays[key if key in arrays else layer.name].astype("float32"))
