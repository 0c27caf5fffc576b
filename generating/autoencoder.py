"""Autoencoders: a network that squeezes a digit through few numbers and draws it again.

    python generating/autoencoder.py
    python generating/autoencoder.py --search --seeds 3    # as in the book; four minutes

You will see how well 2, 8 and 32 numbers describe the digits of other writers, beside principal
component analysis (PCA) with as many numbers: the squared error of each, and the difference in
pairs. Then an autoencoder that was given noisy digits and asked for the clean ones, beside ridge
regression that was given the same, both on test digits. Figures: autoencoder.png and denoised.png.
About a minute. With --search, the learning rate of the second part is looked for on the validation
digits, with noise that is drawn anew for each epoch and with noise that is drawn once.
Chapter: generating/README.md#through-a-bottleneck
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from keras import layers
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from generating.images import PIXELS, draw_sheet, load_digits, load_test
from utils.comparisons import tune
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_network, save_results
from utils.statistics import mean_over_groups

SIZES = [2, 8, 32]  # numbers in the middle
HIDDEN = (400, 200)  # neurons of the encoder's layers; the decoder has them in reverse
EPOCHS = 8
BATCH_SIZE = 256
LEARNING_RATE = 0.002  # at first; it falls to zero along a cosine
NOISE = 0.5  # standard deviation of what is added to the pixels for denoising
DENOISED_SIZE = 64  # numbers in the middle of the network that denoises
DENOISING_RATE = 0.004  # the best of those tried
RATES = [0.0003, 0.001, 0.002, 0.004, 0.01]  # tried with --search
PENALTIES = [0, 1, 10, 100, 1000]  # of ridge regression, always tried
SEED = 1
SEARCH_SEED = 101


def build_autoencoder(size):
    """Return the network: image (784,) to image, through so many numbers."""
    image = keras.Input((PIXELS,))
    x = image
    for width in HIDDEN:
        x = layers.Dense(width, activation="relu")(x)
    x = layers.Dense(size, name="code")(x)
    for width in reversed(HIDDEN):
        x = layers.Dense(width, activation="relu")(x)
    return keras.Model(image, layers.Dense(PIXELS, activation="sigmoid")(x))


def squared_errors(images, others):
    """Return the mean squared error of each image over its pixels: (n,)."""
    return np.mean((images - others) ** 2, axis=1)


def train_denoiser(images, noisy, rate, epochs):
    """Return a network that answers noisy images with clean ones, (n, 784).

    noisy: the images with noise that is always the same; None: noise is drawn at each presentation.
    Source: Vincent and others, "Extracting and composing robust features with denoising
    autoencoders", 2008.
    """
    anew = [layers.GaussianNoise(NOISE)] if noisy is None else []  # in training only
    network = keras.Sequential([keras.Input((PIXELS,)), *anew, build_autoencoder(DENOISED_SIZE)])
    falling = keras.optimizers.schedules.CosineDecay(rate, epochs * steps_of(images))
    network.compile(keras.optimizers.Adam(falling), loss="binary_crossentropy")
    given = images if noisy is None else noisy
    network.fit(given, images, batch_size=BATCH_SIZE, epochs=epochs, verbose=2)
    return network


def steps_of(images):
    """Return the batches of an epoch."""
    return math.ceil(len(images) / BATCH_SIZE)


def compare(name, part, flat, back):
    """Print and return the errors of a linear method and of a network, and the difference.

    flat, back: what they draw of the part's images, (n, 784). The interval of the difference draws
    the writers again.
    """
    linear, network = (squared_errors(part.images, drawn) for drawn in (flat, back))
    less = mean_over_groups(linear - network, part.writers)
    errors = {"linear": float(linear.mean()), "network": float(network.mean())}
    print("{0} {linear:.4f}, network {network:.4f}, less by ".format(name, **errors), end="")
    print("{mean:.4f} ({low:.4f} to {high:.4f})".format(**less))
    return errors | {"less": less}


def main(argv=None):
    """Return the errors of the linear methods and of the networks."""
    parser = make_parser("Train autoencoders on digits, beside PCA.", OUTPUTS)
    add = parser.add_argument
    add("--sizes", type=positive(int, 512), nargs="+", default=SIZES, help="numbers in the middle")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--train-samples", type=positive(int), help="images to learn from; default: all")
    add("--search", action="store_true", help="look for the learning rate of denoising")
    add("--seeds", type=positive(int), default=1, help="networks that denoise; the median counts")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    random = np.random.default_rng(args.seed)
    digits = load_digits(args.train_samples)
    train, validation = digits["train"].images, digits["validation"]  # (n, 784), from 0 to 1
    steps = args.epochs * steps_of(train)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    results = {"sizes": {}}

    # The picture itself is the answer.
    shown = [int(np.flatnonzero(validation.labels == digit)[1]) for digit in range(10)]
    rows, titles = [validation.images[shown]], ["digits"]
    for size in args.sizes:
        pca = PCA(size, random_state=0).fit(train)
        flat = np.clip(pca.inverse_transform(pca.transform(validation.images)), 0, 1)
        network = build_autoencoder(size)
        network.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy")
        network.fit(train, train, batch_size=BATCH_SIZE, epochs=args.epochs, verbose=2)
        save_network(network, folder / f"autoencoder_{size}.keras")
        back = network.predict(validation.images, batch_size=1000, verbose=0)
        results["sizes"][str(size)] = compare(f"{size} numbers: PCA", validation, flat, back)
        rows += [flat[shown], back[shown]]
        titles += [f"{size}, PCA", f"{size}, network"]
    draw_sheet(np.concatenate(rows), 10, folder / "autoencoder.png", titles)

    # Now it is shown noisy pictures, and the clean ones are the answer.
    test = load_test()
    noisy, noisy_validation, noisy_test = (
        images + NOISE * random.normal(size=images.shape).astype("float32")
        for images in (train, validation.images, test.images)
    )

    def ridge_error(penalty):
        flat = np.clip(Ridge(penalty).fit(noisy, train).predict(noisy_validation), 0, 1)
        return squared_errors(validation.images, flat).mean()

    def network_error(noise, rate):
        keras.utils.set_random_seed(SEARCH_SEED)
        network = train_denoiser(train, noisy if noise == "once" else None, rate, args.epochs)
        back, learned = (
            network.predict(given, batch_size=1000, verbose=0)
            for given in (noisy_validation, noisy)
        )
        results["training"][noise].append(float(squared_errors(train, learned).mean()))
        return squared_errors(validation.images, back).mean()

    results["ridge"] = tune(ridge_error, {"penalty": PENALTIES})
    rate = DENOISING_RATE
    if args.search:
        results["training"] = {"once": [], "anew": []}  # errors on what they learned from
        for noise in ("once", "anew"):
            results[noise] = tune(network_error, {"noise": [noise], "rate": RATES})
        rate = results["anew"]["best"]["rate"]

    ridge = Ridge(results["ridge"]["best"]["penalty"]).fit(noisy, train)
    flat = np.clip(ridge.predict(noisy_test), 0, 1)
    found = []
    for number in range(args.seeds):
        keras.utils.set_random_seed(args.seed + number)
        network = train_denoiser(train, None, rate, args.epochs)
        back = network.predict(noisy_test, batch_size=1000, verbose=0)
        found.append((squared_errors(test.images, back).mean(), back))
    results["errors"] = [float(error) for error, _ in found]
    _, back = sorted(found, key=lambda one: one[0])[len(found) // 2]
    results["denoising"] = compare("denoising: ridge", test, flat, back)
    rows = [part[:10] for part in (test.images, noisy_test, flat, back)]
    titles = ["digits", "with noise", "ridge", "network"]
    draw_sheet(np.concatenate(rows), 10, folder / "denoised.png", titles)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
