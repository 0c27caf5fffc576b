"""Machinery: maps of importance, of the pixels that a prediction depends on, for any network.

Each function takes a network, images as it takes them, (n, rows, columns, channels), and the
classes to explain, one for each. It returns maps (n, rows, columns), in which higher means more
important. `empty` makes of the images some with nothing on them: of their mean colour, or of paper.
`attribution.py` draws and checks the maps of digits, `own_network.py` those of other networks.
Chapter: visualizing/README.md#attribution-why-this-answer
"""

import contextlib

import keras
import numpy as np
from keras import ops

from cnn.receptive_field import receptive_fields
from utils.gradients import gradients
from utils.runs import fail

PARTS = 14  # places of the square that occlusion moves, in a row; it is three times as wide
SAMPLES = 25  # noisy copies of an image in SmoothGrad
NOISE = 0.2  # their noise: a standard deviation, as a share of the range of the pixels
PATH = 25  # steps of integrated gradients from nothing to the image
AT_ONCE = 64  # images; photographs are large
SMALLEST = 1e-30  # the logarithm of a probability wants more than 0
ENDS = ("softmax", "sigmoid")


def mean_colour(x):
    return np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape)


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
    outputs = ops.cast(outputs, "float32")
    if outputs.shape[1] == 1:  # a logit above 0 says 1, below 0 it says 0
        return ops.sum(outputs[:, 0] * ops.convert_to_tensor(2.0 * classes - 1, "float32"))
    return ops.sum(outputs * ops.one_hot(classes, outputs.shape[1]))


def probability(model, x, classes):
    """Return the probability of the given class for each image."""
    parts = range(0, len(x), AT_ONCE)
    rows = np.concatenate([model.predict_on_batch(x[part : part + AT_ONCE]) for part in parts])
    both = np.hstack([1 - rows, rows]) if rows.shape[1] == 1 else rows
    return both[np.arange(len(x)), classes]


def occlusion(model, x, classes, empty=mean_colour, squares=False):
    """Cover one square after the other with nothing: how much does the class lose?

    The loss is one of the logarithm of its probability. squares: draw the places as squares, and
    not one flowing into the other. Source: Zeiler and Fergus,
    "Visualizing and understanding convolutional networks", 2014.
    """
    heat, cover = np.zeros((len(x), PARTS, PARTS)), empty(x)
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
    if squares:
        rows, columns = (np.arange(side) * PARTS // side for side in x.shape[1:3])
        return heat[:, rows[:, np.newaxis], columns]
    return stretch(heat, x.shape[1:3])


def slopes(model, x, classes):
    """Return how the logit of each class changes with each number of its image."""
    with with_logits(model):
        _, (slope,) = gradients(lambda x: add_up(model(x, training=False), classes), x)
    return slope


def saliency(model, x, classes):
    """The size of the gradient of the class's logit, pixel by pixel.

    Source: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2014.
    """
    return np.abs(slopes(model, x, classes)).max(axis=-1)


def smooth_grad(model, x, classes):
    """The gradient, averaged over copies of each image with noise.

    Source: Smilkov and others, "SmoothGrad: removing noise by adding noise", 2017.
    """
    random, scale = np.random.default_rng(0), NOISE * np.ptp(x)
    noisy = (x + random.normal(0, scale, x.shape).astype("float32") for _ in range(SAMPLES))
    return np.abs(np.mean([slopes(model, copy, classes) for copy in noisy], axis=0)).max(axis=-1)


def integrated_gradients(model, x, classes, empty=mean_colour):
    """Each pixel's way from nothing to the image, times the mean of its gradients on that way.

    Over all pixels they add up to what the class's logit gains from nothing to the image.
    Source: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017.
    """
    start, shares = empty(x), np.float32((np.arange(PATH) + 0.5) / PATH)
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
    """Return the maps of the layer of this name, and how the logits change with their cells."""
    layer = next(one for one in leaves(model) if one.name == layer)
    (maps,) = outputs_of(model, [layer], x)

    def value(more):
        with changed(layer, lambda maps: maps + more):
            return add_up(model(x, training=False), classes)

    with with_logits(model):
        _, (slope,) = gradients(value, np.zeros_like(maps))
    return maps, slope


def grad_cam(model, x, classes, layer, stretched=False):
    """The maps of a layer, each weighted by what it does for the class on average.

    Source: Selvaraju and others, "Grad-CAM", 2017.
    """
    maps, slope = maps_and_slopes(model, x, classes, layer)
    weights = slope.mean(axis=(1, 2), keepdims=True)  # one for each map
    heat = np.maximum((weights * maps).sum(axis=-1), 0)
    return on_image(model, layer, heat, x.shape[1:3], stretched)


def hires_cam(model, x, classes, layer, stretched=False):
    """The same without the average: each place of each map has a weight of its own.

    Source: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of
    convolutional neural networks", 2020.
    """
    maps, slope = maps_and_slopes(model, x, classes, layer)
    heat = np.maximum((slope * maps).sum(axis=-1), 0)
    return on_image(model, layer, heat, x.shape[1:3], stretched)


def on_image(model, layer, heat, shape, stretched=False):
    """Return what the cells of a layer's maps say, each in the middle of the pixels it looks at.

    stretched, and in a network that is no list: over the whole image, as if the cells looked at
    equal parts of it. That is right where the layers pad, and wrong where they do not.
    """
    in_a_list = isinstance(model, keras.Sequential) and layer in [x.name for x in model.layers]
    if stretched or not in_a_list:
        return stretch(heat, shape)
    return place(heat, receptive_fields(model)[layer], shape)


def stretch(heat, shape):
    """Return maps (n, rows, columns) on images of the given shape, interpolated."""
    resized = ops.image.resize(heat[..., np.newaxis], shape, interpolation="bilinear")
    return ops.convert_to_numpy(resized)[..., 0]


def place(maps, fields, shape):
    """Return maps (n, rows, columns) on images of the given shape, each number at its centre.

    Between the centres it is interpolated; outside of the outermost ones, their values go on.
    fields: those of the layer that has made the maps, for rows and for columns.
    """
    rows, columns = (
        weights_of(field.centres(outputs), pixels)
        for field, outputs, pixels in zip(fields, maps.shape[1:], shape, strict=True)
    )
    return np.einsum("nhw,yh,xw->nyx", maps, rows, columns)


def weights_of(centres, pixels):
    """Return how much each map's row (or column) counts at each pixel: (pixels, outputs)."""
    unit = np.eye(len(centres))
    return np.stack([np.interp(np.arange(pixels), centres, one) for one in unit], axis=1)
