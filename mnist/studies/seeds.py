"""The same training with other seeds: which technique helps, and where?

    python mnist/studies/seeds.py                   # all techniques: about two hours
    python mnist/studies/seeds.py conv_net le_net   # only these, compared with the first
    python mnist/studies/seeds.py conv_net "conv_net --optimizer sgd"  # options of lab.py
    python mnist/studies/seeds.py --outputs FOLDER  # the same folder again: continue there

Trains each network with ten seeds, in two situations: with many images and with few. You will see
how far each is from the first network, pair by pair: the same seed gives both the same initial
weights and the same order of the images. The figure has a point for each pair. Two networks with
both situations take about twenty minutes.
Chapter: mnist/studies/README.md#seeds
"""

from chapter import OUTPUTS

import re
import shlex
from dataclasses import asdict, replace

import matplotlib.pyplot as plt

from mnist.data import TRAIN_SIZE
from mnist.overfitting.settings import DEFAULTS, make_lab_parser, read_settings
from mnist.studies.trainings import score_once
from utils.comparisons import compare_seeds, correct_family
from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results
from utils.statistics import spread, with_deviation

SEEDS = list(range(1, 11))
TRAIN_SAMPLES = [20_000, 2_000]  # training images in each situation
EPOCHS = [8, 30]
# Models of models.py, or your own, each with the options of lab.py to train it with.
NETWORKS = [
    "conv_net",
    "conv_net_l1",
    "conv_net_l2",
    "conv_net_batch_norm",
    "conv_net_dropout",
    "conv_net --augment layers",
    "conv_net --lr-schedule cosine",
    "conv_net --label-smoothing 0.1",
    "conv_net --average-weights",
    "conv_net --clip-norm 1",
    "conv_net --optimizer adamw",
]
# What all of them share; it cannot be among those options.
SHARED = ("epochs", "train_samples", "seed", "outputs", "resume")
SCORES = ("accuracy", "cross_entropy")
WIDEST = 5  # points more or less that the figure shows; one network should not flatten the others


def parse_network(text):
    """Return the settings that a model with options of lab.py asks for, as a dict.

    Without those that all networks share.
    """
    parser = make_lab_parser()
    parser.set_defaults(**dict.fromkeys(SHARED))
    args = parser.parse_args(["-m", *shlex.split(text)])
    if args.model == "all":
        parser.error("name each of the networks to compare")
    if any(getattr(args, name) is not None for name in SHARED) or args.test:
        parser.error(f"{text}: --epochs, --train-samples, --seeds, --outputs go outside the quotes")
    if args.early_stopping or args.start_from or args.lr_schedule == "plateau":
        parser.error(
            f"{text}: leave out early stopping, plateau and --start-from, because they let images"
            " that judge take part in the training"
        )
    settings = asdict(read_settings(args))
    return {name: value for name, value in settings.items() if name not in SHARED}


def summarize(runs, first=None):
    """Return what a network reached on the validation images, and how it compares with the first.

    runs, first: the scores with each seed.
    """

    def values(runs, name):
        return [run[name] for run in runs]

    summary = {"accuracy": spread(values(runs, "accuracy"))}
    summary["cross_entropy"] = values(runs, "cross_entropy")
    if first:
        summary["compared"] = {s: compare_seeds(values(runs, s), values(first, s)) for s in SCORES}
    return summary


def correct(situations):
    """Add the corrected p to each comparison; those of one score are one family."""
    for name in SCORES:
        family = [
            summary["compared"][name]
            for networks in situations.values()
            for summary in networks.values()
            if "compared" in summary
        ]
        correct_family(family)


