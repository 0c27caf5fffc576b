"""What ten labels of each digit are worth, after learning without labels and otherwise.

    python cnn/transformer/few_labels.py RUN    # the folder of a run of contrast.py
    python cnn/transformer/few_labels.py RUN --search    # as in the book

You will see how many test digits a linear probe reads that learned from 100 digits: from the 64
numbers of the network that contrast.py trained, and from pixels, principal components, the numbers
of an autoencoder, and those of the same network untrained; beside these the network trained with
the 100 labels and the same augmentation, from scratch, and from what it learned without labels. The
labels are drawn several times. Three minutes. With --search, the networks get the best of three
learning rates on the validation digits; the probes always get the best of their penalties.
Chapter: cnn/transformer/README.md#ten-labels-of-each-digit
"""

from chapter import OUTPUTS

import math
from functools import partial

import keras
import numpy as np
from keras import layers
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cnn.transformer.contrast import (
    BATCH_SIZE,
    build_encoder,
    fall,
    flatten,
    make_augmentation,
    predict,
)
from generating.autoencoder import build_autoencoder
from mnist.data import prepare_mnist, prepare_test
from mnist.models import IMAGE_SHAPE, NUM_CLASSES
from utils.comparisons import compare_family, show_family, tune
from utils.loading import load_model
from utils.options import make_parser, positive
from utils.runs import fail, find_run, make_folder, save_results
from utils.statistics import mean_and_deviation, score

LABELS = 10  # of each digit
DRAWS = 5  # times that they are drawn
STEPS = 150  # of training with labels
CODE, EPOCHS, RATE = 16, 3, 0.002  # numbers of the autoencoder and of PCA; its training
PENALTIES = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100]  # C of the probes, always tried
RATES = [0.0003, 0.002, 0.012, 0.07]  # tried with --search
BEST_RATE = {"network from scratch": 0.002, "contrast, fine-tuned": 0.002}  # found so
SEED, SEARCH_SEED = 1, 101


def learn_labels(weights, images, labels, rate):
    """Train the encoder from these weights, with augmentation; return a function that answers."""
    encoder = build_encoder()
    if weights:
        encoder.set_weights(weights)
    output = layers.Dense(NUM_CLASSES, activation="softmax")
    network = keras.Sequential([keras.Input(IMAGE_SHAPE), make_augmentation(), encoder, output])
    network.compile(fall(rate, STEPS), "categorical_crossentropy")
    network.fit(images, labels, batch_size=len(images), epochs=STEPS, verbose=0)
    return lambda images: predict(network, images)


def probe(code, images, labels, penalty):
    """Fit a linear classifier to the numbers of some images; return a function that answers."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))
    model.fit(code(images), labels.argmax(axis=1))
    return lambda images: model.predict_proba(code(images))


def build_ways(encoder, images, search):
    """Return {way: (how to learn from images and labels with a setting, settings to be tried)}.

    What learns from images alone does so here.
    """
    pca = PCA(CODE, random_state=0).fit(flatten(images))
    drawing, untrained = build_autoencoder(CODE), build_encoder()
    drawing.compile(fall(RATE, EPOCHS * math.ceil(len(images) / BATCH_SIZE)), "binary_crossentropy")
    drawing.fit(flatten(images), flatten(images), BATCH_SIZE, EPOCHS, verbose=2)
    middle = keras.Model(drawing.input, drawing.get_layer("code").output)
    codes = {
        "pixels": flatten,
        "principal components": lambda images: pca.transform(flatten(images)),
        "autoencoder": lambda images: predict(middle, flatten(images)),
        "network untrained": lambda images: predict(untrained, images),
        "contrast": lambda images: predict(encoder, images),
    }
    ways = {way: (partial(probe, code), {"penalty": PENALTIES}) for way, code in codes.items()}
    starts = {"network from scratch": None, "contrast, fine-tuned": encoder.get_weights()}
    for way, weights in starts.items():
        rates = RATES if search else [BEST_RATE[way]]
        ways[way] = partial(learn_labels, weights), {"rate": rates}
    return ways


def choose(labels, seed):
    """Return the places of LABELS examples of each digit; labels: one-hot."""
    random, digits = np.random.default_rng(seed), labels.argmax(axis=1)
    of_each = [np.flatnonzero(digits == digit) for digit in range(NUM_CLASSES)]
    return np.concatenate([random.choice(places, LABELS, replace=False) for places in of_each])


def main(argv=None):
    """Return what each way reads of the test digits."""
    parser = make_parser("Learn from ten labels of each digit.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="RUN", help="folder of a run of contrast.py")
    add("--draws", type=positive(int), default=DRAWS, help="times that labels are drawn")
    add("--images", type=positive(int), default=55_000, help="digits without labels")
    add("--search", action="store_true", help="look for the learning rates of the networks")
    args = parser.parse_args(argv)
    encoder = load_model(find_run(args.run, OUTPUTS) / "encoder.keras", compile=False)
    if (encoder.input_shape[1:], encoder.output_shape[1:]) != (IMAGE_SHAPE, (64,)):
        fail("this encoder is of another kind. Name the folder of a run of contrast.py.")
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(SEED)
    digits, (images, labels) = prepare_mnist(IMAGE_SHAPE, args.images), prepare_test(IMAGE_SHAPE)
    found = {}
    for way, (learn, grid) in build_ways(encoder, digits.x_train, args.search).items():

        def answer(asked, seed, learn=learn, **setting):
            keras.utils.set_random_seed(seed)
            chosen = choose(digits.y_train, seed)
            return learn(digits.x_train[chosen], digits.y_train[chosen], **setting)(asked)

        def validation_loss(answer=answer, **setting):
            said = answer(digits.x_val, SEARCH_SEED, **setting)
            return score(digits.y_val, said)["cross_entropy"]

        print(f"{way}:", flush=True)
        tuned = tune(validation_loss, grid)
        seeds = range(SEED, SEED + args.draws)
        right = [score(labels, answer(images, one, **tuned["best"]))["accuracy"] for one in seeds]
        mean, deviation = mean_and_deviation(right)
        found[way] = {"tuned": tuned, "accuracies": right, "mean": mean, "deviation": deviation}
        print(f"  {mean:.1%} of the test digits read", flush=True)
    pairs = [("contrast", way) for way in found if way != "contrast"]
    pairs += [("contrast, fine-tuned", "network from scratch")]
    compared = compare_family({way: one["accuracies"] for way, one in found.items()}, pairs)
    show_family(compared, "{:+.1f} points", 100)
    return save_results({"ways": found, "compared": compared}, folder, __file__, argv)


if __name__ == "__main__":
    main()
