"""Depth: what lets a stack of 20 convolutions learn?

    python cnn/depth.py                        # all, a quarter of an hour on two cores
    python cnn/depth.py --kinds plain skips    # these two only

Stacks convolutions on the small digits of scikit-learn: plainly, with larger initial weights, with
batch normalization, with a connection that skips each pair, and with the last two. Each kind gets
the same learning rates, of which the best on the images held out counts, and then new seeds. You
will see what each learned, and a figure with the gradients before training.
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

from utils.comparisons import compare_family, show_family, tune
from utils.figures import LINES, save_figure
from utils.gradients import weight_gradients
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

DEPTH = 20  # convolutions, in pairs
FILTERS = 12  # in each of them
EPOCHS = 12
RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]  # of Adam, tried for each kind
SEEDS = 5
SEARCH_SEED = 101
# Of each kind: how its weights are drawn, whether there is batch normalization, and skips.
KINDS = {
    "plain": ("glorot_uniform", False, False),
    "He initialization": ("he_normal", False, False),
    "batch normalization": ("glorot_uniform", True, False),
    "skips": ("glorot_uniform", False, True),
    "both": ("glorot_uniform", True, True),
}
FAMILY = [("both", "batch normalization"), ("both", "skips"), ("batch normalization", "skips")]


def load_images():
    """Return images (n, 8, 8, 1) from 0 to 1 with labels, 1,437 to learn from and 360 held out."""
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")
    return train_test_split(images, digits.target, test_size=360, random_state=0)


def build_network(depth, kind):
    """Return a network with one convolution and then, in pairs, so many more."""
    initializer, normalized, skips = KINDS[kind]
    how = {"padding": "same", "kernel_initializer": initializer}
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(FILTERS, 3, **how)(images)
    for pair in range(depth // 2):
        start = x
        for half in "ab":
            if normalized:
                x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.Activation("relu")(x)
            x = layers.Conv2D(FILTERS, 3, name=f"pair_{pair}{half}", **how)(x)
        if skips:
            x = layers.Add()([start, x])
    if normalized:
        x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
    return keras.Model(images, layers.Dense(10, activation="softmax")(x))


def gradient_sizes(network, images, labels):
    """Return a typical entry of the gradient in each kernel of the stack, first to last."""
    loss = keras.losses.sparse_categorical_crossentropy
    gradients = weight_gradients(network, images, labels, loss, training=True)
    stack = [layer.name for layer in network.layers if layer.name.startswith("pair")]
    return [float(np.sqrt(np.mean(gradients[f"{name}/kernel"] ** 2))) for name in stack]


def train(depth, kind, rate, seed, epochs, data):
    """Return loss and accuracy of a new network on the images learned from, and held out."""
    known, held_out, labels, right = data
    keras.utils.set_random_seed(seed)
    network = build_network(depth, kind)
    optimizer = keras.optimizers.Adam(rate)
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(known, labels, batch_size=64, epochs=epochs, verbose=0)
    how = {"batch_size": 512, "verbose": 0, "return_dict": True}
    return {
        "training": network.evaluate(known, labels, **how),
        "held_out": network.evaluate(held_out, right, **how),
    }


def measure(kind, depth, seeds, epochs, data):
    """Return the search for a kind's rate, and the accuracies that new seeds reach with it."""

    def loss_held_out(rate):
        return train(depth, kind, rate, SEARCH_SEED, epochs, data)["held_out"]["loss"]

    found = tune(loss_held_out, {"rate": RATES})
    rate = found["best"]["rate"]
    runs = [train(depth, kind, rate, seed, epochs, data) for seed in range(1, seeds + 1)]
    for part in ("training", "held_out"):
        found[part] = [run[part]["accuracy"] for run in runs]
    keras.utils.set_random_seed(1)
    found["gradients"] = gradient_sizes(build_network(depth, kind), data[0], data[2])
    reached = ", ".join(f"{part} {np.median(found[part]):.1%}" for part in ("training", "held_out"))
    print(f"{depth} convolutions, {kind}, rate {rate}: {reached} in the median", flush=True)
    return found


def draw(kinds, path):
    """Draw the gradient over the layers, and the accuracy of each training."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(1, 1.2))
    left.set_prop_cycle(LINES)
    for place, (kind, found) in enumerate(kinds.items()):
        sizes = found["gradients"]
        (line,) = left.plot(range(1, len(sizes) + 1), sizes, label=kind)
        for part, marker in (("training", "o"), ("held_out", "x")):
            shares = 100 * np.array(found[part])
            aside = place + (0.12 if part == "held_out" else -0.12)
            right.plot([aside] * len(shares), shares, marker, color=line.get_color())
    left.set(title="Gradient in each layer, before training", yscale="log")
    left.set(xlabel="convolution of the pairs (1 is next to the inputs)", ylabel="size (log scale)")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.legend(handlelength=3.5, loc=(0.4, 0.13))  # between the plain stack and the others
    right.set(title="After training: learned from (o), held out (x)", ylabel="read rightly (%)")
    right.set_xticks(range(len(kinds)), [kind.replace(" ", "\n") for kind in kinds])
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Train deep stacks of convolutions with and without remedies.", OUTPUTS)
    add = parser.add_argument
    add("--depth", type=positive(int), default=DEPTH, help="convolutions, an even number")
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    if args.depth % 2:
        parser.error("--depth must be even: the convolutions come in pairs")
    folder = make_folder(args.outputs)
    data, kinds = load_images(), {}
    for kind in args.kinds:
        kinds[kind] = measure(kind, args.depth, args.seeds, args.epochs, data)
    family = [pair for pair in FAMILY if {*pair} <= {*kinds}]
    trained = {kind: found["training"] for kind, found in kinds.items()}
    compared = compare_family(trained, family)
    show_family(compared, "{:+.1f}", 100)
    draw(kinds, folder / "depth.png")
    return save_results({"kinds": kinds, "compared": compared}, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
