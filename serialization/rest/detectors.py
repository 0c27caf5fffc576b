"""Machinery of the book: five out-of-distribution detectors, compared at the same price.

    python serialization/rest/detectors.py

You will see a table: for each detector, the share of images of each kind that it refuses, if it may
refuse 1 % of the validation images. A detector is chosen by the first kinds of images, and what it
is worth is reported on the others. The figure shows these on the scale of the detector that was
chosen. About two minutes.
Chapter: serialization/rest/README.md#is-it-a-digit-at-all
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from scipy.special import softmax

from mnist.data import load_parts, prepare_images
from mnist.studies.temperature import calibration, with_temperature
from serialization.rest.digits import digit_likeness
from serialization.rest.not_digits import (
    LETTERS,
    SIGNS,
    cut_up,
    make_noise,
    read_emoji,
    scribble,
    turn,
    type_characters,
)
from serialization.rest.out_of_distribution import (
    MODEL,
    REFUSED,
    find_logits,
)
from utils.figures import DASHES, save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, read_json, save_results

IMAGES = 400  # that are made at random, of each kind
DIGITS = 20_000  # images of MNIST at most, of those for training, validation and test
NEIGHBOURS = 5_000  # of these, among which the nearest are looked for
EPOCHS = 2  # of training an eleventh class
SEED = 1

CHOSEN_ON = ["letters", "scribbles", "noise"]
REPORTED_ON = ["upside_down", "signs", "emoji"]


def collect(rng, count, test):
    """Return {kind: images}, uint8 of shape (n, 28, 28); test: images and labels."""
    return {
        "letters": type_characters(LETTERS),
        "scribbles": scribble(rng, count),
        "noise": make_noise(rng, count),
        "upside_down": turn(*(part[: 5 * count] for part in test)),
        "signs": type_characters(SIGNS, ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"]),
        "emoji": read_emoji(),
        "digits": test[0],
        "printed_digits": type_characters("0123456789"),
    }


def as_distance(features, labels):
    """Return a function: features to minus the distance (Mahalanobis) from the nearest digit.

    Source: Lee, Lee, Lee and Shin, "A simple unified framework for detecting out-of-distribution
    samples and adversarial attacks", 2018.
    """
    means = np.stack([features[labels == digit].mean(axis=0) for digit in range(10)])
    around = features - means[labels]
    covariance = around.T @ around / len(around)
    covariance += 1e-3 * covariance.trace() / len(covariance) * np.eye(len(covariance))
    whiten = np.linalg.cholesky(np.linalg.inv(covariance))
    return lambda x: -np.min([(((x - mean) @ whiten) ** 2).sum(axis=1) for mean in means], axis=0)


def as_neighbours(features, which=5):
    """Return a function: features to the cosine of the angle to their fifth nearest neighbour."""

    def unit(x):
        return x / np.linalg.norm(x, axis=1, keepdims=True).clip(1e-9)

    known = unit(features)
    return lambda x: np.partition(unit(x) @ known.T, -which, axis=1)[:, -which]


def add_eleventh_class(model, digits, labels, others, epochs):
    """Return a copy of the network, trained on with others as an eleventh class."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    eleven = keras.Sequential([*copy.layers[:-1], layers.Dense(11, "softmax", name="eleven")])
    eleven.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    x = prepare_images(np.concatenate([digits, others]), model.input_shape[1:])
    y = np.append(labels, np.full(len(others), 10))
    order = np.random.default_rng(SEED).permutation(len(x))
    eleven.fit(x[order], y[order], batch_size=128, epochs=epochs, verbose=2)
    return eleven


def build_detectors(model, predict, train, others, epochs):
    """Return {detector: function of images}: a high value speaks for a digit."""
    features = predict(train[0])
    distance, neighbours = as_distance(features, train[1]), as_neighbours(features[:NEIGHBOURS])
    eleven = add_eleventh_class(model, *train, others, epochs)

    def predict_eleven(x):
        inputs = prepare_images(x, model.input_shape[1:])
        return 1 - eleven.predict(inputs, batch_size=500, verbose=0)[:, 10]

    def logits(x):
        return find_logits(predict(x), *model.layers[-1].get_weights())

    return {
        "highest probability": lambda x: softmax(logits(x), axis=1).max(axis=1),
        "energy": lambda x: digit_likeness(logits(x)),
        "distance": lambda x: distance(predict(x)),
        "neighbours": lambda x: neighbours(predict(x)),
        "eleventh class": predict_eleven,
    }


