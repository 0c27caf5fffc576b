"""Machinery: whether ghosts among the drawn digits come from the decoder or from its points.

    python generating/decoders.py    # a quarter of an hour

Two decoders get the same search on validation digits, and are trained in pairs of seeds. You will
see how far from test digits, how unclear and how grey their pictures are, by the points: of clouds,
from nothing, of a normal distribution or a mixture that fits the clouds, or of a flow.
Chapter: generating/README.md#where-the-ghosts-come-from
"""

from chapter import OUTPUTS

import math
from functools import cache
from itertools import product

import keras
import numpy as np
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from generating import flow
from generating.evaluate import halves
from generating.images import draw_sheet, load_digits, load_test
from generating.judge import Judge, frechet
from generating.vae import BATCH_SIZE, DECODERS, SIZE, build_vae, measure, surprise
from utils.comparisons import compare_family, show_family, tune
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results

RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]  # tried with a weight of 1
WEIGHTS = [1, 2, 4, 8]  # of the divergence, tried with the best rate
SEARCH_SEED, SEARCH_EPOCHS = 101, 2
SEEDS, EPOCHS = 3, 6  # pairs of trainings
STEPS = 1_500  # of the training of a flow
PARTS, FITTED = 50, 10_000  # normal distributions in a mixture, and points that it is fitted to
CLEAR = 0.9  # the probability from which on the judge is sure of a digit


def train(network, loss, rate, steps, data, **options):
    """Train a network with a rate that falls to zero along a cosine within so many steps."""
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(keras.optimizers.Adam(falling), loss=loss)
    network.fit(*data, verbose=0, **options)


def train_vae(images, decoder, rate, weight, epochs, seed):
    """Return encoder and decoder of a new autoencoder that has learned from images (n, 784)."""
    keras.utils.set_random_seed(seed)
    encoder, network, vae = build_vae(SIZE, weight, seed, decoder)
    steps = epochs * math.ceil(len(images) / BATCH_SIZE)
    train(vae, surprise, rate, steps, (images, images), batch_size=BATCH_SIZE, epochs=epochs)
    return encoder, network


def look(judge, wanted, images):
    """Return what is seen of images (n, 784), and of which the judge is not sure, (n,).

    wanted: features of real digits, for "frechet"; "grey": how many pixels of ink are below 0.6.
    """
    features, probabilities = judge.network.predict(images, batch_size=1000, verbose=0)
    unclear, grey = probabilities.max(axis=1) < CLEAR, images[images > 0.1] < 0.6
    found = {"frechet": frechet(features.astype("float64"), wanted)}
    return found | {"unclear": float(unclear.mean()), "grey": float(grey.mean())}, unclear


def draw_points(encoder, learned, real, seed):
    """Return {where from: points (n, size)}, and how deep in a hole those from nothing lie, (n,).

    That is how much likelier they are in the standard distribution than in the mixture, in nats.
    """
    random = np.random.default_rng(seed)

    def sample(mean, log_variance):
        return mean + np.exp(log_variance / 2) * random.normal(size=mean.shape)

    nothing = random.normal(size=(len(real.images), SIZE))
    clouds, test = (encoder.predict(x.images, batch_size=1000, verbose=0) for x in (learned, real))
    points = random.permutation(sample(*clouds))[:FITTED]
    mixture = GaussianMixture(PARTS, tol=0.01, random_state=seed).fit(points)
    network = flow.build_flow(SIZE)
    pairs = flow.pairs(*clouds, learned.labels, random)
    train(network, "mse", flow.LEARNING_RATE, STEPS, [pairs], steps_per_epoch=STEPS, shuffle=False)
    *_, led = flow.follow(network, real.labels, random, guidance=1)
    return {
        "clouds": sample(*test),
        "nothing": nothing,
        "normal": random.multivariate_normal(points.mean(0), np.cov(points.T), len(nothing)),
        "mixture": random.permutation(mixture.sample(len(nothing))[0]),
        "flow": led,
    }, norm.logpdf(nothing).sum(axis=1) - mixture.score_samples(nothing)


def main(argv=None):
    """Return the search, what each decoder drew of which points, and the comparisons."""
    parser = make_parser("Compare two decoders, and points to draw from.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="pairs of trainings")
    parser.add_argument("--train-samples", type=number(int, 100), help="images to learn from")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits, judge = load_digits(args.train_samples), Judge()
    learned, half = digits["train"], halves(digits["validation"])[0]
    wanted = judge.features(half.images)

    @cache
    def from_nothing(decoder, rate, weight):
        tried = decoder, rate, weight, SEARCH_EPOCHS, SEARCH_SEED
        _, network = train_vae(learned.images, *tried)
        points = np.random.default_rng(SEARCH_SEED).normal(size=(len(wanted), SIZE))
        return frechet(judge.features(network.predict(points, verbose=0)), wanted)

    results = {"search": {}, "decoders": {}, "points": {}}
    for decoder in DECODERS:
        grid = {"decoder": [decoder], "weight": [1], "rate": RATES}
        rate = tune(from_nothing, grid)
        grid |= {"weight": WEIGHTS, "rate": [rate["best"]["rate"]]}
        results["search"][decoder] = {"rate": rate, "weight": tune(from_nothing, grid)}
    # From here on the test digits, by which nothing was chosen.
    reference, real = halves(load_test())
    wanted, sheets, distances = judge.features(reference.images), {}, {}
    results["real"], _ = look(judge, wanted, real.images)
    for seed, decoder in product(range(1, args.seeds + 1), DECODERS):
        best = results["search"][decoder]["weight"]["best"]
        encoder, network = train_vae(learned.images, **best, epochs=EPOCHS, seed=seed)
        about = results["decoders"].setdefault(decoder, {"weights": network.count_params()})
        scores = measure(encoder, network, real, np.random.default_rng(seed))
        about.setdefault("surprise", []).append(scores["surprise"]["mean"])
        given, depth = draw_points(encoder, learned, real, seed)
        for name, points in given.items():
            images = network.predict(points.astype("float32"), batch_size=1000, verbose=0)
            seen, unclear = look(judge, wanted, images)
            print(seed, decoder, name, *(f"{key} {value:.3f}" for key, value in seen.items()))
            results["points"].setdefault(name, {}).setdefault(decoder, []).append(seen)
            distances.setdefault(f"{name}, {decoder}", []).append(seen["frechet"])
            sheets.setdefault(f"{name}, {decoder}", images[:10])
            if name == "nothing":
                quarters = np.array_split(unclear[np.argsort(depth)], 4)
                about.setdefault("by_depth", []).append([float(x.mean()) for x in quarters])
    family = [(f"{name}, convolutional", f"{name}, dense") for name in given]
    family += [(f"nothing, {decoder}", f"mixture, {decoder}") for decoder in DECODERS]
    results["comparisons"] = compare_family(distances, family)
    show_family(results["comparisons"], "{:+.1f}")
    titles = [f"{name}, {decoder}" for name, decoder in product(given, DECODERS)]
    rows = [real.images[:10], *(sheets[title] for title in titles)]
    draw_sheet(np.concatenate(rows), 10, folder / "decoders.png", ["real digits", *titles])
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
