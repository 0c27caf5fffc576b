"""Is it any good? Four measures of drawn digits, and for each a trap.

    python generating/evaluate.py FLOW_RUN [FLOW_RUN ...]    # folders of runs of flow.py
    python generating/evaluate.py FLOW_RUN --vae VAE_RUN     # and what the VAE draws without a flow
    python generating/evaluate.py FLOW_RUN --test            # once, at the end, beside test digits

You will see a table. Its columns are the measures: how many digits a classifier of other writers
reads as they were asked for, how far the digits as a whole lie from real ones (Fréchet distance),
how different two of a kind are, and how near the next training digit is. Its rows are real digits,
things that only look good by one measure, what the VAE draws without a flow, and the digits of each
run. About half a minute.
Chapter: generating/README.md#is-it-any-good
"""

from chapter import OUTPUTS

import numpy as np
from scipy import ndimage

from generating.flow import EULER, GUIDANCE, draw
from generating.images import CLASSES, PIXELS, draw_sheet, load_digits, load_test
from generating.judge import Judge, frechet, nearest, spread
from generating.latents import load_flow, load_vae
from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, save_results

NEAREST = 500  # digits of each row for which the nearest of all training digits is looked for
COUNTS = [100, 300, 1_000]  # real digits, for the Fréchet distance of few
SEED = 1


def halves(part):
    """Return the digits of every second writer, and those of the others."""
    first = np.isin(part.writers, np.unique(part.writers)[::2])
    return tuple(type(part)(*(array[chosen] for array in part)) for chosen in (first, ~first))


def make_traps(train, labels, random):
    """Return {name: images}, one for each label, that are good by one measure and bad by another.

    labels: (n,), as those of the other rows.
    """
    places = [np.flatnonzero(train.labels == digit) for digit in range(CLASSES)]
    one_each = train.images[[place[0] for place in places]][labels]
    copies = train.images[[random.choice(places[digit]) for digit in labels]]
    blurred = ndimage.gaussian_filter(copies.reshape(-1, 28, 28), (0, 1.5, 1.5))
    return {
        "one_of_each_kind": one_each,
        "copies": copies,
        "blurred_copies": blurred.reshape(-1, PIXELS),
        "noise": random.random(copies.shape).astype("float32"),
    }


def make_rivals(encoder, decoder, train, rows, labels, random):
    """Return {name: images} that the VAE draws without a flow.

    It draws the real digits and the copies of rows anew, the latter from points of their clouds, as
    a flow without fault would; then from points of the standard distribution; and from points of
    one normal distribution for each kind, (n,) labels, with the mean and the covariance of all its
    training digits' points.
    """

    def points_of(images):
        mean, log_variance = encoder.predict(images, batch_size=1000, verbose=0)
        return mean + np.exp(log_variance / 2) * random.normal(size=mean.shape)

    points, drawn = points_of(train.images), np.empty((len(labels), encoder.output[0].shape[1]))
    for digit in range(CLASSES):
        own, asked = points[train.labels == digit], labels == digit
        drawn[asked] = random.multivariate_normal(own.mean(0), np.cov(own.T), asked.sum())
    found = {
        "redrawn": encoder.predict(rows["other_writers"], batch_size=1000, verbose=0)[0],
        "copies_redrawn": points_of(rows["copies"]),
        "standard_points": random.normal(size=drawn.shape),
        "one_normal_distribution_a_kind": drawn,
    }
    return {
        name: decoder.predict(points.astype("float32"), batch_size=1000, verbose=0)
        for name, points in found.items()
    }


class Measures:
    """The four measures, each with what it is compared with."""

    def __init__(self, judge, reference, held_out, train):
        self.judge = judge
        self.features = judge.features(reference.images)
        self.spread = spread(held_out.images, held_out.labels)
        self.train = train.images
        random = np.random.default_rng(SEED)
        self.chosen = random.permutation(len(held_out.images))[:NEAREST]
        self.near = self.distance(held_out.images)

    def distance(self, images):
        """Return the median distance of some digits from the nearest training digit."""
        return float(np.median(nearest(images[self.chosen], self.train)))

    def of(self, images, labels, copies=True):
        """Return the measures of images (n, 784) that were asked for as these labels, (n,).

        copies: whether to look for the nearest training digits, which takes longest; then n must be
        the number of the held-out digits.
        """
        found = {
            "accuracy": self.judge.accuracy(images, labels),
            "frechet": frechet(self.judge.features(images), self.features),
            "spread": spread(images, labels) / self.spread,
        }
        if copies:
            found["nearest"] = self.distance(images) / self.near
        return found


def show(name, measures):
    print(f"{name.replace('_', ' '):32}{measures['accuracy']:9.1%}", end="")
    print("".join(f"{measures[key]:10.2f}" for key in ("frechet", "spread", "nearest")), flush=True)


def main(argv=None):
    """Return the measures of each row, and the Fréchet distance of few real digits."""
    parser = make_parser("Measure drawn digits.", OUTPUTS)
    add = parser.add_argument
    add("runs", nargs="+", metavar="FLOW_RUN", help="folders of runs of flow.py")
    add("--vae", metavar="VAE_RUN", help="what this run of vae.py draws without a flow, too")
    add("--steps", type=positive(int, 1000), default=EULER, help="from noise to a digit")
    add("--guidance", type=number(float, 0, 100), default=GUIDANCE)
    add("--test", action="store_true", help="take the real digits from the test part")
    add("--digits", type=number(int, 100), help="at most so many in a row; default: all")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    flows = [load_flow(run) for run in args.runs]
    random = np.random.default_rng(args.seed)
    digits, judge = load_digits(), Judge()
    reference, held_out = halves(load_test() if args.test else digits["validation"])
    held_out = type(held_out)(*(array[: args.digits] for array in held_out))
    measures = Measures(judge, reference, held_out, digits["train"])
    labels = held_out.labels  # of every row, so that no row has an easier mixture
    print(f"{'':32}{'as asked':>9}{'Fréchet':>10}{'variety':>10}{'nearest':>10}")
    rows = {"other_writers": held_out.images}
    rows |= make_traps(digits["train"], labels, random)
    if args.vae:
        _, encoder, decoder = load_vae(args.vae)
        chance = np.random.default_rng(args.seed)  # the random digits below stay the same
        rows |= make_rivals(encoder, decoder, digits["train"], rows, labels, chance)
    for which, (flow, decoder) in enumerate(flows, 1):
        rows[f"run_{which}"] = draw(
            flow, decoder, labels, np.random.default_rng(args.seed), args.steps, args.guidance
        )
    results = {"rows": {}, "images": len(labels)}
    for name, images in rows.items():
        results["rows"][name] = measures.of(images, labels)
        show(name, results["rows"][name])
    features = judge.features(held_out.images)
    results["few"] = {
        str(count): frechet(features[random.permutation(len(features))[:count]], measures.features)
        for count in COUNTS
        if count <= len(features)
    }
    print("Fréchet distance of few real digits:", results["few"])
    examples = np.concatenate([images[:10] for images in rows.values()])
    titles = [name.replace("_", " ") for name in rows]
    draw_sheet(examples, 10, folder / "evaluate.png", titles)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
