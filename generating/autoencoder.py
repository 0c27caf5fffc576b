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

from generating.latents import PIXELS, cosine_adam, draw_sheet, in_batches, load_digits, save_run
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results
from utils.statistics import mean_over_groups
from utils.training import verbosity

SIZES = [2, 8, 32]  # numbers in the middle
HIDDEN = (400, 200)  # neurons of the encoder's layers; the decoder has them in reverse
EPOCHS = 8
BATCH_SIZE = 256
LEARNING_RATE = 0.002
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


def train(network, images, targets, epochs):
    """Let the network draw the targets when it is shown the images, both (n, 784)."""
    steps = epochs * math.ceil(len(images) / BATCH_SIZE)
    network.compile(cosine_adam(LEARNING_RATE, steps), "binary_crossentropy")
    network.fit(images, targets, batch_size=BATCH_SIZE, epochs=epochs, verbose=verbosity())
    return network


def squared_errors(images, others):
    """Return the mean squared error of each image over its pixels: (n,)."""
    return np.mean((images - others) ** 2, axis=1)


def compare(linear, network, writers):
    """Return both errors and how much less the network's is, from the errors of each image.

    The images are the same for both, and the interval draws their writers again.
    """
    less = mean_over_groups(linear - network, writers)
    return {"linear": float(linear.mean()), "network": float(network.mean()), "less": less}


def show(name, method, result):
    print(
        f"{name}: {method} {result['linear']:.4f}, network {result['network']:.4f}, less by "
        "{mean:.4f} ({low:.4f} to {high:.4f})".format(**result["less"])
    )


def squeeze(digits, sizes, epochs, folder):
    """Return {size: errors of PCA and of an autoencoder}; draw one digit of each kind."""
    train_images, validation = digits["train"].images, digits["validation"]
    shown = [int(np.flatnonzero(validation.labels == digit)[1]) for digit in range(10)]
    rows, titles, results, networks = [validation.images[shown]], ["digits"], {}, {}
    for size in sizes:
        pca = PCA(size, random_state=0).fit(train_images)
        flat = np.clip(pca.inverse_transform(pca.transform(validation.images)), 0, 1)
        network = train(build_autoencoder(size), train_images, train_images, epochs)
        back = in_batches(network, validation.images)
        errors = [squared_errors(validation.images, drawn) for drawn in (flat, back)]
        results[str(size)] = compare(*errors, validation.writers)
        show(f"{size} numbers", "PCA", results[str(size)])
        rows += [flat[shown], back[shown]]
        titles += [f"{size}, PCA", f"{size}, network"]
        networks[f"autoencoder_{size}"] = network
    save_run(folder, {"script": "autoencoder.py", "size": max(sizes)}, **networks)
    draw_sheet(np.concatenate(rows), 10, folder / "autoencoder.png", titles)
    return results


def denoise(digits, epochs, random, folder):
    """Return the errors of ridge and of a network that were shown noise and asked for digits."""
    noisy = {
        name: part.images + NOISE * random.normal(size=part.images.shape).astype("float32")
        for name, part in digits.items()
    }
    clean, validation = digits["train"].images, digits["validation"]
    ridge = Ridge().fit(noisy["train"], clean)  # each pixel from all noisy ones
    flat = np.clip(ridge.predict(noisy["validation"]), 0, 1)
    network = train(build_autoencoder(DENOISED_SIZE), noisy["train"], clean, epochs)
    back = in_batches(network, noisy["validation"])
    errors = [squared_errors(validation.images, drawn) for drawn in (flat, back)]
    rows = [validation.images, noisy["validation"], flat, back]
    titles = ["digits", "with noise", "ridge", "network"]
    draw_sheet(np.concatenate([row[:10] for row in rows]), 10, folder / "denoised.png", titles)
    result = compare(*errors, validation.writers)
    show("denoising", "ridge", result)
    return result


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
    digits = load_digits(args.train_samples)
    del digits["judge"]  # nobody judges here
    results = {
        "sizes": squeeze(digits, args.sizes, args.epochs, folder),
        "denoising": denoise(digits, args.epochs, np.random.default_rng(args.seed), folder),
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
