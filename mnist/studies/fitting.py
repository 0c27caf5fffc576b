"""Underfitting and overfitting: four trainings of a perceptron and their curves side by side.

    python mnist/fitting.py

You will see four trainings go by, about three minutes, and a table: the accuracy and the
cross-entropy of each on its training and on the validation images; the curves are saved as a
figure. (Section: Overfitting and underfitting)
"""

import matplotlib.pyplot as plt
import pandas as pd

from series import series_options, series_parser, train

EPOCHS = 30
# The title of each training: its options for mnist.py.
TRAININGS = {
    "Network too small": ["-m", "mlp_tiny"],
    "Learning rate too low": ["-m", "mlp_one_layer", "--learning-rate", "0.000005"],
    "Enough of everything": ["-m", "mlp_two_layers_dropout"],
    "Too few images": ["-m", "mlp_one_layer", "--train-samples", "1000"],
}


def draw(histories, path):
    """Draw the loss of each training, {title: history}, in a panel of its own."""
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True)
    for axes, (title, history) in zip(panels.flat, histories.items(), strict=True):
        axes.plot(history["epoch"], history["loss"], label="training")
        axes.plot(history["epoch"], history["val_loss"], label="validation")
        axes.set(title=title, ylabel="Loss", ylim=(0, None))
        axes.legend()
    for axes in panels[1]:
        axes.set_xlabel("Epoch")
    figure.savefig(path)
    plt.close(figure)


def main(argv=None):
    """Run the four trainings; return {title: results} as mnist.py measures them."""
    parser = series_parser("Underfitting and overfitting, side by side.", EPOCHS)
    args = parser.parse_args(argv)

    results, histories = {}, {}
    for number, (title, options) in enumerate(TRAININGS.items(), start=1):
        print(f"== {title}", flush=True)
        folder = args.outputs / str(number)
        results[title] = train([*series_options(args), *options], folder)
        name = options[1]
        histories[title] = pd.read_csv(folder / f"{name}_history.csv")

    draw(histories, args.outputs / "mnist_fitting.png")
    print(f"{'':24}training            validation")
    for title, result in results.items():
        scores = [result[part] for part in ("train", "validation")]
        print(
            f"{title:24}"
            + "".join("{accuracy:.2%}  {cross_entropy:.3f}     ".format(**s) for s in scores)
        )
    print(f"The figure is {args.outputs / 'mnist_fitting.png'}")
    return results


if __name__ == "__main__":
    main()
