"""Depth, without and with skip connections: what reaches the first layer, and who learns.

    python cnn/depth.py

Stacks up to 20 convolutions on the small digits of scikit-learn, plainly and with a connection
that skips each pair of them. You will see how much of the gradient reaches the first of 20 layers,
how well networks of each depth do after some epochs, two seeds each, and a figure. Takes two
minutes on two cores.
Chapter: cnn/README.md#depth
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from matplotlib.ticker import MaxNLocator
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from utils.figures import LINES, save_figure
from utils.gradients import weight_gradients
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

DEPTHS = [4, 10, 20]  # convolutions, in pairs
FILTERS = 12  # in each of them
EPOCHS = 5
LEARNING_RATE = 0.003  # of Adam
SEEDS = 2
KINDS = ["plain", "with skips"]


def load_images():
    """Return images (n, 8, 8, 1) from 0 to 1 with labels, 1,437 to learn from and 360 held out."""
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")
    return train_test_split(images, digits.target, test_size=360, random_state=0)


def build_network(depth, kind):
    """Return a network with one convolution and then, in pairs, so many more."""
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(FILTERS, 3, padding="same")(images)
    for pair in range(depth // 2):
        start = x
        for half in "ab":
            x = layers.Activation("relu")(x)
            x = layers.Conv2D(FILTERS, 3, padding="same", name=f"pair_{pair}{half}")(x)
        if kind == "with skips":
            x = layers.Add()([start, x])
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
    return keras.Model(images, layers.Dense(10, activation="softmax")(x))


def gradient_sizes(network, images, labels):
    """Return a typical entry of the gradient in each kernel of the stack, first to last."""
    loss = keras.losses.sparse_categorical_crossentropy
    gradients = weight_gradients(network, images, labels, loss)
    stack = [layer.name for layer in network.layers if layer.name.startswith("pair")]
    return [float(np.sqrt(np.mean(gradients[f"{name}/kernel"] ** 2))) for name in stack]


def train(network, images, labels, epochs):
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    loss = "sparse_categorical_crossentropy"
    network.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    network.fit(images, labels, batch_size=64, epochs=epochs, verbose=0)


def measure(depths, seeds, epochs):
    """Return gradients {kind: sizes} of the deepest, and {kind: {depth: spread of accuracies}}."""
    known, held_out, labels, right = load_images()
    sizes, accuracies = {}, {}
    for kind in KINDS:
        keras.utils.set_random_seed(1)
        sizes[kind] = gradient_sizes(build_network(depths[-1], kind), known, labels)
        accuracies[kind] = {}
        for depth in depths:
            parts = {"training": [], "held_out": []}
            for seed in range(1, seeds + 1):
                keras.utils.set_random_seed(seed)
                network = build_network(depth, kind)
                train(network, known, labels, epochs)
                for part, x, y in (("training", known, labels), ("held_out", held_out, right)):
                    scores = network.evaluate(x, y, batch_size=512, verbose=0, return_dict=True)
                    parts[part].append(scores["accuracy"])
            row = {part: spread(values) for part, values in parts.items()}
            accuracies[kind][str(depth)] = row
            shares = ", ".join(f"{part} {one['mean']:.1%}" for part, one in row.items())
            print(f"{depth:3} convolutions, {kind:10}  {shares}", flush=True)
    return sizes, accuracies


def draw(sizes, accuracies, path):
    """Draw the gradient over the layers, and the accuracy over the depth."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for axis in (left, right):
        axis.set_prop_cycle(LINES)
    for marker, (kind, values) in zip("os", sizes.items(), strict=True):
        left.plot(range(1, len(values) + 1), values, marker=marker, markersize=4, label=kind)
    left.set(title="Gradient in each layer, before training", yscale="log")
    left.set(xlabel="convolution of the pairs (1 is next to the inputs)", ylabel="size (log scale)")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    for aside, marker, (kind, rows) in zip((-0.15, 0.15), "os", accuracies.items(), strict=True):
        depths = [int(depth) for depth in rows]
        means = [100 * row["training"]["mean"] for row in rows.values()]
        places = np.array(depths) + aside  # side by side, so that all points can be seen
        (line,) = right.plot(places, means, label=kind)
        for place, row in zip(places, rows.values(), strict=True):  # a point for each seed
            reached = 100 * np.array(row["training"]["accuracies"])
            right.plot([place] * len(reached), reached, marker, color=line.get_color())
    right.set(title="After training", xlabel="convolutions", ylabel="right, training images (%)")
    right.set_xticks(depths)
    for axis in (left, right):
        axis.legend(handlelength=3.5)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Train deep stacks of convolutions without and with skips.", OUTPUTS)
    add = parser.add_argument
    add("--depths", nargs="+", type=positive(int), default=DEPTHS, help="convolutions")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    depths = sorted(set(args.depths))
    if any(depth % 2 for depth in depths):
        parser.error("--depths must be even: the convolutions come in pairs")
    folder = make_folder(args.outputs)
    sizes, accuracies = measure(depths, args.seeds, args.epochs)
    for kind, values in sizes.items():
        print(f"{depths[-1]} convolutions, {kind:10}  first gradient {values[0]:.1e}")
    draw(sizes, accuracies, folder / "depth.png")
    results = {"sizes": sizes, "accuracies": accuracies}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
