"""How few images are enough: transfer learning against other methods, on emoji in six classes.

    python cnn/studies/few_pictures.py

A fifth of the concepts is held out, five times in turn; from the others, 5, 10, 20 or all images
of each class are learned. All methods see the same images. They are tested on the concepts
held out, drawn by the same artist and by the other one. You will see a table for each artist, and
a figure. Takes five to ten minutes on two cores.
Chapter: cnn/studies/README.md#few-images
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cnn.efficientnet_lite import build_network
from cnn.photographs import load_emoji
from cnn.studies.cached import EPOCHS, LEARNING_RATE, compute_features, predict, train
from utils.figures import LINES, save_figure
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

ARTISTS = ["noto", "twemoji"]  # the first one's images are learned
COUNTS = [5, 10, 20, None]  # images of each class to learn from; None: all
FOLDS = 5
SIZE = 128  # the images have 64 x 64 pixels; they are enlarged to this for the large network
STEPS = 300  # of training the small network from scratch, whatever the number of images
BATCH_SIZE = 32
SMALL_RATE = 0.002  # of Adam, for the small network


def head(seed, inputs, labels, classes):
    """Train a softmax layer; return a function that gives probabilities."""
    keras.utils.set_random_seed(seed)
    softmax = layers.Dense(classes, activation="softmax")
    model = keras.Sequential([keras.Input(inputs.shape[1:]), softmax])
    train(model, inputs, labels, EPOCHS, LEARNING_RATE)
    return lambda x: predict(model, x)


def logistic(seed, inputs, labels, classes):
    """Fit a logistic regression on standardized inputs; the same signature."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    model.fit(inputs.reshape(len(inputs), -1), labels)
    return lambda x: model.predict_proba(x.reshape(len(x), -1))


def from_scratch(seed, inputs, labels, classes, rate=SMALL_RATE):
    """Train a small convolutional network with augmentation; the same signature, and a rate."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input(inputs.shape[1:]), layers.Rescaling(1 / 255)])
    for layer in (
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05, fill_mode="nearest"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
    ):
        model.add(layer)
    for filters in (16, 32, 64):
        model.add(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu"))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(classes, activation="softmax"))
    steps = math.ceil(len(labels) / BATCH_SIZE)
    train(model, inputs, labels, STEPS // steps, rate)
    return lambda x: predict(model, x)


# Name of the method: how it learns, and which representation of the images it gets.
METHODS = {
    "new head on the pretrained network": (head, "pretrained"),
    "logistic regression, same features": (logistic, "pretrained"),
    "logistic regression, random network": (logistic, "random"),
    "logistic regression, pixels": (logistic, "pixels"),
    "small network from scratch, augmented": (from_scratch, "images"),
}


def represent(kinds):
    """Return {artist: {kind of representation: array with a row per image}}, and the images."""
    networks = {}
    for name, pretrained in (("pretrained", True), ("random", False)):
        if name in kinds:
            keras.utils.set_random_seed(1)
            networks[name] = build_network(SIZE, pretrained)
    represented = {}
    for artist in ARTISTS:
        pictures = load_emoji(artist)
        images = np.stack(pictures.sources).astype("float32")
        represented[artist] = {"images": images, "pixels": images[:, ::4, ::4] / 255}
        for name, network in networks.items():
            (represented[artist][name],), _ = compute_features(network, ["pooling"], pictures)
    return represented, pictures


def choose(known, labels, count, random):
    """Return so many of the known images of each class, or all that there are."""
    of_each = [random.permutation(known[labels[known] == label]) for label in np.unique(labels)]
    return np.concatenate([numbers[:count] for numbers in of_each])


def compare(methods, counts, folds):
    """Return {artist: {method: {count: accuracies, one for each fold}}}."""
    represented, pictures = represent({METHODS[name][1] for name in methods})
    labels, classes = pictures.labels, len(pictures.classes)
    accuracies = {artist: {name: {} for name in methods} for artist in ARTISTS}
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=1)
    splits = parts.split(labels, labels, pictures.groups)
    for fold, (known, held_out) in list(enumerate(splits))[:folds]:
        for count in counts:
            chosen = choose(known, labels, count, np.random.default_rng(fold))
            for name in methods:
                learn, kind = METHODS[name]
                answer = learn(fold, represented[ARTISTS[0]][kind][chosen], labels[chosen], classes)
                for artist in ARTISTS:
                    predicted = answer(represented[artist][kind][held_out]).argmax(axis=1)
                    right = float((predicted == labels[held_out]).mean())
                    accuracies[artist][name].setdefault(str(count or "all"), []).append(right)
        print(f"fold {fold + 1} of {folds} is done", flush=True)
    return accuracies


def summarize(accuracies):
    """Return the same with mean and standard deviation over the folds; print it."""
    summary = {}
    for artist, methods in accuracies.items():
        print(f"{artist:40}" + "".join(f"{count:>8}" for count in next(iter(methods.values()))))
        summary[artist] = {}
        for name, counts in methods.items():
            summary[artist][name] = {count: spread(values) for count, values in counts.items()}
            means = [one["mean"] for one in summary[artist][name].values()]
            print(f"{name:40}" + "".join(f"{mean:8.1%}" for mean in means))
    return summary


def draw(summary, path):
    """Draw a panel for each artist: accuracy over the number of images."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    titles = ["The artist it learned from", "The other artist"]
    for axis, (_, methods), title in zip(panels, summary.items(), titles, strict=True):
        axis.set_prop_cycle(LINES)
        for i, (marker, (name, counts)) in enumerate(zip("osD^v", methods.items(), strict=False)):
            places = np.arange(len(counts)) + 0.06 * (i - 2)  # side by side, so all can be seen
            means = [100 * one["mean"] for one in counts.values()]
            deviations = [100 * (one["deviation"] or 0) for one in counts.values()]
            axis.errorbar(places, means, deviations, marker=marker, capsize=3, label=name)
        axis.set(title=title, xlabel="images of each class")
        axis.set_xticks(range(len(counts)), list(counts))
    panels[0].set_ylabel("right, of concepts held out (%)")
    legend = {"loc": "outside lower center", "ncols": 2, "handlelength": 4}
    figure.legend(*panels[0].get_legend_handles_labels(), **legend)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Compare ways to learn from few images.", OUTPUTS)
    add = parser.add_argument
    add("--folds", type=positive(int, FOLDS), default=FOLDS, help="how many are held out in turn")
    add("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    add("--counts", nargs="+", type=positive(int), default=COUNTS, help="images of each class")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    summary = summarize(compare(args.methods, args.counts, args.folds))
    draw(summary, folder / "few_pictures.png")
    return save_results(summary, folder, __file__, argv)


if __name__ == "__main__":
    main()
