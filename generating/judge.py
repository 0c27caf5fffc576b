"""Machinery: a classifier trained on writers of its own, and what it says of drawn digits.

    python generating/judge.py            # leaves judge.keras in the run's folder
    python generating/judge.py --ship     # and as assets/models/judge.keras, which the chapter uses

You will see the accuracy on the validation images, whose writers are neither the judge's nor those
of whom the networks learn that draw. About half a minute.
Chapter: generating/README.md#is-it-any-good
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from keras import layers
from scipy.spatial.distance import cdist

from generating.images import CLASSES, PIXELS, load_digits
from utils.loading import load_model
from utils.options import make_parser, positive, seed
from utils.runs import ROOT, make_folder, save_network, save_results
from utils.statistics import score

JUDGE = ROOT / "assets" / "models" / "judge.keras"
EPOCHS = 15
BATCH_SIZE = 128
LEARNING_RATE = 0.002
SEED = 1
CHUNK = 500  # images whose distances from all others are worked out at once


def build_judge():
    """Return a small convolutional network: images (n, 784) to probabilities (n, 10)."""
    return keras.Sequential(
        [
            keras.Input((PIXELS,)),
            layers.Reshape((28, 28, 1)),
            layers.RandomTranslation(0.08, 0.08, fill_mode="constant"),
            layers.RandomRotation(0.03, fill_mode="constant"),
            layers.Conv2D(32, 5, strides=2, activation="relu"),
            layers.Conv2D(64, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(64, activation="relu", name="features"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="judge",
    )


class Judge:
    """Says of images (n, 784) what they look like: their features, and whether their labels fit."""

    def __init__(self, path=JUDGE):
        model = load_model(path, compile=False)
        outputs = [model.get_layer("features").output, model.outputs[0]]
        self.network = keras.Model(model.inputs, outputs)

    def features(self, images):
        """Return 64 numbers for each image, (n, 64), from the last hidden layer."""
        features, _ = self.network.predict(images, batch_size=1000, verbose=0)
        return features.astype("float64")

    def accuracy(self, images, labels):
        """Return the share of images that are read as their labels, (n,)."""
        _, probabilities = self.network.predict(images, batch_size=1000, verbose=0)
        return float((probabilities.argmax(axis=1) == labels).mean())


def frechet(features, others):
    """Return the Fréchet distance of two normal distributions with these means and covariances.

    features: (n, size). Source: Heusel and others, "GANs trained by a two time-scale update rule
    converge to a local Nash equilibrium", 2017 (with features of another network).
    """
    means = features.mean(axis=0) - others.mean(axis=0)
    covariances = np.cov(features, rowvar=False), np.cov(others, rowvar=False)
    product = np.linalg.eigvals(covariances[0] @ covariances[1])
    root = np.sqrt(product.real.clip(0)).sum()  # the trace of the matrix's square root
    return float(means @ means + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root)


def spread(images, labels):
    """Return the mean distance between two images of the same label, over all labels."""
    found = []
    for digit in np.unique(labels):
        same = images[labels == digit]
        if len(same) > 1:
            found.append(cdist(same, same).sum() / (len(same) * (len(same) - 1)))
    return float(np.mean(found))


def nearest(images, others):
    """Return how far the nearest of the others is from each image, in the pixels: (n,).

    Of copies of one of them it is zero.
    """
    squares = (others**2).sum(axis=1)
    found = []
    for start in range(0, len(images), CHUNK):
        some = images[start : start + CHUNK]
        between = (some**2).sum(axis=1)[:, None] + squares - 2 * some @ others.T
        found.append(np.sqrt(between.min(axis=1).clip(0)))
    return np.concatenate(found)


def main(argv=None):
    """Return how well the judge reads the digits of writers whom nobody has learned from."""
    parser = make_parser("Train the classifier that judges drawn digits.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--ship", action="store_true", help=f"also write {JUDGE.name} for all")
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    digits = load_digits()
    train, validation, model = digits["judge"], digits["validation"], build_judge()
    steps = args.epochs * math.ceil(len(train.images) / BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    model.fit(train.images, train.labels, batch_size=BATCH_SIZE, epochs=args.epochs, verbose=2)
    save_network(model, folder / JUDGE.name)
    if args.ship:
        # Without what only the optimizer needs: a third of the bytes.
        save_network(load_model(folder / JUDGE.name, compile=False), JUDGE)
    probabilities = model.predict(validation.images, batch_size=1000, verbose=0)
    scores = score(validation.labels, probabilities)
    print(f"validation: {scores['accuracy']:.2%} of {scores['images']:,}")
    results = {
        "validation": scores,
        "images": len(train.images),
        "parameters": model.count_params(),
    }
    results |= {"writers": len(np.unique(train.writers))}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
