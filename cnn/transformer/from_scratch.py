"""A vision transformer and a convolutional network, trained from scratch on few photographs.

    python cnn/transformer/from_scratch.py

You will see how many of the photographs that are held out, a fifth in turn, each network names
rightly after learning from the others, moved at random: both have about 95,000 parameters, and each
gets the best of three learning rates, found on another division. Four minutes. Compare with what a
pretrained network makes of the same photographs.
Chapter: cnn/transformer/README.md#few-photographs
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import StratifiedGroupKFold

from cnn.photographs import DATA, load_folder, read_pictures
from cnn.transformer.vit import build_vit, predict, train
from mnist.data import Digits
from utils.comparisons import tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_and_deviation, score

SIZE, PATCH = 56, 8  # pixels of a photograph and of a patch: 7 x 7 patches
FILTERS = (32, 64, 112)  # of the convolutional network
STEPS = 120  # of 100 photographs
RATES = [0.0005, 0.003, 0.018]
FOLDS, SEARCH_SEED = 5, 101


def build_convolutions(classes):
    """Return three convolutions and a mean: images (batch, SIZE, SIZE, 3) to probabilities."""
    network = keras.Sequential([keras.Input((SIZE, SIZE, 3))], name="convolutions")
    for filters in FILTERS:
        network.add(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu"))
    network.add(layers.GlobalAveragePooling2D())
    network.add(layers.Dense(classes, activation="softmax"))
    return network


def divide(images, pictures, seed):
    """Yield Digits, a fifth of the photographs held out in turn; a group is on one side."""
    labels = keras.utils.to_categorical(pictures.labels).astype("float32")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for known, held_out in folds.split(images, pictures.labels, pictures.groups):
        yield Digits(images[known], labels[known], images[held_out], labels[held_out])


def main(argv=None):
    """Return what share of the photographs each network names rightly."""
    parser = make_parser("Train on few photographs from scratch.", OUTPUTS)
    add = parser.add_argument
    add("--steps", type=positive(int), default=STEPS, help="of training")
    add("--folds", type=positive(int, FOLDS), default=FOLDS, help="to be held out in turn")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    pictures = load_folder(DATA / "photographs")
    images = read_pictures(pictures.sources, SIZE)[1].astype("float32") / 255
    classes, found = len(pictures.classes), {}
    ways = {
        "transformer": lambda: build_vit((SIZE, SIZE, 3), classes, PATCH),
        "convolutions": lambda: build_convolutions(classes),
    }
    searching = next(divide(images, pictures, SEARCH_SEED))
    for name, build in ways.items():

        def validation_loss(rate, build=build):
            network, _ = train(build, searching, rate, args.steps, SEARCH_SEED, shifted=True)
            return score(searching.y_val, predict(network, searching.x_val))["cross_entropy"]

        print(f"{name}:", flush=True)
        one = found[name] = {"tuned": tune(validation_loss, {"rate": RATES}), "accuracies": []}
        for number, part in list(enumerate(divide(images, pictures, 1)))[: args.folds]:
            rate = one["tuned"]["best"]["rate"]
            network, _ = train(build, part, rate, args.steps, number, shifted=True)
            right = score(part.y_val, predict(network, part.x_val))["accuracy"]
            one["accuracies"].append(right)
        one["mean"], one["deviation"] = mean_and_deviation(one["accuracies"])
        one["parameters"] = network.count_params()
        print("  {mean:.1%} named rightly, {parameters:,} parameters".format(**one), flush=True)
    largest = float(np.bincount(pictures.labels).max() / len(images))
    print(f"always the largest of {classes} classes: {largest:.1%}")
    results = {"ways": found, "largest": largest, "images": len(images), "classes": classes}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
