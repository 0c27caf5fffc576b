"""The same training with other seeds: how much of a difference is luck?

    python mnist/seeds.py                            # 21 trainings, about 45 minutes
    python mnist/seeds.py --techniques plain dropout # only these
    python mnist/seeds.py --outputs FOLDER           # the same folder again: go on there

You will see the convolutional network and each technique on it trained with three seeds, then
the mean accuracies with their standard deviation and sampling error. The figure has a point
for each training. (Section: Seeds)
"""

import matplotlib.pyplot as plt

from series import (
    series_options,
    series_parser,
    summarize,
    train_seeds,
    with_deviation,
)

SEEDS = [1, 2, 3]
EPOCHS = 12
# The name of each technique: its options for mnist.py.
TECHNIQUES = {
    "plain": ["-m", "conv_net"],
    "l1": ["-m", "conv_net_l1"],
    "l2": ["-m", "conv_net_l2"],
    "batch_norm": ["-m", "conv_net_batch_norm"],
    "dropout": ["-m", "conv_net_dropout"],
    "augmentation": ["-m", "conv_net", "--augment"],
    "cosine": ["-m", "conv_net", "--lr-schedule", "cosine"],
}


def draw(summaries, path):
    """Draw each training as a point, and the mean of each technique with its sampling error."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
    places = range(len(summaries), 0, -1)
    for axes, part in zip(panels, ("validation", "test"), strict=True):
        for place, summary in zip(places, summaries.values(), strict=True):
            result = summary[part]
            x = [100 * accuracy for accuracy in result["accuracies"]]
            axes.plot(x, [place] * len(x), "o", color="C0", markersize=5, alpha=0.6)
            axes.errorbar(
                100 * result["mean"],
                place - 0.25,
                xerr=100 * result["sampling_error"],
                fmt="|",
                color="C1",
                markersize=9,
            )
        axes.set_yticks(places, [name.replace("_", " ") for name in summaries])
        axes.set(title=f"{part.capitalize()} images", xlabel="Accuracy (%)")
        axes.grid(axis="y", visible=False)
    figure.savefig(path)
    plt.close(figure)


def main(argv=None):
    """Train each technique with each seed; return {technique: summary}."""
    parser = series_parser("How much the seed matters.", EPOCHS)
    parser.add_argument("--techniques", nargs="+", choices=TECHNIQUES, default=list(TECHNIQUES))
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    args = parser.parse_args(argv)

    print(f"The trainings go to {args.outputs}")
    summaries = {}
    for name in args.techniques:
        print(f"== {name}", flush=True)
        options = [*TECHNIQUES[name], *series_options(args)]
        summaries[name] = summarize(train_seeds(options, args.seeds, args.outputs / name))

    print(f"\n{'accuracy in %':16}validation            test")
    print(f"{'':16}mean  (deviation)     mean  (deviation)     sampling error")
    for name, summary in summaries.items():
        cells = "".join(f"{with_deviation(summary[p]):22}" for p in ("validation", "test"))
        print(f"{name:16}{cells}{100 * summary['test']['sampling_error']:.2f}")
    draw(summaries, args.outputs / "mnist_seeds.png")
    print(f"The figure is {args.outputs / 'mnist_seeds.png'}")
    return summaries


if __name__ == "__main__":
    main()
