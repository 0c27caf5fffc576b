"""Convolution by hand: a few lines of numpy compute what the layers of Keras compute.

    python cnn/convolution.py

Convolves a handwritten digit with a kernel for edges, then with the filters of a trained network,
with strides, padding, dilation, in depth and pooled. You will see the shape of each result, how
far it is from that of Keras, and two figures. Takes some seconds.
Chapter: cnn/README.md#convolution-by-hand
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from utils.figures import save_figure
from utils.options import make_parser, number
from utils.runs import ROOT, make_folder, save_results

IMAGE = 7  # which of the test images
EDGES = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype="float32")  # ink left, paper right
# These are drawn on the scale of the map before: the same kernel, or the same map, pooled.
SAME_SCALE = {"stride 2", "padding", "dilation 3", "max pooling", "average pooling"}
MNIST = ROOT / "assets" / "data" / "mnist.npz"
TRAINED = ROOT / "assets" / "models" / "conv_net.keras"


def windows(image, size, stride=1, padding=0, dilation=1):
    """Yield each place (row, column) of the output and what the window sees there.

    image: (height, width, channels); padding: zeros around it; dilation: every how many pixels the
    window looks. What the window sees has the shape (size, size, channels).
    """
    image = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    span = dilation * (size - 1) + 1  # pixels from one end of the window to the other
    rows = (image.shape[0] - span) // stride + 1
    columns = (image.shape[1] - span) // stride + 1
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            yield row, column, image[top : top + span : dilation, left : left + span : dilation]


def gather(values):
    """Make an array (rows, columns, ...) of what was computed place by place."""
    values = list(values)
    rows, columns = values[-1][0] + 1, values[-1][1] + 1
    return np.array([value for _, _, value in values]).reshape(rows, columns, -1)


def convolve(image, kernels, biases=0, **how):
    """kernels: (size, size, channels, filters). Returns (rows, columns, filters)."""
    return gather(
        (row, column, np.tensordot(seen, kernels, axes=3) + biases)
        for row, column, seen in windows(image, len(kernels), **how)
    )


def convolve_depthwise(image, kernels, **how):
    """Each channel by its own kernel: (size, size, channels), and none is added to another."""
    return gather(
        (row, column, (seen * kernels).sum(axis=(0, 1)))
        for row, column, seen in windows(image, len(kernels), **how)
    )


def pool(image, size, combine=np.max):
    """Keep the largest value, or with np.mean the mean, of each square in each channel."""
    return gather(
        (row, column, combine(seen, axis=(0, 1)))
        for row, column, seen in windows(image, size, stride=size)
    )


def compare(image, trained):
    """Return {name: (by hand, by Keras)} for a digit (28, 28, 1) and a trained network."""
    first, _, second, *_ = trained.layers
    kernels, biases = first.get_weights()
    by_keras = keras.Model(trained.inputs[0], [first.output, second.output])
    maps, deeper = (answer[0] for answer in by_keras.predict_on_batch(image[None]))
    pooled = pool(maps, 2)
    random = np.random.default_rng(1)
    across = random.normal(size=(1, 1, 32, 8)).astype("float32")
    alone = random.normal(size=(3, 3, 32)).astype("float32")
    edges = EDGES[:, :, None, None]

    def run(layer, x, weights=None):
        """Return the output of a Keras layer with these weights for one image."""
        layer.build((None, *x.shape))
        if weights is not None:
            layer.set_weights([weights])
        return keras.ops.convert_to_numpy(layer(x[None]))[0]

    def conv(**how):
        return run(layers.Conv2D(1, 3, use_bias=False, **how), image, edges)

    return {
        "edges": (convolve(image, edges), conv()),
        "stride 2": (convolve(image, edges, stride=2), conv(strides=2)),
        "padding": (convolve(image, edges, padding=1), conv(padding="same")),
        "dilation 3": (convolve(image, edges, dilation=3), conv(dilation_rate=3)),
        "32 trained filters, relu": (np.maximum(convolve(image, kernels, biases), 0), maps),
        "max pooling": (pooled, run(layers.MaxPooling2D(2), maps)),
        "average pooling": (pool(maps, 2, np.mean), run(layers.AveragePooling2D(2), maps)),
        "64 filters on 32 maps, relu": (
            np.maximum(convolve(pooled, *second.get_weights()), 0),
            deeper,
        ),
        "1 x 1, to 8 maps": (
            convolve(maps, across),
            run(layers.Conv2D(8, 1, use_bias=False), maps, across),
        ),
        "depthwise": (
            convolve_depthwise(maps, alone),
            run(layers.DepthwiseConv2D(3, use_bias=False), maps, alone[..., None]),
        ),
        "global average pooling": (
            deeper.mean(axis=(0, 1)),
            run(layers.GlobalAveragePooling2D(), deeper),
        ),
    }


def draw_edges(image, result, path):
    """Draw the digit, the kernel in numbers, one window, and the map of edges."""
    figure, (before, kernel, after) = plt.subplots(
        1, 3, figsize=(9.5, 3.6), width_ratios=(1, 0.55, 1)
    )
    before.imshow(image[..., 0])
    before.add_patch(plt.Rectangle((7.5, 7.5), 3, 3, fill=False, edgecolor="C1", linewidth=2))
    before.set_title("digit, 28 x 28")
    kernel.imshow(EDGES, cmap="RdBu_r", vmin=-3, vmax=3)
    for (row, column), value in np.ndenumerate(EDGES):
        kernel.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=13)
    kernel.set_title("kernel, 3 x 3")
    most = np.abs(result).max()
    after.imshow(result[..., 0], cmap="RdBu_r", vmin=-most, vmax=most)
    after.add_patch(plt.Rectangle((7.5, 7.5), 1, 1, fill=False, edgecolor="C1", linewidth=2))
    after.set_title("map, 26 x 26")
    for axis in (before, kernel, after):
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
    save_figure(figure, path)


def draw_variants(results, path):
    """Draw the strongest map of each result, with its shape; of what is pooled, the pooled one."""
    figure, axes = plt.subplots(2, 5, figsize=(10, 4.6))
    for axis, (name, (by_hand, _)) in zip(axes.flat, results.items(), strict=False):
        if "pooling" not in name:
            strongest = by_hand.sum(axis=(0, 1)).argmax()
        one = by_hand[..., strongest]
        if name not in SAME_SCALE:
            most = np.abs(one).max()
        axis.imshow(one, cmap="RdBu_r", vmin=-most, vmax=most)
        shape = " x ".join(map(str, by_hand.shape))
        axis.set_title(f"{name.partition(',')[0]}\n{shape}", fontsize=9)
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Compute convolutions by hand and compare them with Keras.", OUTPUTS)
    about = "which of the 10,000 test images"
    parser.add_argument("--image", type=number(int, 0, 9999), default=IMAGE, help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    with np.load(MNIST) as arrays:
        image = (arrays["x_test"][args.image] / 255).astype("float32")[..., None]
    results = compare(image, keras.saving.load_model(TRAINED))
    print(f"{'':28}{'shape':>14}{'largest difference':>20}")
    measured = {}
    for name, (by_hand, by_keras) in results.items():
        difference = float(np.abs(by_hand - by_keras).max())
        measured[name] = {"shape": list(by_hand.shape), "difference": difference}
        shape = " x ".join(map(str, by_hand.shape))
        print(f"{name:28}{shape:>14}{difference:20.1e}")
    draw_edges(image, results["edges"][0], folder / "convolution.png")
    draw_variants(results, folder / "convolution_variants.png")
    largest = max(one["difference"] for one in measured.values())
    results = {"results": measured, "largest_difference": largest}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
