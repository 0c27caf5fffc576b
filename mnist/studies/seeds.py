"""The same training with other seeds: how much of a difference is luck?

    python mnist/studies/seeds.py                            # 21 trainings, about 45 minutes
    python mnist/studies/seeds.py --techniques plain dropout # only these
    python mnist/studies/seeds.py --outputs FOLDER           # the same folder again: go on there

You will see the convolutional network and each technique on it trained with three seeds, then
the mean accuracies with their standard deviation and sampling error. The figure has a point
for each training.
Chapter: mnist/studies/README.md#seeds
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt

from trainings import study_parser, summarize, train_seeds
from utils.figures import save_figure
from utils.runs import make_folder, save_results
from utils.statistics import with_deviation

SEEDS = [1, 2, 3]
EPOCHS = 12
# The name of each technique: the settings of mnist.py that it changes.
TECHNIQUES = {
    "plain": {"model": "conv_net"},
    "l1": {"model": "conv_net_l1"},
    "l2": {"model": "conv_net_l2"},
    "batch_norm": {"model": "conv_net_batch_norm"},
    "dropout": {"model": "conv_net_dropout"},
    "augmentation": {"model": "conv_net", "augment": "layers"},
    "cosine": {"model": "conv_net", "lr_schedule": "cosine"},
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
    save_figure(figure, path)


def main(argv=None):
    """Train each technique with each seed; return {technique: summary}."""
    parser = study_parser("How much the seed matters.", OUTPUTS, EPOCHS, SEEDS)
    parser.add_argument("--techniques", nargs="+", choices=TECHNIQUES, default=list(TECHNIQUES))
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    print(f"The trainings go to {folder}")
    trained = {"epochs": args.epochs, "train_samples": args.train_samples}
    summaries = {}
    for name in args.techniques:
        print(f"== {name}", flush=True)
        results = train_seeds(folder / name, args.seeds, **TECHNIQUES[name], **trained)
        summaries[name] = summarize(results)

    print(f"\n{'accuracy in %':16}validation            test")
    print(f"{'':16}mean  (deviation)     mean  (deviation)     sampling error")
    for name, summary in summaries.items():
        cells = "".join(f"{with_deviation(summary[p]):22}" for p in ("validation", "test"))
        print(f"{name:16}{cells}{100 * summary['test']['sampling_error']:.2f}")
    draw(summaries, folder / "mnist_seeds.png")
    return save_results(summaries, folder, __file__, argv)


if __name__ == "__main__":
    main()
