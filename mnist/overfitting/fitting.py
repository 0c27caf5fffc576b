"""Underfitting and overfitting: four runs of MLPs and their curves side by side.

    python mnist/overfitting/fitting.py

You will see four runs and a table: the accuracy and the cross-entropy of each on its training
images and on the validation images. The curves are saved as a figure. Takes about three minutes.
Chapter: mnist/overfitting/README.md#overfitting-and-underfitting
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt

from mnist.studies.trainings import study_parser, train
from utils.figures import name_lines, plot_history, save_figure
from utils.runs import make_folder, save_results
from utils.training import load_history

EPOCHS = 30
# The title of each run: the settings of lab.py that it changes.
RUNS = {
    "Network too small": {"model": "mlp_tiny"},
    "Learning rate too low": {"model": "mlp_one_layer", "learning_rate": 0.000005},
    "Enough of everything": {"model": "mlp_two_layers_dropout"},
    "Too few images": {"model": "mlp_one_layer", "train_samples": 1000},
}


def draw(histories, path):
    """Draw the loss of each run, {title: history}, in a panel of its own, all on one scale."""
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, sharey=True)
    for axes, (title, history) in zip(panels.flat, histories.items(), strict=True):
        plot_history(axes, history, "loss")
        end = history["val_loss"].iloc[-1]
        axes.set(title=f"{title}\nvalidation loss in the end {end:.2f}", yscale="log")
    for axes in panels.flat:  # now that all of them have their limits
        name_lines(axes)
    for axes in panels[1]:
        axes.set_xlabel("Epoch")
    for axes in panels[:, 0]:
        axes.set_ylabel("Loss (log scale)")
    save_figure(figure, path)


def main(argv=None):
    """Make the four runs; return {title: results} as lab.py measures them."""
    args = study_parser("Underfitting and overfitting, side by side.", OUTPUTS, EPOCHS).parse_args(
        argv
    )
    folder = make_folder(args.outputs)

    trained = {"epochs": args.epochs, "train_samples": args.train_samples}
    results, histories = {}, {}
    for number, (title, changes) in enumerate(RUNS.items(), start=1):
        print(f"== {title}", flush=True)
        place = folder / str(number)
        results[title] = train(place, **trained | changes)
        histories[title] = load_history(place, changes["model"])

    draw(histories, folder / "mnist_fitting.png")
    print(f"{'':24}training            validation")
    for title, result in results.items():
        scores = [result[part] for part in ("train", "validation")]
        print(
            f"{title:24}"
            + "".join("{accuracy:.2%}  {cross_entropy:.3f}     ".format(**s) for s in scores)
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