def evaluate(detector, kinds, validation):
    """Return the shares of images that a detector refuses, and the means of kinds."""
    least = np.quantile(detector(validation), REFUSED)
    shares = {kind: float((detector(images) < least).mean()) for kind, images in kinds.items()}
    for name, group in (("chosen", CHOSEN_ON), ("reported", REPORTED_ON)):
        shares[name] = float(np.mean([shares[kind] for kind in group]))
    print("".join(f"{share:13.1%}" for share in shares.values()), flush=True)
    return shares


def look_closer(logits, labels, limits):
    """Return what temperature and limit of the shipped network do to the test images."""
    before, one_hot = softmax(logits, axis=1), np.eye(10)[labels]
    kept = digit_likeness(logits) >= limits["least_likeness"]
    right = logits.argmax(axis=1) == labels
    return {
        "temperature": limits["temperature"],
        "cross_entropy": limits["cross_entropy"],
        "before": calibration(before, one_hot),
        "after": calibration(with_temperature(before, limits["temperature"]), one_hot),
        "accuracy_kept": float(right[kept].mean()),
        "accuracy_refused": float(right[~kept].mean()),
        "refused": int((~kept).sum()),
    }


def draw(likeness, least, path):
    """Draw how images of each kind are spread over the scale of digit-likeness."""
    figure, axes = plt.subplots(figsize=(8, 4))
    bins = np.histogram_bin_edges(np.concatenate(list(likeness.values())), 50)
    for dash, values in zip(DASHES, likeness.values(), strict=False):
        shares = np.full(len(values), 1 / len(values))
        axes.hist(values, bins, weights=shares, histtype="step", lw=1.8, ls=dash)
    axes.axvline(least, color="C7", linestyle="--")
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])  # room for the word
    axes.annotate("refused  ", (least, 0.93 * axes.get_ylim()[1]), ha="right", color="C7")
    axes.set(xlabel="Digit-likeness", ylabel="Share of images")
    axes.legend([kind.replace("_", " ") for kind in likeness])
    save_figure(figure, path)


def main(argv=None):
    """Return what each detector refuses, and what the shipped network's limits do to digits."""
    parser = make_parser("Compare out-of-distribution detectors.", OUTPUTS)
    add = parser.add_argument
    add("--images", type=positive(int), default=IMAGES, help="of each kind made at random")
    add("--digits", type=positive(int, DIGITS), default=DIGITS, help="of MNIST, of each set")
    add("--epochs", type=positive(int), default=EPOCHS, help="of training an eleventh class")
    add("--seed", type=seed, default=SEED, help="of the images and of the training run")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    parts = {part: [x[: args.digits] for x in arrays] for part, arrays in load_parts().items()}
    train, test, validation = parts["train"], parts["test"], parts["validation"][0]
    kinds = collect(rng, args.images, test)
    others = cut_up(rng, train[0], args.digits // 4)
    model = keras.saving.load_model(MODEL, compile=False)
    network = keras.Model(model.inputs, model.layers[-1].input)

    def predict(x):
        inputs = prepare_images(x, model.input_shape[1:])
        return network.predict(inputs, batch_size=500, verbose=0)

    detectors = build_detectors(model, predict, train, others, args.epochs)
    results = {"ways": {}, "images": {kind: len(x) for kind, x in kinds.items()}}
    print("".join(f"{kind[:12]:>13}" for kind in [*kinds, "chosen on", "reported on"]))
    for name, detector in detectors.items():
        print(name)
        results["ways"][name.replace(" ", "_")] = evaluate(detector, kinds, validation)
    limits = read_json(MODEL.with_suffix(".json"))
    logits = find_logits(predict(test[0]), *model.layers[-1].get_weights())
    results |= {"shipped": look_closer(logits, test[1], limits), "ink": float(validation.mean())}
    shown = {kind: detectors["energy"](kinds[kind]) for kind in ["digits", *REPORTED_ON]}
    draw(shown, limits["least_likeness"], folder / "out_of_distribution.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
