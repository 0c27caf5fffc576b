"""Machinery of the book: choose an augmentation for the best recipe.

    python mnist/studies/holdout.py    # about 20 minutes

The network of the recipe is trained on the training images of one half of the writers, behind each
kind of augmenting layers, then fine-tuned on the images as they are. You will see how many images
of the other half it misreads, before and after, and how far the two kinds differ, with an interval
over the writers. The test images are not used.
Chapter: mnist/studies/README.md#two-recipes
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np

from mnist.data import TRAIN_SIZE, load_parts, prepare_part, writers_of
from mnist.models import IMAGE_SHAPE, best_net
from mnist.overfitting.techniques import AUGMENTATIONS, augment, learning_rate_schedule
from utils.comparisons import compare_networks
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import class_numbers, score

BATCH_SIZE = 128
EPOCHS = 30
FINE_TUNING = 2  # epochs
SEED = 1


def fit(model, x, y, epochs, rate):
    """Train with a cosine schedule that peaks at the rate."""
    steps = epochs * math.ceil(len(x) / BATCH_SIZE)
    schedule = learning_rate_schedule("cosine", rate, steps)
    model.compile(keras.optimizers.Adam(schedule), loss="categorical_crossentropy")
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=2)


def main(argv=None):
    """Return {kind of augmentation: {"before", "after"}: scores on the images held out}.

    And under "compared" how much more of them the second kind reads, before and after.
    """
    parser = make_parser("Compare augmentations on images held out.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="before fine-tuning")
    about = "fewer for a quick try"
    parser.add_argument("--train-samples", type=positive(int), default=TRAIN_SIZE, help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    x, y = prepare_part(*load_parts()["train"], IMAGE_SHAPE)
    writers = writers_of("train")
    learns = np.unique(writers, return_inverse=True)[1] % 2 == 0  # every other writer
    x_train, y_train = x[learns][: args.train_samples], y[learns][: args.train_samples]
    x_held_out, y_held_out = x[~learns], y[~learns]

    results, right = {}, {}
    for kind in AUGMENTATIONS:
        print(f"== {kind}", flush=True)
        keras.utils.set_random_seed(SEED)
        network = best_net()
        results[kind] = {}
        trainings = {
            "before": (augment(network, kind), args.epochs, 0.005),
            "after": (network, FINE_TUNING, 0.0005),
        }
        for when, (model, epochs, rate) in trainings.items():
            fit(model, x_train, y_train, epochs, rate)
            probabilities = network.predict(x_held_out, batch_size=256, verbose=0)
            results[kind][when] = score(y_held_out, probabilities)
            right[kind, when] = probabilities.argmax(axis=1) == class_numbers(y_held_out)

    print(f"\nmistakes among {len(x_held_out):,} images, cross-entropy")
    for kind, scores in results.items():
        for when, result in scores.items():
            print(f"{kind:8}{when:8}{result['errors']:6}  {result['cross_entropy']:.4f}")
    first, second = AUGMENTATIONS
    compared = {
        when: compare_networks(right[first, when], right[second, when], writers[~learns])
        for when in trainings
    }
    for when, one in compared.items():
        print(f"{second} reads more than {first}, {when}: ", end="")
        print("{mean:+.2%} (95 % interval {low:+.2%} to {high:+.2%})".format(**one))
    return save_results(results | {"compared": compared}, folder, __file__, argv)


if __name__ == "__main__":
    main()
