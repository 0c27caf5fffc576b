"""Machinery of the book: choose an augmentation for the best recipe.

    python book/holdout.py    # about 20 minutes

The network of the recipe is trained on 30,000 training images behind each kind of augmenting
layers, then fine-tuned on the images as they are. You will see how many of the other 30,000
training images it misreads, before and after. The test images are not used.
"""

from chapter import OUTPUTS

import math

import keras

from models import IMAGE_SHAPE, best_net
from optimization import learning_rate_schedule
from techniques import AUGMENTATIONS, augment
from utils.data import load_mnist, prepare_images
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import score

HALF = 30_000
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
    """Return {kind of augmentation: {"before", "after"}: scores on the images held out}."""
    parser = make_parser("Compare augmentations on images held out.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="before fine-tuning")
    parser.add_argument("--train-samples", type=positive(int, most=HALF), default=HALF)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    (images, labels), _ = load_mnist()
    x = prepare_images(images, IMAGE_SHAPE)
    y = keras.utils.to_categorical(labels, 10)
    x_train, y_train = x[: args.train_samples], y[: args.train_samples]
    x_held_out, y_held_out = x[HALF:], y[HALF:]

    results = {}
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
            probabilities = network.predict(x_held_out, 256, verbose=0)
            results[kind][when] = score(y_held_out, probabilities)

    print("\nmistakes among 30,000 images, cross-entropy")
    for kind, scores in results.items():
        for when, result in scores.items():
            print(f"{kind:8}{when:8}{result['errors']:6}  {result['cross_entropy']:.4f}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
