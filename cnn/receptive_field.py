"""The receptive field: which pixels a number deep in a convolutional network can see.

    python cnn/receptive_field.py

Follows the layers of `conv_net` of mnist/ and computes how many pixels each of their outputs
depends on, how far apart the fields of two neighbours are, and where the first and the last of them
have their middle; then lights one pixel after the other and counts those that the output notices.
Takes some seconds.
Chapter: cnn/README.md#the-receptive-field
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np

from cnn.fields import receptive_fields
from mnist.data import load_mnist
from mnist.models import conv_net
from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import make_folder, save_results

IMAGE = 7  # the test image that is drawn


def compute_fields(network):
    """Return for each convolution and pooling its receptive field and its step, in pixels."""
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
    keras.utils.clear_session()  # the names of the layers begin anew
    network = conv_net()
    fields = compute_fields(network)
    noticed = measure_fields(network, list(fields))
    print(f"{'layer':18}{'field':>8}{'step':>6}{'outputs':>9}{'middles':>13}{'noticed':>9}")
    for name, one in fields.items():
        one["noticed"] = len(noticed[name][0])
        side = f"{one['field']} x {one['field']}"
        middles = f"{one['centres'][0]} to {one['centres'][-1]}"
        print(f"{name:18}{side:>8}{one['step']:6}{one['outputs']:9}", end="")
        print(f"{middles:>13}{one['noticed']:9}")
    _, (images, _) = load_mnist()
    draw(noticed, images[IMAGE], folder / "receptive_field.png")
    return save_results(fields, folder, __file__, argv)


if __name__ == "__main__":
    main()
