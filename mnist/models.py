"""The models of this chapter: each function builds one network, ready to be compiled.

An MLP takes each image as a vector, shape (784,); a convolutional network as an image with
one channel, shape (28, 28, 1); a recurrent one as a sequence of rows, shape (28, 28). To add a
model, write a function at the end that returns a list of layers, and decorate it with `@model`,
which makes a network of it. `mnist.py -m NAME` then knows it by the function's name, and `-m all`
trains it, too.
Chapter: mnist/README.md#one-hidden-layer
"""

import functools

import keras
from keras import layers, regularizers

# The channel axis stands where the image_data_format of keras.json puts it.
CHANNELS_FIRST = keras.config.image_data_format() == "channels_first"
IMAGE_SHAPE = (1, 28, 28) if CHANNELS_FIRST else (28, 28, 1)
VECTOR_SHAPE = (784,)
ROWS_SHAPE = (28, 28)
NUM_CLASSES = 10

# How much each squared weight (L2) or absolute weight (L1) adds to the loss.
PENALTY = 0.0001

MODELS = {}
ZOO = []  # what `mnist.py -m all` trains and compares


def named(build):
    """Make a function that returns layers build a model of its name, and add it to MODELS."""

    @functools.wraps(build)
    def build_named(*args, **kwargs):
        return keras.Sequential(build(*args, **kwargs), name=build.__name__)

    MODELS[build.__name__] = build_named
    return build_named


def model(build):
    """Do the same, and add it to the zoo, too."""
    ZOO.append(build.__name__)
    return named(build)


@model
def mlp_one_layer():
    """One hidden layer: 407,050 parameters."""
    return [
        keras.Input(VECTOR_SHAPE),
        layers.Dense(512, activation="relu"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@model
def mlp_two_layers():
    """Two hidden layers: 669,706 parameters."""
    return [
        keras.Input(VECTOR_SHAPE),
        layers.Dense(512, activation="relu"),
        layers.Dense(512, activation="relu"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@model
def mlp_two_layers_dropout():
    """Two hidden layers, half of their outputs dropped in training: 669,706 parameters."""
    return [
        keras.Input(VECTOR_SHAPE),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


def convolutional_network(kernel_regularizer=None):
    """Three convolutions and a hidden layer; the penalty falls on every kernel but the last."""
    return [
        keras.Input(IMAGE_SHAPE),
        layers.Conv2D(32, 3, activation="relu", kernel_regularizer=kernel_regularizer),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu", kernel_regularizer=kernel_regularizer),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu", kernel_regularizer=kernel_regularizer),
        layers.Flatten(),
        layers.Dense(64, activation="relu", kernel_regularizer=kernel_regularizer),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@model
def conv_net():
    """The convolutional network without any regularization: 93,322 parameters."""
    return convolutional_network()


@model
def conv_net_l1():
    """The convolutional network with an L1 penalty on its kernels: 93,322 parameters."""
    return convolutional_network(regularizers.L1(PENALTY))


@model
def conv_net_l2():
    """The convolutional network with an L2 penalty on its kernels: 93,322 parameters."""
    return convolutional_network(regularizers.L2(PENALTY))


@model
def conv_net_batch_norm():
    """The convolutional network with batch normalization in two places: 93,706 parameters."""
    return [
        keras.Input(IMAGE_SHAPE),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.BatchNormalization(axis=1 if CHANNELS_FIRST else -1),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.BatchNormalization(),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@model
def conv_net_dropout():
    """The convolutional network with dropout in two places: 93,322 parameters."""
    return [
        keras.Input(IMAGE_SHAPE),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@model
def le_net():
    """LeNet-5 of 1998, as far as today's layers allow: 61,706 parameters.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (11), 1998. There, pooling had weights of its
    own, the second convolution saw only some of the first one's maps, and the output layer
    measured distances; here they are average pooling, a full convolution and softmax.
    """
    return [
        keras.Input(IMAGE_SHAPE),
        layers.Conv2D(6, 5, padding="same", activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


def normalize(momentum=0.99):
    """Batch normalization over the channels, or over the neurons; momentum: of its averages."""
    return layers.BatchNormalization(axis=1 if CHANNELS_FIRST else -1, momentum=momentum)


@named
def quick_net(width=32, dropout=0.0):
    """conv_net_batch_norm with one more normalization: 93,962 parameters at a width of 32.

    width: filters of the first convolution, half of those of the others; dropout: share of the
    outputs of the hidden layer that is dropped in training.
    """
    return [
        keras.Input(IMAGE_SHAPE),
        layers.Conv2D(width, 3, activation="relu"),
        layers.MaxPooling2D(2),
        normalize(momentum=0.9),
        layers.Conv2D(2 * width, 3, activation="relu"),
        layers.MaxPooling2D(2),
        normalize(momentum=0.9),
        layers.Conv2D(2 * width, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(2 * width, activation="relu"),
        normalize(momentum=0.9),
        layers.Dropout(dropout),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@named
def best_net():
    """Four convolutions, most of them wide, with normalization and dropout: 378,698 parameters."""
    return [
        keras.Input(IMAGE_SHAPE),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        normalize(momentum=0.9),
        layers.Conv2D(96, 3, activation="relu"),
        layers.Conv2D(96, 3, activation="relu"),
        layers.MaxPooling2D(2),
        normalize(momentum=0.9),
        layers.Conv2D(192, 3, activation="relu"),
        normalize(momentum=0.9),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        normalize(momentum=0.9),
        layers.Dropout(0.5),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@named
def mlp_tiny():
    """An MLP too small for its task: 3,190 parameters."""
    return [
        keras.Input(VECTOR_SHAPE),
        layers.Dense(4, activation="relu"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


@named
def lstm():
    """A recurrent network that reads the image row by row, top to bottom: 81,674 parameters."""
    output = layers.Dense(NUM_CLASSES, activation="softmax")
    return [keras.Input(ROWS_SHAPE), layers.LSTM(128), output]


@named
def gru():
    """The same with a GRU, with three sets of weights in place of four: 61,962 parameters."""
    output = layers.Dense(NUM_CLASSES, activation="softmax")
    return [keras.Input(ROWS_SHAPE), layers.GRU(128), output]
