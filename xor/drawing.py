"""What the scripts of this chapter need beside the story: options, progress, figures."""

import argparse
import sys
from datetime import datetime
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

FOLDER = Path(__file__).resolve().parent
ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid"]
OPTIMIZERS = ["adam", "rmsprop", "sgd"]


def parse_options(argv, hidden, activation, optimizer, learning_rate, epochs, seed):
    """Return the command-line options; the other arguments are their defaults."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--hidden", type=int, nargs="*", default=hidden, help="neurons of each hidden layer")
    add("--activation", choices=ACTIVATIONS, default=activation, help="of the hidden layers")
    add("--optimizer", choices=OPTIMIZERS, default=optimizer, help="how the weights are moved")
    add("--learning-rate", type=float, default=learning_rate, help="how far they are moved")
    add("--epochs", type=int, default=epochs, help="passes over the four rows")
    add("--seed", type=int, default=seed, help="fixes the initial weights")
    add("--outputs", type=Path, default=new_folder(), help="folder for what the run writes")
    options = parser.parse_args(argv)
    refuse_bad_numbers(
        parser, [*options.hidden, options.learning_rate, options.epochs], options.seed
    )
    return options


def new_folder():
    """Return the folder of a run that starts now."""
    return FOLDER / "outputs" / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"


def refuse_bad_numbers(parser, positive, seed):
    """End with status 2 unless the numbers are above 0 and the seed is one that numpy takes."""
    if not all(0 < number < float("inf") for number in positive):
        parser.error("layers, epochs and learning rate are numbers above 0")
    if not 0 <= seed < 2**32:
        parser.error("the seed is a whole number from 0 to 4294967295")


def show_progress(passes):
    """Return a callback that prints loss and accuracy after every 25 passes over the data.

    What fit calls one epoch is `passes` passes.
    """

    def show(index, logs):
        epoch = (index + 1) * passes
        if epoch % 25 == 0:
            print(f"epoch {epoch:4}   loss {logs['loss']:.4f}   accuracy {logs['accuracy']:.0%}")

    return keras.callbacks.LambdaCallback(on_epoch_end=show)


def save_figure(model, history, epochs, folder):
    """Draw the loss beside the network's answers over the unit square, as xor.png in folder.

    model: takes (rows, 2); history: of its training, evenly spread over that many epochs.
    """
    plt.style.use(FOLDER.parent / "assets" / "book.mplstyle")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2))
    loss = history.history["loss"]
    left.plot(epochs * np.arange(1, len(loss) + 1) / len(loss), loss)
    left.set(title="Loss", xlabel="epoch", ylabel="binary cross-entropy", ylim=(0, None))

    side = np.linspace(0, 1, 101, dtype="float32")
    a, b = np.meshgrid(side, side)
    points = np.column_stack([a.ravel(), b.ravel()])
    answers = model.predict(points, batch_size=len(points), verbose=0).reshape(a.shape)
    surface = right.contourf(a, b, answers, levels=np.linspace(0, 1, 21), cmap="RdBu_r")
    if answers.min() < 0.5 < answers.max():
        right.contour(a, b, answers, levels=[0.5], colors="black", linewidths=1.2)
    badge = {"boxstyle": "circle", "facecolor": "white", "edgecolor": "black"}
    for corner, target in [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]:
        right.text(*corner, target, ha="center", va="center", weight="bold", bbox=badge)
    right.set(title="Answer of the network", xlabel="first input", ylabel="second input")
    right.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal")
    right.set(xlim=(-0.07, 1.07), ylim=(-0.07, 1.07))
    right.grid(False)
    figure.colorbar(surface, ax=right, ticks=[0, 0.25, 0.5, 0.75, 1])
    write(figure, folder / "xor.png")


def save_network(weights, values, folder):
    """Draw neurons with their values and the weights between, as forward_propagation.png in folder.

    weights: an array (inputs, neurons) per layer; values: the inputs, then each layer's outputs.
    """
    plt.style.use(FOLDER.parent / "assets" / "book.mplstyle")
    tallest = max(len(column) for column in values)
    figure, axes = plt.subplots(figsize=(9.5, min(max(3, 0.6 * tallest), 30)))
    # The neurons of a column stand one apart, centred on 0, the first one on top.
    heights = [(len(column) - 1) / 2 - np.arange(len(column)) for column in values]
    strongest = max(np.abs(matrix).max() for matrix in weights)
    for layer, matrix in enumerate(weights):
        for (source, target), weight in np.ndenumerate(matrix):
            axes.plot(
                [layer, layer + 1],
                [heights[layer][source], heights[layer + 1][target]],
                color="#c0392b" if weight > 0 else "#1f5fa8",
                linewidth=3.5 * abs(weight) / strongest,
            )
    badge = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": "black"}
    for layer, column in enumerate(values):
        for height, value in zip(heights[layer], column, strict=True):
            # A neuron without effect on the next layer is drawn grey.
            badge["facecolor"] = "#dcdcd8" if value == 0 else "white"
            axes.text(layer, height, f"{value:.2f}", ha="center", va="center", bbox=badge)
    names = ["inputs", *[f"hidden layer {i}" for i in range(1, len(weights))], "output"]
    axes.set_xticks(range(len(names)), names)
    axes.set(yticks=[], xlim=(-0.2, len(weights) + 0.2), ylim=(-tallest / 2, tallest / 2))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    write(figure, folder / "forward_propagation.png")


def write(figure, path):
    """Save a figure that bears the name of the script that makes it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        sys.exit(f"{path.stem}.py: cannot write {path}: {error.strerror}. Try another --outputs.")
    finally:
        plt.close(figure)
    print(f"Figure: {path}")
