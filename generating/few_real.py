"""Do drawn digits help a classifier that has only 100 real ones?

    python generating/few_real.py VAE_RUN FLOW_RUN      # folders of runs of vae.py and of flow.py

With each seed, other 100 digits are drawn from the training images, ten of each kind. You will see
what a small network reads of the validation images after it has learned from these alone, from
shifted copies of them, or from drawn ones beside them; and logistic regression on the numbers of
the VAE. Then the comparisons in pairs. About three minutes for ten seeds.
Chapter: generating/README.md#does-it-help
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers
from scipy import ndimage
from sklearn.linear_model import LogisticRegressionCV

from generating.flow import LEARNING_RATE, build_flow, draw, pairs
from generating.images import CLASSES, PIXELS, load_digits
from generating.latents import load_flow, load_vae
from utils.comparisons import compare_seeds, correct_family, show_family
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

EACH = 10  # real digits of each kind
DRAWN = 2_000  # digits beside them
STEPS = 250  # of training the classifier, with whatever it learns from
BATCH_SIZE = 100
FLOW_STEPS = 400  # of training a flow on the real ones
SHIFT = 2  # pixels to any side, at most
SEEDS = 10
SEED = 1
# The family of comparisons, fixed before the runs.
FAMILY = [("all_labels", "shifted"), ("hundred_labels", "shifted")]
FAMILY += [("hundred_labels", "regression"), ("shifted", "real")]


def choose_real(part, random):
    """Return places of a few digits of each kind in a part."""
    kinds = [np.flatnonzero(part.labels == digit) for digit in range(CLASSES)]
    return np.concatenate([random.choice(places, EACH, replace=False) for places in kinds])


def shift(images, random):
    """Return images (n, 784), each moved by up to SHIFT pixels."""
    moves = random.integers(-SHIFT, SHIFT + 1, size=(len(images), 2))
    squares = images.reshape(-1, 28, 28)
    moved = [ndimage.shift(x, by, order=0) for x, by in zip(squares, moves, strict=True)]
    return np.stack(moved).reshape(-1, PIXELS)


def read(images, labels, validation, seed):
    """Return the accuracy on the validation images of a network that has learned from images."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((PIXELS,)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    random = np.random.default_rng(seed)
    chosen = random.integers(len(images), size=STEPS * BATCH_SIZE)
    network.fit(images[chosen], labels[chosen], batch_size=BATCH_SIZE, verbose=0)
    answers = network.predict(validation.images, batch_size=1000, verbose=0).argmax(axis=1)
    return float((answers == validation.labels).mean())


def one_seed(digits, encoder, decoder, flow, seed):
    """Return {what was learned from: accuracy}; the real digits are the same in all."""
    random = np.random.default_rng(seed)
    train, validation = digits["train"], digits["validation"]
    places = choose_real(train, random)
    real, labels = train.images[places], train.labels[places]
    drawn_labels = np.arange(DRAWN) % CLASSES

    mean, log_variance = encoder.predict_on_batch(real)
    keras.utils.set_random_seed(seed)
    batches = pairs(mean, log_variance, labels, np.random.default_rng(seed))
    small_flow = build_flow(mean.shape[1])
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, FLOW_STEPS)
    small_flow.compile(keras.optimizers.Adam(rate), loss="mean_squared_error")
    small_flow.fit(batches, steps_per_epoch=FLOW_STEPS, shuffle=False, verbose=0)
    beside = {
        "shifted": shift(np.tile(real, (DRAWN // len(real), 1)), random),
        "all_labels": draw(flow, decoder, drawn_labels, random),
        "hundred_labels": draw(small_flow, decoder, drawn_labels, random),
    }
    labels_beside = {"shifted": np.tile(labels, DRAWN // len(real))}
    found = {"real": read(real, labels, validation, seed)}
    for name, images in beside.items():
        others = labels_beside.get(name, drawn_labels)
        # The real ones ten times, so that they make up a third of what is learned from.
        both = np.concatenate([np.tile(real, (10, 1)), images])
        both_labels = np.concatenate([np.tile(labels, 10), others])
        found[name] = read(both, both_labels, validation, seed)
    # The penalty is chosen within the hundred.
    regression = LogisticRegressionCV(Cs=10, cv=5, max_iter=1000).fit(mean, labels)
    codes, _ = encoder.predict(validation.images, batch_size=1000, verbose=0)
    answers = regression.predict(codes)
    found["regression"] = float((answers == validation.labels).mean())
    return found


def main(argv=None):
    """Return the accuracies with each seed, and the comparisons."""
    parser = make_parser("Train on 100 real digits and on drawn ones.", OUTPUTS)
    add = parser.add_argument
    add("vae", metavar="VAE_RUN", help="folder of a run of vae.py")
    add("flow", metavar="FLOW_RUN", help="folder of a run of flow.py, made with the former")
    add("--seeds", type=positive(int), default=SEEDS, help="so many, beginning with --seed")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    (_, encoder, decoder), (flow, _) = load_vae(args.vae), load_flow(args.flow)
    digits, accuracies = load_digits(), {}
    for number in range(args.seed, args.seed + args.seeds):
        found = one_seed(digits, encoder, decoder, flow, number)
        print(f"seed {number}:", ", ".join(f"{k} {v:.2%}" for k, v in found.items()), flush=True)
        for name, accuracy in found.items():
            accuracies.setdefault(name, []).append(accuracy)
    comparisons = {
        f"{one}_{other}": compare_seeds(accuracies[one], accuracies[other]) for one, other in FAMILY
    }
    correct_family(comparisons.values())
    show_family(comparisons)
    results = {"accuracies": accuracies, "comparisons": comparisons}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
