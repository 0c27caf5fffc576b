"""Which pixels does a number of a feature map see, and where on the image does it belong?

Neither follows from the sizes of image and map alone. A convolution without padding looks at no
place near the border, so its maps show the middle of the image; one with padding and a stride may
lean to one side. Kernel, stride and padding of all layers together tell.

Chapter: cnn/README.md#the-receptive-field
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

CONVOLUTIONS = layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D
POOLINGS = layers.MaxPooling2D, layers.AveragePooling2D
PADDINGS = layers.ZeroPadding2D, layers.Cropping2D
# What gives one number for a whole map, or no map: nothing behind it has a place.
PLACELESS = layers.Flatten, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D


class Field(NamedTuple):
    """What the outputs of a layer see of the rows or of the columns of an image."""

    first: int  # pixel that the first output sees; below 0 is padding
    last: int  # last pixel that the first output sees
    step: int  # pixels from the field of one output to that of the next

    @property
    def size(self):
        return self.last - self.first + 1

    def centres(self, outputs):
        """Return the middle of the field of each output, in pixels: 0 is the middle of pixel 0."""
        return (self.first + self.last) / 2 + self.step * np.arange(outputs)


def widen(field, size, stride, before):
    """Return the field behind a layer that moves a window, with so much padding before the image.

    A window of `size` outputs of the layer below, which look field.step pixels apart, sees
    (size - 1) * field.step pixels more than one of them. A stride makes the step larger for all
    layers above.
    """
    first = field.first - before * field.step
    last = first + field.size - 1 + (size - 1) * field.step
    return Field(first, last, field.step * stride)


def window(layer, axis):
    """Return size, stride and padding before the image of a layer, for rows (0) or columns (1)."""
    if isinstance(layer, layers.ZeroPadding2D):
        return 1, 1, layer.padding[axis][0]
    if isinstance(layer, layers.Cropping2D):
        return 1, 1, -layer.cropping[axis][0]
    pooling = isinstance(layer, POOLINGS)
    size = (layer.pool_size if pooling else layer.kernel_size)[axis]
    size = 1 + (size - 1) * (1 if pooling else layer.dilation_rate[axis])
    stride = layer.strides[axis]
    if layer.padding == "valid":
        return size, stride, 0
    inputs, outputs = (x.shape[1 + axis] for x in (layer.input, layer.output))
    return size, stride, max((outputs - 1) * stride + size - inputs, 0) // 2  # the rest is behind


def receptive_fields(network):
    """Return {name of a layer: its Field for rows and that for columns}.

    Follows convolutions, poolings and paddings; what works on each place by itself changes
    nothing, and where branches meet, both are seen. Layers behind which there are no places any
    more, such as Flatten, are left out, and so are those that the inputs do not reach.
    """
    both = Field(0, 0, 1), Field(0, 0, 1)
    of_tensor, found = {id(network.inputs[0]): both}, {}
    for layer in network.layers:
        if isinstance(layer, (layers.InputLayer, *PLACELESS)):
            continue
        if isinstance(network, keras.Sequential):  # a layer may be part of others, too
            seen = [both]
        else:
            tensors = layer.input if isinstance(layer.input, list) else [layer.input]
            seen = [of_tensor[id(tensor)] for tensor in tensors if id(tensor) in of_tensor]
        if not seen or len(layer.output.shape) != 4:
            continue
        both = [
            Field(min(x.first for x in axis), max(x.last for x in axis), axis[0].step)
            for axis in zip(*seen, strict=True)
        ]
        if isinstance(layer, CONVOLUTIONS + POOLINGS + PADDINGS):
            both = [widen(field, *window(layer, axis)) for axis, field in enumerate(both)]
        of_tensor[id(layer.output)] = found[layer.name] = tuple(both)
    return found


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
