"""The same run with other seeds: how much of a difference is luck?

    python mnist/studies/seeds.py                   # 35 runs, half an hour
    python mnist/studies/seeds.py conv_net le_net   # only these, compared with the first
    python mnist/studies/seeds.py conv_net "conv_net --optimizer sgd"  # options of mnist.py
    python mnist/studies/seeds.py --outputs FOLDER  # the same folder again: continue there

You will see each network trained with five seeds on 20,000 of the training images, then how well
it reads the other 40,000, and how far it is from the first network. The figure has a point for
each run.
Chapter: mnist/studies/README.md#seeds
"""

from chapter import OUTPUTS

import re
import shlex
from dataclasses import asdict

import matplotlib.pyplot as plt
import numpy as np

from mnist import DEFAULTS
from options import make_mnist_parser, read_settings
from trainings import score_held_out, study_parser, train_seeds
from utils.figures import save_figure
from utils.runs import make_folder, save_results
from utils.statistics import compare, spread, with_deviation

SEEDS = [1, 2, 3, 4, 5]
EPOCHS = 12
TRAIN_SAMPLES = 20_000  # the other training images judge
# Models of models.py, or your own, each with the options of mnist.py to train it with.
NETWORKS = [
    "conv_net",
    "conv_net_l1",
    "conv_net_l2",
    "conv_net_batch_norm",
    "conv_net_dropout",
    "conv_net --augment layers",
    "conv_net --lr-schedule cosine",
]
# What all of them share; it cannot be among those options.
SHARED = ("epochs", "train_samples", "seed", "outputs", "resume")


def parse_network(text):
    """Return the settings that a model with options of mnist.py asks for, as a dict.

    Those that all networks share are None.
    """
    parser = make_mnist_parser(DEFAULTS)
    parser.set_defaults(**dict.fromkeys(SHARED))
    args = parser.parse_args(["-m", *shlex.split(text)])
    if args.model == "all":
        parser.error("name each of the networks to compare")
    if any(getattr(args, name) is not None for name in SHARED):
        parser.error(f"{text}: --epochs, --train-samples, --seeds, --outputs go outside the quotes")
    if args.early_stopping or args.start_from or args.lr_schedule == "plateau":
        parser.error(
            f"{text}: leave out early stopping, plateau and --start-from, because they let images"
            " that judge take part in the training"
        )
    return asdict(read_settings(args))


def judge(right, surprise, first=None):
    """Return the accuracies and cross-entropies of a network's runs on the images held out.

    right, surprise: arrays (seeds, images), as score_images has them. first: those of the network
    to compare with, if there is one.
    """
    accuracies = [float(accuracy) for accuracy in right.mean(axis=1)]
    summary = {
        "images": right.shape[1],
        "accuracy": spread(accuracies, right.shape[1]),
        "cross_entropy": [float(mean) for mean in surprise.mean(axis=1)],
    }
    if first:
        summary["compared"] = {
            "accuracy": compare(right, first[0]),
            "cross_entropy": compare(surprise, first[1]),
        }
    return summary


def draw(summaries, path):
    """Draw each run as a point, and how far the means lie from the first, with intervals."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True)
    places = range(len(summaries), 0, -1)
    for place, summary in zip(places, summaries.values(), strict=True):
        accuracies = [100 * accuracy for accuracy in summary["accuracy"]["accuracies"]]
        left.plot(accuracies, [place] * len(accuracies), "o", color="C0", markersize=5, alpha=0.6)
        left.plot(100 * summary["accuracy"]["mean"], place, "|", color="C1", markersize=16)
        if "compared" in summary:
            compared = summary["compared"]["accuracy"]
            right.plot([100 * end for end in compared["interval"]], [place, place], color="C1")
            right.plot(100 * compared["difference"], place, "o", color="C1")
    networks = [summary["network"].replace(" --", "\n--") for summary in summaries.values()]
    right.axvline(0, color="C7", linewidth=1)
    left.set_yticks(places, networks)
    left.set(title="Each training, and the mean", xlabel="Accuracy on images held out (%)")
    right.set(title=f"Difference from {networks[0]}", xlabel="Percentage points (95 % over images)")
    for axes in (left, right):
        axes.grid(axis="y", visible=False)
    save_figure(figure, path)


def describe(summary, width):
    """Return a line for a network: mean accuracy, and how far that is from the first one's.

    width: of the column of names.
    """
    line = f"{summary['network']:{width}}{with_deviation(summary['accuracy']):18}"
    if "compared" not in summary:
        return line
    compared = summary["compared"]["accuracy"]
    low, high = (100 * end for end in compared["interval"])
    chance = "" if compared["p"] is None else f"{compared['p']:.3f}"
    return f"{line}{100 * compared['difference']:+.2f} ({low:+.2f} to {high:+.2f})   {chance}"


def main(argv=None):
    """Train each network with each seed; return {name: summary}."""
    about = "How much the seed matters."
    parser = study_parser(about, OUTPUTS, EPOCHS, SEEDS, TRAIN_SAMPLES)
    about = "a model of models.py; in quotes, with options of mnist.py"
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="MODEL", help=about)
    args = parser.parse_args(argv)
    trained = {"epochs": args.epochs, "train_samples": args.train_samples}
    settings = {text: parse_network(text) | trained for text in args.networks}
    folder = make_folder(args.outputs)

    print(f"The runs go to {folder}")
    summaries, first = {}, None
    for text, changes in settings.items():
        print(f"== {text}", flush=True)
        name = re.sub(r"\W+", "_", text)
        del changes["seed"]
        results = train_seeds(folder / name, args.seeds, **changes)
        scores = [
            score_held_out(folder / name / str(seed), changes["model"], args.train_samples)
            for seed in results
        ]
        right, surprise = map(np.array, zip(*scores, strict=True))
        summaries[name] = {"network": text} | judge(right, surprise, first)
        first = first or (right, surprise)

    images = right.shape[1]
    print(f"\nOn {images:,} images held out: mean accuracy in % with the deviation of the seeds,")
    print("points more than the first (95 % over images), and p over seeds")
    width = max(map(len, args.networks)) + 2
    for summary in summaries.values():
        print(describe(summary, width))
    draw(summaries, folder / "mnist_seeds.png")
    return save_results(summaries, folder, __file__, argv)


if __name__ == "__main__":
    main()
