"""Autoencoders: a network that squeezes a digit through few numbers and draws it again.

    python generating/autoencoder.py

You will see how well 2, 8 and 32 numbers describe the digits of other writers, beside principal
component analysis (PCA) with as many numbers: the squared error of each, and the difference in
pairs. Then an autoencoder that was given noisy digits and asked for the clean ones, beside ridge
regression that was given the same. Figures: autoencoder.png and denoised.png. About a minute.
Chapter: generating/README.md#through-a-bottleneck
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from keras import layers
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from generating.images import PIXELS, draw_sheet, load_digits
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
SEED = 1


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


def compare(name, validation, flat, back):
    """Print and return the errors of a linear method and of a network, and the difference.

    flat, back: what they draw of the validation images, (n, 784). The interval of the difference
    draws the writers again.
    """
    linear, network = (squared_errors(validation.images, drawn) for drawn in (flat, back))
    less = mean_over_groups(linear - network, validation.writers)
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
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    random = np.random.default_rng(args.seed)
    digits = load_digits(args.train_samples)
    train, validation = digits["train"].images, digits["validation"]  # (n, 784), from 0 to 1
    steps = args.epochs * math.ceil(len(train) / BATCH_SIZE)
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
    noisy, noisy_validation = (
        images + NOISE * random.normal(size=images.shape).astype("float32")
        for images in (train, validation.images)
    )
    ridge = Ridge().fit(noisy, train)  # each pixel from all noisy ones
    flat = np.clip(ridge.predict(noisy_validation), 0, 1)
    network = build_autoencoder(DENOISED_SIZE)
    network.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy")
    network.fit(noisy, train, batch_size=BATCH_SIZE, epochs=args.epochs, verbose=2)
    back = network.predict(noisy_validation, batch_size=1000, verbose=0)
    results["denoising"] = compare("denoising: ridge", validation, flat, back)
    rows = [part[:10] for part in (validation.images, noisy_validation, flat, back)]
    titles = ["digits", "with noise", "ridge", "network"]
    draw_sheet(np.concatenate(rows), 10, folder / "denoised.png", titles)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
