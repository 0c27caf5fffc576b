"""Machinery of the studies: features that are computed once, and cross-validation on them.

The layers that do not learn give the same for an image each time. So their outputs are computed
once and kept, and only the layers above are trained: an epoch takes a fraction of a second. That
makes it possible to train anew for each part that is held out, and for several seeds.
Chapter: cnn/studies/README.md#cross-validation
"""

import math

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import StratifiedGroupKFold

from cnn.photographs import keep_readable, read_pictures
from utils.runs import fail

EPOCHS = 50  # of training the new head
LEARNING_RATE = 0.001  # of the head; the last blocks get a tenth
FROZEN = "block_11_project_norm"  # the last layer that fine-tuning leaves as it is
FOLDS = 5  # parts of the images; each is held out once
BATCH_SIZE = 32  # images that are read and computed at a time


def count_groups(labels, groups):
    """Return how many groups there are of each class."""
    groups = np.array(groups)
    return np.array([len(set(groups[labels == label])) for label in np.unique(labels)])


def read_batches(pictures, size):
    """Yield the images in batches: their numbers, and float32 of (count, size, size, 3).

    An image that cannot be read is left out, with a line that says so.
    """
    for start in range(0, len(pictures.sources), BATCH_SIZE):
        numbers, pixels = read_pictures(pictures.sources[start : start + BATCH_SIZE], size)
        if numbers:
            yield [start + number for number in numbers], pixels.astype("float32")


def forget(optimizer):
    """Let an optimizer begin anew, so that its network need not be compiled again.

    Its learning rate becomes 0, too: set it before each step.
    """
    for variable in optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))


def replace_head(network, classes):
    """Return three models that share their layers: the whole, its new head, its last blocks.

    The whole takes images, the head what `pooling` gives, the last blocks what FROZEN gives.
    """
    features = network.get_layer("pooling").output
    answer = layers.Dense(classes, activation="softmax", name="classifier")(features)
    last_blocks = keras.Model(network.get_layer(FROZEN).output, answer)
    return keras.Model(network.input, answer), keras.Model(features, answer), last_blocks


def compute_features(network, names, pictures):
    """Compute once what some layers give for each image, since the layers below never change.

    Returns an array for each layer, and the images without those that cannot be read.
    """
    outputs = {name: network.get_layer(name).output for name in names}
    trunk = keras.Model(network.input, outputs)
    kept, batches = [], []
    for numbers, pixels in read_batches(pictures, network.input_shape[1]):
        kept += numbers
        batches.append(trunk.predict_on_batch(pixels))
    if not kept:
        fail("there are no images in subfolders, one for each class, that can be read.")
    features = [np.concatenate([batch[name] for batch in batches]) for name in names]
    return features, keep_readable(pictures, kept)


def train(model, inputs, labels, epochs, learning_rate):
    """Train what is not frozen, quietly; labels: a number for each image."""
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    model.fit(inputs, labels, epochs=epochs, verbose=0)


def thaw(model):
    """Make a model trainable, but not its batch normalization, which keeps its averages, too."""
    for layer in model.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)


def fine_tune(last_blocks, maps, labels, epochs, learning_rate):
    """Train the last blocks, but not their batch normalization."""
    thaw(last_blocks)
    train(last_blocks, maps, labels, epochs, learning_rate / 10)


def predict(model, inputs):
    """Return probabilities (n, classes); predict would be compiled anew for each fold."""
    batches = np.array_split(inputs, math.ceil(len(inputs) / 32))
    predictions = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches]
    return np.concatenate(predictions)


def cross_validate(models, inputs, labels, groups, settings):
    """Hold out a fifth of the images and learn from the others, then the next fifth, and so on.

    models: those of replace_head; inputs: for the head and, with fine-tuning, for the last blocks.
    Images of one group are held out together. Returns probabilities (n, classes) from networks
    that did not learn from the image: a list of one array, or of two, without and with fine-tuning.
    """
    whole, head, last_blocks = models
    untrained, rate = whole.get_weights(), settings.learning_rate
    predictions = [np.zeros((len(labels), whole.output_shape[1])) for _ in inputs]
    folds = min(FOLDS, count_groups(labels, groups).min())  # each part must have every class
    folds = StratifiedGroupKFold(folds, shuffle=True, random_state=settings.seed)
    for known, held_out in folds.split(labels, labels, groups):
        whole.set_weights(untrained)  # or the network would know what is held out now
        train(head, inputs[0][known], labels[known], settings.epochs, rate)
        predictions[0][held_out] = predict(head, inputs[0][held_out])
        if settings.fine_tune:
            fine_tune(last_blocks, inputs[1][known], labels[known], settings.fine_tune, rate)
            predictions[1][held_out] = predict(last_blocks, inputs[1][held_out])
    whole.set_weights(untrained)
    return predictions
