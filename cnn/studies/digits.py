"""A classic of transfer learning: a network that reads 0 to 4 learns to read 5 to 9.

    python cnn/studies/digits.py

Trains `conv_net` of mnist/ on the digits 0 to 4. Then it learns the others, from 1, 10, 100 or
1,000 images of each: with everything frozen but the last layer, with the convolutions frozen, with
nothing frozen (fine-tuned), and from scratch; five seeds each. You will see the accuracy on the
5 to 9 among the validation images, and a figure. Takes twelve minutes on two cores.
Chapter: cnn/studies/README.md#digits-0-to-4-then-5-to-9
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from cnn.studies.cached import predict, train
from mnist.data import prepare_mnist
from mnist.models import conv_net
from utils.figures import LINES, name_lines, save_figure
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

COUNTS = [1, 10, 100, 1000]  # images of each digit to learn from
SEEDS = 5
BASE_IMAGES = 20_000  # of MNIST, half of which are 0 to 4
BASE_EPOCHS = 3
STEPS = 150  # of training on 5 to 9, whatever the number of images
BATCH_SIZE = 32
LEARNING_RATE = 0.003
# Name of the way: the layer up to which nothing learns, counted from the end, and whether the
# training starts from the base.
WAYS = {
    "frozen but for the last layer": (-2, True),
    "convolutions frozen": (-3, True),
    "fine-tuned": (None, True),
    "from scratch": (None, False),
}


def build_reader():
    """Return conv_net with a last layer for five digits."""
    network = conv_net()
    answer = layers.Dense(5, activation="softmax")(network.layers[-2].output)
    return keras.Model(network.inputs[0], answer)


def select(images, labels, digits):
    """Return the images of five digits in a row, and their labels from 0 to 4."""
    labels = labels.argmax(axis=1)
    chosen = np.isin(labels, digits)
    return images[chosen], labels[chosen] - digits[0]


def train_base(seed, images, labels):
    """Return the weights of a reader of 0 to 4."""
    keras.utils.set_random_seed(seed)
    reader = build_reader()
    train(reader, images, labels, BASE_EPOCHS, LEARNING_RATE)
    return reader.get_weights()


def learn(way, base, images, labels, seed):
    """Return a reader of 5 to 9, trained in this way."""
    frozen, transferred = WAYS[way]
    keras.utils.set_random_seed(seed)
    reader = build_reader()
    if transferred:  # all but the last layer, a kernel and a bias, which begins anew
        reader.set_weights(base[:-2] + reader.get_weights()[-2:])
    epochs = STEPS // math.ceil(len(labels) / BATCH_SIZE)
    if frozen is None:
        train(reader, images, labels, max(epochs, 1), LEARNING_RATE)
        return reader
    # The frozen layers give the same each time: computed once.
    border = reader.layers[frozen].output
    features = predict(keras.Model(reader.input, border), images)
    train(keras.Model(border, reader.output), features, labels, max(epochs, 1), LEARNING_RATE)
    return reader


def compare(counts, seeds):
    """Return {way: {count: accuracies on 5 to 9, one for each seed}}, and how many these are."""
    digits = prepare_mnist(conv_net().input_shape[1:])
    low, high = range(5), range(5, 10)
    known = select(digits.x_train[:BASE_IMAGES], digits.y_train[:BASE_IMAGES], low)
    images, labels = select(digits.x_train, digits.y_train, high)
    x, y = select(digits.x_val, digits.y_val, high)
    accuracies = {way: {str(count): [] for count in counts} for way in WAYS}
    for seed in range(1, seeds + 1):
        base = train_base(seed, *known)
        for count in counts:
            random = np.random.default_rng(seed)
            chosen = np.concatenate(
                [random.permutation(np.flatnonzero(labels == digit))[:count] for digit in range(5)]
            )
            for way in WAYS:
                reader = learn(way, base, images[chosen], labels[chosen], seed)
                predictions = reader.predict_on_batch(x).argmax(axis=1)
                accuracies[way][str(count)].append(float((predictions == y).mean()))
        print(f"seed {seed} of {seeds} is done", flush=True)
    return accuracies, len(y)


def draw(results, path):
    """Draw the mistakes of each way over the number of images."""
    figure, axis = plt.subplots(figsize=(8, 4.2))
    axis.set_prop_cycle(LINES)
    for place, (way, counts) in enumerate(results.items()):
        numbers = [int(count) for count in counts]
        errors = np.array([100 - 100 * one["mean"] for one in counts.values()])
        deviations = np.array([100 * (one["deviation"] or 0) for one in counts.values()])
        beside = np.array(numbers) * 1.06 ** (place - 1.5)  # so that none hides another
        (line,) = axis.plot(beside, errors, marker="osD^"[place], label=way)
        axis.vlines(beside, errors - deviations, errors + deviations, line.get_color(), alpha=0.6)
    axis.set(title="Reading 5 to 9 after 0 to 4", xscale="log", yscale="log")
    axis.set(xlabel="images of each digit (log scale)", ylabel="wrong (%, log scale)")
    axis.set_xticks(numbers, [f"{number:,}" for number in numbers])
    ticks = [1, 2, 5, 10, 20, 50]
    axis.set_yticks(ticks, ticks)
    axis.set_yticks([], minor=True)
    axis.set_xticks([], minor=True)
    name_lines(axis)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Let a reader of 0 to 4 learn to read 5 to 9.", OUTPUTS)
    add = parser.add_argument
    add("--counts", nargs="+", type=positive(int), default=COUNTS, help="images of each digit")
    add("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    accuracies, images = compare(args.counts, args.seeds)
    results = {}
    print(f"{'images of each digit':30}" + "".join(f"{count:>8}" for count in args.counts))
    for way, counts in accuracies.items():
        results[way] = {count: spread(values) for count, values in counts.items()}
        means = [one["mean"] for one in results[way].values()]
        print(f"{way:30}" + "".join(f"{mean:8.1%}" for mean in means))
    draw(results, folder / "digits.png")
    return save_results({"ways": results, "images": images}, folder, __file__, argv)


if __name__ == "__main__":
    main()
