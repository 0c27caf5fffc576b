"""Machinery of own_network.py: maps of importance of any network that reads images.

x: images as the network takes them, (n, rows, columns, channels); classes: one for each. The mean
colour of an image stands for "nothing there".
Chapter: visualizing/README.md#your-own-network-and-images
"""

import contextlib

import keras
import numpy as np
from keras import ops

from cnn.receptive_field import receptive_fields
from utils.gradients import gradients
from utils.runs import fail
from visualizing.attribution_methods import SMALLEST, place

STEPS = 20  # of integrated gradients
PARTS = 14  # places of the square that occlusion moves, in a row; it is three times as wide
ENDS = ("softmax", "sigmoid")


def leaves(model):
    """Return all layers, those of models inside as well, in the order in which they were added."""
    inside = (leaves(one) if isinstance(one, keras.Model) else [one] for one in model.layers)
    return [layer for part in inside for layer in part]


def grids(model):
    """Return the layers whose outputs are maps, with more than one place, and are computed."""
    kinds = keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Activation
    kinds += keras.layers.BatchNormalization, keras.layers.ReLU, keras.layers.Add
    return [
        layer
        for layer in leaves(model)
        if isinstance(layer, kinds) and len(layer.output.shape) == 4 and layer.output.shape[1] > 1
    ]


@contextlib.contextmanager
def changed(layer, change):
    """Let a layer answer change(what it would answer), while the with statement lasts."""
    call = layer.call
    layer.call = lambda *inputs, **options: change(call(*inputs, **options))
    try:
        yield
    finally:
        del layer.call  # that of its class is back


@contextlib.contextmanager
def with_logits(model):
    """Let a network answer what comes before its last softmax or sigmoid."""
    last = leaves(model)[-1]
    name = getattr(getattr(last, "activation", None), "__name__", None)
    if isinstance(last, keras.layers.Softmax):
        fail("the network ends with a layer Softmax: give its last Dense the activation instead.")
    kept = getattr(last, "activation", None)
    if name in ENDS:
        last.activation = keras.activations.linear
    try:
        yield
    finally:
        if name in ENDS:
            last.activation = kept


def add_up(outputs, classes):
    """Return the sum of the logits of the given classes, one number."""
    if outputs.shape[1] == 1:  # a logit above 0 says 1, below 0 it says 0
        return ops.sum(outputs[:, 0] * ops.convert_to_tensor(2.0 * classes - 1, "float32"))
    return ops.sum(outputs * ops.one_hot(classes, outputs.shape[1]))


def probability(model, x, classes):
    """Return the probability of the given class for each image."""
    rows = model.predict(x, verbose=0, batch_size=64)
    both = np.hstack([1 - rows, rows]) if rows.shape[1] == 1 else rows
    return both[np.arange(len(x)), classes]


def slopes(model, x, classes):
    """Return how the logit of each class changes with each number of its image."""
    with with_logits(model):
        return gradients(lambda x: add_up(model(x, training=False), classes), x)[1][0]


def mean_colour(x):
    return np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape)


def occlusion(model, x, classes):
    """Cover one square after the other with the mean colour: how much does the class lose?"""
    heat, cover = np.zeros((len(x), PARTS, PARTS)), mean_colour(x)
    edges = [np.linspace(0, side, PARTS + 1).astype(int) for side in x.shape[1:3]]
    before = np.log(probability(model, x, classes) + SMALLEST)
    for i in range(PARTS):
        covered = np.repeat(x[np.newaxis], PARTS, axis=0)  # for each place in this row of places
        for j in range(PARTS):
            rows, columns = (
                slice(cuts[max(0, n - 1)], cuts[min(PARTS, n + 2)])
                for cuts, n in zip(edges, (i, j), strict=True)
            )
            covered[j, :, rows, columns] = cover[:, rows, columns]
        after = probability(model, covered.reshape(-1, *x.shape[1:]), np.tile(classes, PARTS))
        heat[:, i] = (before - np.log(after.reshape(PARTS, -1) + SMALLEST)).T
    return lay_over(model, heat, x.shape[1:3])


def saliency(model, x, classes):
    return np.abs(slopes(model, x, classes)).max(axis=-1)


def integrated_gradients(model, x, classes):
    """The way from the mean colour to the image, times the mean gradient on it."""
    start, shares = mean_colour(x), np.float32((np.arange(STEPS) + 0.5) / STEPS)
    mean = np.mean([slopes(model, start + one * (x - start), classes) for one in shares], axis=0)
    return (mean * (x - start)).sum(axis=-1)


def outputs_of(model, layers, x):
    """Return what each of some layers gives for the images, also inside of a model inside."""
    seen = {}
    with contextlib.ExitStack() as stack:
        for layer in layers:
            name = layer.name
            note = lambda maps, name=name: seen.setdefault(name, maps)  # noqa: E731
            stack.enter_context(changed(layer, note))
        model(x, training=False)
    return [ops.convert_to_numpy(seen[layer.name]) for layer in layers]


def maps_and_slopes(model, x, classes, layer):
    """Return the maps of a layer, and how the logits change with each cell of them."""
    (maps,) = outputs_of(model, [layer], x)

    def value(more):
        with changed(layer, lambda maps: maps + more):
            return add_up(model(x, training=False), classes)

    with with_logits(model):
        _, (slope,) = gradients(value, np.zeros_like(maps))
    return maps, slope


def grad_cam(model, x, classes, layer):
    maps, slope = maps_and_slopes(model, x, classes, layer)
    heat = (slope.mean(axis=(1, 2), keepdims=True) * maps).sum(axis=-1)
    return lay_over(model, np.maximum(heat, 0), x.shape[1:3], layer)


def hires_cam(model, x, classes, layer):
    maps, slope = maps_and_slopes(model, x, classes, layer)
    return lay_over(model, np.maximum((slope * maps).sum(axis=-1), 0), x.shape[1:3], layer)


def lay_over(model, heat, shape, layer=None):
    """Return maps of the size of the image.

    The cells of a layer in a list of layers lie where they look; others share the image evenly,
    which is the same if all layers before pad.
    """
    if layer in model.layers and isinstance(model, keras.Sequential):
        return place(heat, receptive_fields(model)[layer.name], shape)
    resized = ops.image.resize(heat[..., np.newaxis], shape, interpolation="bilinear")
    return ops.convert_to_numpy(resized)[..., 0]