def draw(situations, path):
    """Draw how far each technique lies from the first network: each seed, and the interval."""
    figure, panels = plt.subplots(
        1, len(situations), figsize=(10, 5), sharex=True, sharey=True, squeeze=False
    )
    for axes, (situation, networks) in zip(panels[0], situations.items(), strict=True):
        compared = [summary for summary in networks.values() if "compared" in summary]
        for place, summary in enumerate(compared):
            found = summary["compared"]["accuracy"]
            points = [100 * difference for difference in found["differences"]]
            if abs(100 * found["mean"]) > WIDEST:
                text = f"{100 * found['mean']:+.0f} ({min(points):+.0f} to {max(points):+.0f}),\n"
                text = f"{text}off this scale".replace("-", "\N{MINUS SIGN}")
                at_left = axes.get_yaxis_transform()
                axes.text(0.02, place, text, color="C1", va="center", transform=at_left, size=9)
                continue
            axes.plot(points, [place] * len(points), "o", color="C0", markersize=5, alpha=0.5)
            if found["low"] is not None:
                ends = 100 * found["low"], 100 * found["high"]
                axes.hlines(place - 0.28, *ends, color="C1", linewidth=2)
            axes.plot(100 * found["mean"], place - 0.28, "|", color="C1", markersize=9)
        axes.axvline(0, color="C7", linewidth=1)
        axes.set_yticks(range(len(compared)), [one["network"] for one in compared])
        first, *_ = networks.values()
        axes.set(title=f"{int(situation.split('_')[0]):,} images")
        axes.set_xlabel(f"Points more than {first['network']}")
        axes.grid(axis="y", visible=False)
    panels[0][0].invert_yaxis()
    save_figure(figure, path)


def describe(summary, width):
    """Return a line for a network: mean accuracy, and how far that is from the first one's.

    width: of the column of names.
    """
    line = f"{summary['network']:{width}}{with_deviation(summary['accuracy']):16}"
    if "compared" not in summary:
        return line
    compared = summary["compared"]["accuracy"]
    line += f"{100 * compared['mean']:+.2f}"
    if compared["p"] is None:
        return line
    ahead = sum(difference > 0 for difference in compared["differences"])
    ends = f"({100 * compared['low']:+.2f} to {100 * compared['high']:+.2f})"
    return f"{line} {ends:20}{ahead:3} of {len(compared['differences'])}   {compared['holm']:.3f}"


def main(argv=None):
    """Train each network with each seed; return {situation: {name: summary}}."""
    parser = make_parser("Which technique helps, and where?", OUTPUTS)
    add, samples = parser.add_argument, positive(int, most=TRAIN_SIZE)
    about = "a model of models.py; in quotes, with options of lab.py"
    add("networks", nargs="*", default=NETWORKS, metavar="MODEL", help=about)
    add("--seeds", nargs="+", type=seed, default=SEEDS, help="a run with each")
    about = "images to learn from, in each situation"
    add("--train-samples", nargs="+", type=samples, default=TRAIN_SAMPLES, help=about)
    add("--epochs", nargs="+", type=positive(int), default=EPOCHS, help="in each situation")
    args = parser.parse_args(argv)
    if len(args.epochs) != len(args.train_samples):
        parser.error("each situation needs a number for --train-samples and one for --epochs")
    networks = {text: parse_network(text) for text in args.networks}
    sizes = list(zip(args.train_samples, args.epochs, strict=True))
    folder = make_folder(args.outputs)
    print(f"The scores go to {folder}")
    runs = {}
    for number in dict.fromkeys(args.seeds):
        for images, epochs in sizes:
            shared = {"train_samples": images, "epochs": epochs, "seed": number}
            for text, changes in networks.items():
                name = re.sub(r"\W+", "_", text)
                path = folder / f"{images}_images_{epochs}_epochs" / name / f"{number}.json"
                scores = score_once(replace(DEFAULTS, **changes | shared), path)
                runs.setdefault((images, text), []).append(scores)
    situations = {}
    for images, _ in sizes:
        situation = situations[f"{images}_images"] = {}
        for text in networks:
            first = runs[images, args.networks[0]] if text != args.networks[0] else None
            summary = {"network": text} | summarize(runs[images, text], first)
            situation[re.sub(r"\W+", "_", text)] = summary
    correct(situations)

    width = max(map(len, args.networks)) + 2
    for situation, networks in situations.items():
        print(f"\n{situation.replace('_', ' ')}: accuracy on the validation images in % with the")
        print("deviation of the seeds; points more than the first (95 % over seeds), with how many")
        print("seeds ahead, and p, corrected for all comparisons here")
        for summary in networks.values():
            print(describe(summary, width))
    draw(situations, folder / "mnist_seeds.png")
    return save_results(situations, folder, __file__, argv)


if __name__ == "__main__":
    main()
