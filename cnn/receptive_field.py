"""The receptive field: which pixels a number deep in a convolutional network can see.

    python cnn/receptive_field.py

Follows the layers of the network in assets/models/ and computes how many pixels each of their
outputs depends on, how far apart the fields of two neighbours are, and where the first and the last
of them have their middle; then lights one pixel after the other and counts those that the output
notices. Takes some seconds.
Chapter: cnn/README.md#the-receptive-field
"""

from chapter import OUTPUTS

from typing import NamedTuple

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import ROOT, make_folder, save_results

MNIST = ROOT / "assets" / "data" / "mnist.npz"
NETWORK = ROOT / "assets" / "models" / "conv_net.keras"
IMAGE = 7  # the test image that is drawn

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


def compute_fields(network):
    """Return {layer: "field", "step" in pixels, how many "outputs", their "centres"}."""
    fields = {}
    for name, (rows, _) in receptive_fields(network).items():
        outputs = network.get_layer(name).output.shape[1]
        fields[name] = {"field": rows.size, "step": rows.step, "outputs": outputs}
        fields[name]["centres"] = rows.centres(outputs).tolist()
    return fields


def measure_fields(network, names):
    """Return {layer: (rows, columns) of the pixels that its middle output notices}.

    All kernels become ones, so that no light is lost on the way: 784 black images, each with one
    white pixel, go through the network.
    """
    network.set_weights([np.full(w.shape, w.ndim > 1, "float32") for w in network.get_weights()])
    pixels = np.eye(784, dtype="float32").reshape(784, *network.input_shape[1:])
    outputs = [network.get_layer(name).output for name in names]
    responses = keras.Model(network.inputs[0], outputs).predict_on_batch(pixels)
    noticed = {}
    for name, response in zip(names, responses, strict=True):
        middle = response.shape[1] // 2
        rows, columns = np.nonzero(response[:, middle, middle].any(axis=-1).reshape(28, 28))
        noticed[name] = rows, columns
    return noticed


def draw(noticed, image, path):
    """Draw the field of the middle output of each layer over a digit."""
    figure, axis = plt.subplots(figsize=(5, 5))
    axis.imshow(image, alpha=0.6)
    for i, (name, (rows, columns)) in enumerate(noticed.items()):
        height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        corner = columns.min() - 0.5, rows.min() - 0.5
        color = f"C{i}"
        # The small boxes lie above the large ones, with which they share edges.
        style = {"edgecolor": color, "linewidth": 2.5, "zorder": 10 - i}
        axis.add_patch(plt.Rectangle(corner, width, height, fill=False, **style))
        axis.plot([], [], color=color, linewidth=2.5, label=f"{name}: {height} x {width}")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    save_figure(figure, path)


def main(argv=None):
    args = make_parser("Compute receptive fields.", OUTPUTS).parse_args(argv)
    folder = make_folder(args.outputs)
    network = keras.saving.load_model(NETWORK)
    fields = compute_fields(network)
    noticed = measure_fields(network, list(fields))
    print(f"{'layer':18}{'field':>8}{'step':>6}{'outputs':>9}{'middles':>13}{'noticed':>9}")
    for name, one in fields.items():
        one["noticed"] = len(noticed[name][0])
        side = f"{one['field']} x {one['field']}"
        middles = f"{one['centres'][0]} to {one['centres'][-1]}"
        print(f"{name:18}{side:>8}{one['step']:6}{one['outputs']:9}", end="")
        print(f"{middles:>13}{one['noticed']:9}")
    with np.load(MNIST) as arrays:
        draw(noticed, arrays["x_test"][IMAGE], folder / "receptive_field.png")
    return save_results(fields, folder, __file__, argv)


if __name__ == "__main__":
    main()
