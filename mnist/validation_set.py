"""Whose digits should validate? Three ways to hold out 5,000 images, and what each of them says.

    python mnist/validation_set.py

Holds out the last 5,000 training images, 5,000 at random, and those of 45 writers. Trains thirteen
networks for three epochs on 20,000 images that are in none of the three sets, lets each network
read all three, and then the test images, which here are the truth to be foretold. You will see what
is special about each set, and how well it tells which network reads the test images best. Takes
some ten minutes on two cores.
Chapter: mnist/README.md#why-there-is-a-validation-set
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from scipy.stats import spearmanr
from sklearn.neighbors import NearestCentroid

from mnist.data import (
    VALIDATION_WRITERS,
    WRITERS_FILE,
    load_mnist,
    load_writers,
    prepare_part,
)
from mnist.mnist import BATCH_SIZE
from mnist.models import MODELS
from mnist.overfitting.lab import build_model, compile_model
from mnist.overfitting.settings import make_lab_parser, read_settings
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import score

HELD_OUT = 5_000
TRAIN_SAMPLES = 20_000  # images to learn from
EPOCHS = 3
SEED = 1  # of the random images and of each network
STUDENT = 4  # the series of the high-school students
NETWORKS = [
    "mlp_one_layer",
    "mlp_two_layers",
    "mlp_two_layers_dropout",
    "conv_net",
    "conv_net_l1",
    "conv_net_l2",
    "conv_net_batch_norm",
    "conv_net_dropout",
    "le_net",
    "conv_net --augment layers",
    "conv_net --lr-schedule cosine",
    "conv_net --label-smoothing 0.1",
    "conv_net --average-weights",
]


def hold_out(writers):
    """Return {way: the places of the images that it holds out}, for MNIST's 60,000."""
    return {
        "last": np.arange(len(writers) - HELD_OUT, len(writers)),
        "random": np.random.default_rng(SEED).permutation(len(writers))[:HELD_OUT],
        "by_writer": np.flatnonzero(np.isin(writers, VALIDATION_WRITERS)),
    }


def describe(images, labels, writers, student, known):
    """Return what is special about images; known: (images, labels, writers) to learn from."""
    classifier = NearestCentroid().fit(known[0].reshape(-1, 784), known[1])
    return {
        "images": len(images),
        "writers": len(set(writers)),
        "by_known_writers": float(np.isin(writers, known[2]).mean()),
        "by_students": float(student.mean()),
        "nearest_centroid": float(classifier.score(images.reshape(-1, 784), labels)),
    }


def train(text, images, labels, epochs):
    """Return a trained network; text: a model of models.py, with options of lab.py."""
    keras.utils.set_random_seed(SEED)
    options = ["-m", *text.split(), "--epochs", str(epochs)]
    settings = read_settings(make_lab_parser().parse_args(options))
    model = build_model(MODELS[settings.model], settings)
    compile_model(model, settings, epochs * math.ceil(len(images) / BATCH_SIZE))
    x, y = prepare_part(images, labels, model.input_shape[1:])
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=2)
    return model


def foretell(scores):
    """Return how well each set foretells the test images; scores: {network: {set: score}}."""
    found = {}
    truth = {name: sets["test"] for name, sets in scores.items()}
    for way in [way for way in next(iter(scores.values())) if way != "test"]:
        said = {name: sets[way] for name, sets in scores.items()}
        chosen = max(said, key=lambda name: said[name]["accuracy"])
        ratios = [said[name]["cross_entropy"] / truth[name]["cross_entropy"] for name in scores]
        found[way] = {
            "loss_over_test": float(np.mean(ratios)),
            "lowest_ratio": min(ratios),
            "highest_ratio": max(ratios),
            "chosen": chosen,
            "errors_of_chosen": truth[chosen]["errors"],
        }
        for key in ("accuracy", "cross_entropy"):
            values = [[one[name][key] for name in scores] for one in (said, truth)]
            found[way][f"rank_{key}"] = float(spearmanr(*values).statistic)
    return found


def main(argv=None):
    """Return what each set is like, what it foretells, and all scores."""
    parser = make_parser("Whose digits should validate?", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="of each network")
    about = "images to learn from"
    parser.add_argument("--train-samples", type=positive(int), default=TRAIN_SAMPLES, help=about)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="MODEL")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    (images, labels), test = load_mnist()
    writers, test_writers = load_writers()
    with np.load(WRITERS_FILE) as arrays:
        student, test_student = (arrays[f"series_{p}"] == STUDENT for p in ("train", "test"))
    places = hold_out(writers)
    learns = np.setdiff1d(np.arange(len(images)), np.concatenate(list(places.values())))
    known = [array[learns][: args.train_samples] for array in (images, labels, writers)]
    sets = {way: [a[p] for a in (images, labels, writers, student)] for way, p in places.items()}
    sets["test"] = [*test, test_writers, test_student]

    results = {"trained_with": len(known[0]), "sets": {}, "scores": {}}
    for way, arrays in sets.items():
        results["sets"][way] = describe(*arrays, known)
    for text in args.networks:
        print(f"== {text}", flush=True)
        model = train(text, *known[:2], args.epochs)
        results["scores"][text] = {}
        for way, (x, y, *_) in sets.items():
            x, y = prepare_part(x, y, model.input_shape[1:])
            probabilities = model.predict(x, batch_size=BATCH_SIZE, verbose=0)
            results["scores"][text][way] = score(y, probabilities)
    results["foretold"] = foretell(results["scores"])
    for way, found in results["foretold"].items():
        print(f"{way}: {results['sets'][way]}\n  {found}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
