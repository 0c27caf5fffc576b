"""The same training with other seeds: how much of a difference is luck?

    python mnist/studies/seeds.py                   # 35 trainings, an hour and a quarter
    python mnist/studies/seeds.py conv_net le_net   # only these, compared with the first
    python mnist/studies/seeds.py conv_net "conv_net --optimizer sgd"  # options of mnist.py
    python mnist/studies/seeds.py --outputs FOLDER  # the same folder again: go on there

You will see each network trained with five seeds, then the mean accuracies on the validation
images, and how far each lies from that of the first. The figure has a point for each training.
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
from trainings import right_answers, study_parser, summarize, train_seeds
from utils.figures import save_figure
from utils.runs import make_folder, save_results
from utils.statistics import compare, with_deviation

SEEDS = [1, 2, 3, 4, 5]
EPOCHS = 12
# Models of models.py, or your own, each with the options of mnist.py that it is trained with.
NETWORKS = [
    "conv_net",
    "conv_net_l1",
    "conv_net_l2",
    "conv_net_batch_norm",
    "conv_net_dropout",
    "conv_net --augment layers",
    "conv_net --lr-schedule cosine",
]


def parse_network(text):
    """Return the settings that a model with options of mnist.py asks for, as a dict."""
    args = make_mnist_parser(DEFAULTS).parse_args(["-m", *shlex.split(text)])
    return asdict(read_settings(args))


def draw(summaries, path):
    """Draw each training as a point, and how far the means lie from the first, with intervals."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True)
    places = range(len(summaries), 0, -1)
    for place, summary in zip(places, summaries.values(), strict=True):
        accuracies = [100 * accuracy for accuracy in summary["validation"]["accuracies"]]
        left.plot(accuracies, [place] * len(accuracies), "o", color="C0", markersize=5, alpha=0.6)
        left.plot(100 * summary["validation"]["mean"], place, "|", color="C1", markersize=16)
        if "compared" in summary:
            ends = [100 * end for end in summary["compared"]["interval"]]
            right.plot(ends, [place, place], color="C1")
            right.plot(100 * summary["compared"]["difference"], place, "o", color="C1")
    networks = [summary["network"].replace(" --", "\n--") for summary in summaries.values()]
    right.axvline(0, color="C7", linewidth=1)
    left.set_yticks(places, networks)
    left.set(title="Each training, and the mean", xlabel="Validation accuracy (%)")
    right.set(title=f"Difference from {networks[0]}", xlabel="Points, with 95 % over images")
    for axes in (left, right):
        axes.grid(axis="y", visible=False)
    save_figure(figure, path)


def describe(compared):
    """Return a comparison in points, as three columns; there is no p for a single seed."""
    difference, (low, high), p = (compared[key] for key in ("difference", "interval", "p"))
    chance = "" if p is None else f"{p:.3f}"
    return f"{100 * difference:+10.2f}   {100 * low:+8.2f} to {100 * high:+.2f}   {chance:>9}"


def main(argv=None):
    """Train each network with each seed; return {name: summary}."""
    parser = study_parser("How much the seed matters.", OUTPUTS, EPOCHS, SEEDS)
    about = "a model of models.py, if need be in quotes with options of mnist.py"
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="MODEL", help=about)
    args = parser.parse_args(argv)
    trained = {"epochs": args.epochs, "train_samples": args.train_samples}
    settings = {text: parse_network(text) | trained for text in args.networks}
    folder = make_folder(args.outputs)

    print(f"The trainings go to {folder}")
    summaries, right = {}, {}
    for text, changes in settings.items():
        print(f"== {text}", flush=True)
        name = re.sub(r"\W+", "_", text)
        del changes["seed"]
        results = train_seeds(folder / name, args.seeds, **changes)
        summaries[name] = {"network": text} | summarize(results)
        right[name] = np.array([right_answers(folder / name / str(seed)) for seed in results])
    first, *others = summaries
    for name in others:
        summaries[name]["compared"] = compare(right[name], right[first])

    print(f"\nvalidation accuracy in %{'':18}points more than {first}")
    print(f"{'':34}mean (deviation)   difference   95 % over images   p over seeds")
    for summary in summaries.values():
        columns = describe(summary["compared"]) if "compared" in summary else ""
        print(f"{summary['network']:34}{with_deviation(summary['validation']):19}{columns}")
    draw(summaries, folder / "mnist_seeds.png")
    return save_results(summaries, folder, __file__, argv)


if __name__ == "__main__":
    main()
