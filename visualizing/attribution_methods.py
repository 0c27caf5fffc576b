"""Attribution: maps of importance, of the pixels that a prediction depends on.

Each function takes a network, images and the classes to explain, and returns maps of the images'
size, in which higher means more important. `attribution.py` draws and checks them.
Chapter: visualizing/README.md#attribution-why-this-answer
"""

import keras
import numpy as np
from keras import ops

from cnn.receptive_field import receptive_fields
from utils.gradients import gradients
from visualizing.networks import as_input, logits, probabilities, run_layers

PATCH = 6  # side of the square that occlusion covers, in pixels
STEP = 2  # by which it moves
SAMPLES = 25  # noisy copies of an image in SmoothGrad
PATH = 25  # steps of integrated gradients from paper to the image
NOISE = 0.2  # their noise: a standard deviation, where ink is 1 and paper 0
SMALLEST = 1e-30  # the logarithm of a probability wants more than 0


def occlusion(model, images, classes):
    """Cover one square after the other with paper: how much does the class lose?

    The loss is one of the logarithm of its probability. Source: Zeiler and Fergus,
    "Visualizing and understanding convolutional networks", 2014.
    """
    margin = (PATCH - STEP) // 2
    places = [(top, left) for top in range(0, 28, STEP) for left in range(0, 28, STEP)]
    covered = np.repeat(images[:, np.newaxis], 1 + len(places), axis=1)  # the first stays whole
    for number, (top, left) in enumerate(places, start=1):
        rows, columns = (slice(max(0, a - margin), a + STEP + margin) for a in (top, left))
        covered[:, number, rows, columns] = 0
    predicted = probabilities(model, covered.reshape(-1, 28, 28)).reshape(len(images), -1, 10)
    logs = np.log(np.maximum(predicted, SMALLEST))[np.arange(len(images)), :, classes]
    maps = (logs[:, :1] - logs[:, 1:]).reshape(-1, 28 // STEP, 28 // STEP)
    return np.repeat(np.repeat(maps, STEP, axis=1), STEP, axis=2)


def slopes(model, x, classes):
    """Return how the logit of each class changes with each pixel, shape (n, 28, 28)."""
    wanted = ops.one_hot(classes, 10)
    _, (slope,) = gradients(lambda x: ops.sum(wanted * logits(model.layers, x)), x)
    return slope.reshape(-1, 28, 28)


def saliency(model, images, classes):
    """The size of the gradient of the class's logit, pixel by pixel.

    Source: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2014.
    """
    return np.abs(slopes(model, as_input(model, images), classes))


def smooth_grad(model, images, classes):
    """The gradient, averaged over copies of each image with noise.

    Source: Smilkov and others, "SmoothGrad: removing noise by adding noise", 2017.
    """
    random, x = np.random.default_rng(0), as_input(model, images)
    noisy = (x + random.normal(0, NOISE, x.shape).astype("float32") for _ in range(SAMPLES))
    return np.abs(np.mean([slopes(model, copy, classes) for copy in noisy], axis=0))


def integrated_gradients(model, images, classes):
    """Each pixel times the mean of its gradients on the way from paper to the image.

    Over all pixels they add up to what the class's logit gains from paper to the image.
    Source: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017.
    """
    x = as_input(model, images)
    way = np.float32((np.arange(PATH) + 0.5) / PATH)
    mean = np.mean([slopes(model, share * x, classes) for share in way], axis=0)
    return mean * x.reshape(mean.shape)


def convolutions(model):
    """Return how many layers there are up to each convolution: 1, 3 and 5 in conv_net."""
    return [i for i, x in enumerate(model.layers, 1) if isinstance(x, keras.layers.Conv2D)]


def convolution_slopes(model, images, classes, layers):
    """Return the maps of a convolution, and how the logit of each class changes with them.

    layers: how many of the network's layers make the maps. Both: (n, rows, columns, channels).
    """
    maps = run_layers(model.layers[:layers], as_input(model, images))
    wanted = ops.one_hot(classes, 10)
    after = model.layers[layers:]
    maps = ops.convert_to_numpy(maps)
    _, (slope,) = gradients(lambda maps: ops.sum(wanted * logits(after, maps)), maps)
    return maps, slope


def weights_of(centres, pixels):
    """Return how much each map's row (or column) counts at each pixel: (pixels, outputs)."""
    unit = np.eye(len(centres))
    return np.stack([np.interp(np.arange(pixels), centres, one) for one in unit], axis=1)


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


def on_image(model, layers, heat, stretched=False):
    """Return what the cells of a layer's maps say, each in the middle of the pixels it looks at.

    stretched: lay the maps over the whole image, as if its cells looked at equal parts of it. That
    is usual, and wrong for convolutions without padding.
    """
    if stretched:
        heat = ops.image.resize(heat[..., np.newaxis], (28, 28), interpolation="bilinear")
        return ops.convert_to_numpy(heat)[..., 0]
    fields = receptive_fields(model)[model.layers[layers - 1].name]
    return place(heat, fields, (28, 28))


def grad_cam(model, images, classes, layers=None, stretched=False):
    """The maps of a convolution, each weighted by what it does for the class on average.

    layers: how many of the network's layers make the maps, by default up to the last convolution.
    Source: Selvaraju and others, "Grad-CAM", 2017.
    """
    layers = layers or convolutions(model)[-1]
    maps, slope = convolution_slopes(model, images, classes, layers)
    weights = slope.mean(axis=(1, 2), keepdims=True)  # one for each map
    return on_image(model, layers, np.maximum((weights * maps).sum(axis=-1), 0), stretched)


def hires_cam(model, images, classes, layers=None, stretched=False):
    """The same without the average: each place of each map has a weight of its own.

    Source: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of
    convolutional neural networks", 2020.
    """
    layers = layers or convolutions(model)[-1]
    maps, slope = convolution_slopes(model, images, classes, layers)
    return on_image(model, layers, np.maximum((slope * maps).sum(axis=-1), 0), stretched)
