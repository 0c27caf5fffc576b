"""Train a variational autoencoder: a space of few numbers in which each point is a picture.

    python generating/vae.py                # sixteen numbers, for pictures
    python generating/vae.py --size 2       # two numbers, for a map
    python generating/vae.py --weight 50    # too much order: the numbers say nothing any more
    python generating/vae.py --decoder convolutional    # fewer weights, more minutes

You will see the two parts of the loss on the validation images, and how many of the numbers are
used. Figures: digits and what comes back, a way from one digit to another, digits drawn from
nothing; with two numbers, the map. The run is what `flow.py` needs. A minute to two on two cores.
Chapter: generating/README.md#a-space-of-few-numbers
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from keras import layers, ops
from scipy.stats import norm

from generating.images import PIXELS, draw_sheet, load_digits
from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, save_network, save_results, shown
from utils.statistics import mean_over_groups

SIZE = 16  # numbers in the middle
WEIGHT = 1.0  # of the second part of the loss
HIDDEN = (400, 200)  # neurons of the encoder's layers; the decoder has them in reverse
EPOCHS = 10
BATCH_SIZE = 128
LEARNING_RATE = 0.002  # at first; it falls to zero along a cosine
USED = 0.1  # nats that a number must tell of an image to count as used
SEED = 1


def divergence(mean, log_variance):
    """Return what each number costs, in nats: how far its distribution is from the standard one.

    Shapes (batch, size). It is the Kullback-Leibler divergence of two normal distributions.
    """
    return (ops.square(mean) + ops.exp(log_variance) - 1 - log_variance) / 2


def surprise(images, drawn):
    """Return the nats by which the pixels of each image, (batch, 784), surprise the decoder."""
    return PIXELS * keras.losses.binary_crossentropy(images, drawn)


class Sample(layers.Layer):
    """Draws a point from each image's distribution, and adds what the distribution costs."""

    def __init__(self, weight, seed, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.random = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        mean, log_variance = inputs  # (batch, size) each
        cost = ops.sum(divergence(mean, log_variance), axis=1)
        self.add_loss(self.weight * ops.mean(cost))
        noise = keras.random.normal(ops.shape(mean), seed=self.random)
        return mean + ops.exp(log_variance / 2) * noise


def draw_by_convolution(point):
    """Return images (n, 784) of points (n, size): 7 x 7 places of 32 numbers, doubled twice."""
    x = layers.Dense(128, activation="gelu")(point)
    x = layers.Dense(7 * 7 * 32, activation="gelu")(x)
    x = layers.Reshape((7, 7, 32))(x)
    x = layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="gelu")(x)  # 14 x 14
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid")(x)  # 28 x 28
    return layers.Flatten(name="drawn")(x)


def draw_densely(point):
    """Return images (n, 784) of points (n, size), through the encoder's layers in reverse."""
    x = point
    for width in reversed(HIDDEN):
        x = layers.Dense(width, activation="gelu")(x)
    return layers.Dense(PIXELS, activation="sigmoid", name="drawn")(x)


DECODERS = {"dense": draw_densely, "convolutional": draw_by_convolution}


def build_vae(size, weight=WEIGHT, seed=SEED, decoder="dense"):
    """Return encoder (image to mean and log-variance), decoder (point to image), and both in one.

    Sources: Kingma and Welling, "Auto-encoding variational Bayes", 2013; the weight is that of
    Higgins and others, "beta-VAE", 2017.
    """
    image = keras.Input((PIXELS,), name="image")
    x = image
    for width in HIDDEN:
        x = layers.Dense(width, activation="gelu")(x)
    mean = layers.Dense(size, name="mean")(x)
    log_variance = layers.Dense(size, name="log_variance")(x)
    encoder = keras.Model(image, [mean, log_variance], name="encoder")

    point = keras.Input((size,), name="point")
    decoder = keras.Model(point, DECODERS[decoder](point), name="decoder")

    sampled = Sample(weight, seed, name="sample", dtype="float32")(encoder(image))
    return encoder, decoder, keras.Model(image, decoder(sampled), name="vae")


def measure(encoder, decoder, part, random):
    """Return both parts of the loss in nats, without the weight, and what each number tells."""
    mean, log_variance = encoder.predict(part.images, batch_size=1000, verbose=0)
    points = mean + np.exp(log_variance / 2) * random.normal(size=mean.shape)
    drawn = decoder.predict(points, batch_size=1000, verbose=0)
    pixels = ops.convert_to_numpy(surprise(part.images, drawn))
    costs = divergence(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance))
    costs = ops.convert_to_numpy(costs)  # (n, size)
    told = costs.mean(axis=0)
    return {
        "surprise": mean_over_groups(pixels, part.writers),
        "divergence": mean_over_groups(costs.sum(axis=1), part.writers),
        "told": [float(nats) for nats in told],
        "used": int((told > USED).sum()),
        "squared_error": float(np.mean((drawn - part.images) ** 2)),
    }


def interpolate(encoder, decoder, first, second, steps=10):
    """Return pictures on the straight way from one image to another: in the space, in the pixels.

    first, second: (784,). Both results: (steps, 784).
    """
    mean, _ = encoder.predict(np.stack([first, second]), verbose=0)
    share = np.linspace(0, 1, steps, dtype="float32")[:, None]
    between = decoder.predict((1 - share) * mean[0] + share * mean[1], verbose=0)
    return between, (1 - share) * first + share * second


def draw_figures(encoder, decoder, part, size, random, folder):
    """Draw what comes back, a way between two digits, digits from nothing, and the map."""
    examples = np.array([np.flatnonzero(part.labels == digit)[0] for digit in range(10)])
    images = part.images[examples]
    back = decoder.predict(encoder.predict(images, verbose=0)[0], verbose=0)
    ways = np.concatenate(interpolate(encoder, decoder, images[3], images[8]))
    drawn = decoder.predict(random.normal(size=(30, size)).astype("float32"), verbose=0)
    titles = ["digits", "what comes back", "a way in the space", "the same in pixels"]
    titles += ["drawn from nothing", "", ""]
    rows = np.concatenate([images, back, ways, drawn])
    draw_sheet(rows, 10, folder / f"vae_{size}.png", titles)
    if size == 2:
        # Equal steps of probability, so that each part of the map is about equally full.
        places = norm.ppf(np.linspace(0.02, 0.98, 20)).astype("float32")
        grid = np.stack(np.meshgrid(places, -places), axis=-1).reshape(-1, 2)
        draw_sheet(decoder.predict(grid, verbose=0), 20, folder / "digit_map.png")


def main(argv=None):
    """Return both parts of the loss, and how many of the numbers are used."""
    parser = make_parser("Train a variational autoencoder on digits.", OUTPUTS)
    add = parser.add_argument
    add("--size", type=positive(int, 512), default=SIZE, help="numbers in the middle")
    add("--weight", type=number(float, 0), default=WEIGHT, help="of the divergence")
    add("--decoder", choices=DECODERS, default="dense")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--train-samples", type=positive(int), help="images to learn from; default: all")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    random = np.random.default_rng(args.seed)
    digits = load_digits(args.train_samples)
    images = digits["train"].images  # (n, 784), from 0 to 1

    encoder, decoder, vae = build_vae(args.size, args.weight, args.seed, args.decoder)
    steps = args.epochs * math.ceil(len(images) / BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    vae.compile(keras.optimizers.Adam(rate), loss=surprise)  # the layer Sample adds its own
    vae.fit(images, images, batch_size=BATCH_SIZE, epochs=args.epochs, verbose=2)
    save_network(encoder, folder / "encoder.keras")
    save_network(decoder, folder / "decoder.keras")

    scores = measure(encoder, decoder, digits["validation"], random)
    print(
        f"validation: surprise {scores['surprise']['mean']:.1f} nats, divergence "
        f"{scores['divergence']['mean']:.1f}; {scores['used']} of {args.size} numbers are used"
    )
    draw_figures(encoder, decoder, digits["validation"], args.size, random, folder)
    print(f"Next: python generating/flow.py {shown(folder)}")
    results = scores | {"parameters": vae.count_params(), "images": len(images)}
    results["weight"] = args.weight
    results["loss"] = scores["surprise"]["mean"] + args.weight * scores["divergence"]["mean"]
    return save_results(results, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
