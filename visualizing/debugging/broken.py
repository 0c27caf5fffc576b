"""A gallery of broken runs: each is broken in one way, and you see what its curves look like.

    python visualizing/debugging/broken.py                  # all of them, and a healthy one
    python visualizing/debugging/broken.py labels_shuffled  # only this one

You will see each run go by, what the doctor of doctor.py says about it, a table, and a figure
with all curves. Every run leaves a folder like one of mnist.py. Three to five minutes.
Chapter: visualizing/debugging/README.md#broken-training-runs
"""

from chapter import OUTPUTS

from dataclasses import dataclass, field

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mnist.data import Digits, prepare_mnist
from utils.figures import plot_history, save_figure
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import make_folder, provenance, save_results, write_json
from utils.statistics import score
from utils.training import SaveCheckpoint, TimeCallback
from visualizing.debugging.doctor import examine_run, report
from visualizing.networks import MODELS

IMAGES = 1000  # to train with: few, so that it takes seconds
EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE = 0.001
SEED = 1


@dataclass
class Training:
    """What a training run needs. A fault changes it."""

    digits: Digits
    random: np.random.Generator
    model: keras.Model = field(default_factory=lambda: MODELS["conv_net"]())
    learning_rate: float = LEARNING_RATE
    batch_size: int = BATCH_SIZE
    shuffle: bool = True

    def replace(self, **arrays):
        self.digits = self.digits._replace(**arrays)


def healthy(training):
    """Nothing is wrong."""


def rate_too_high(training):
    training.learning_rate = 0.05


def rate_too_low(training):
    training.learning_rate = 0.00003


def labels_shuffled(training):
    """The labels are those of other images, as after sorting one of two lists."""
    training.replace(y_train=training.random.permutation(training.digits.y_train))


def not_scaled(training):
    """Grey levels of 0 to 255 instead of 0 to 1."""
    training.replace(x_train=training.digits.x_train * 255, x_val=training.digits.x_val * 255)


def dead_relus(training):
    """The hidden neurons begin so far below zero that relu gives 0 for every image."""
    hidden = training.model.layers[-2]
    hidden.bias.assign(np.full(hidden.units, -10.0))


def softmax_forgotten(training):
    """The last layer gives any numbers, and the loss takes them for probabilities."""
    training.model.layers[-1].activation = keras.activations.linear


def leak(training):
    """Every image is there twice, and then they are split at random: duplicates in both parts."""
    x, y = training.digits.x_train, training.digits.y_train
    order = training.random.permutation(np.tile(np.arange(len(x)), 2))
    train, val = order[: len(x) * 3 // 2], order[len(x) * 3 // 2 :]
    training.replace(x_train=x[train], y_train=y[train], x_val=x[val], y_val=y[val])


def batches_of_two(training):
    """Batch normalization, whose means and deviations are those of two images."""
    training.model = MODELS["conv_net_batch_norm"]()
    training.batch_size = 2


def not_shuffled(training):
    """First all the zeros, then all the ones, and in each epoch in this order."""
    order = training.digits.y_train.argmax(axis=1).argsort(kind="stable")
    training.replace(x_train=training.digits.x_train[order], y_train=training.digits.y_train[order])
    training.shuffle = False


FAULTS = {
    fault.__name__: fault
    for fault in (
        healthy, rate_too_high, rate_too_low, labels_shuffled, not_scaled, dead_relus,
        softmax_forgotten, leak, batches_of_two, not_shuffled,
    )
}  # fmt: skip


def train(fault, digits, epochs, seed, folder):
    """Train with a fault and leave a run's folder; return the history and the scores."""
    keras.utils.set_random_seed(seed)
    training = Training(digits, np.random.default_rng(seed))
    fault(training)
    model, history = training.model, {}
    model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    folder.mkdir()
    model.fit(
        training.digits.x_train,
        training.digits.y_train,
        batch_size=training.batch_size,
        shuffle=training.shuffle,
        epochs=epochs,
        validation_data=(training.digits.x_val, training.digits.y_val),
        callbacks=[TimeCallback(), SaveCheckpoint(folder, model.name, history)],
        verbose=verbosity(),
    )
    model.save(folder / f"{model.name}.keras")
    scores = {"parameters": model.count_params(), "epochs": epochs}
    scores["seconds_per_epoch"] = float(np.median(history["seconds"]))
    for part, (x, y) in training.digits.parts().items():
        scores[part] = score(y, model.predict(x, verbose=0))
    settings = {"learning_rate": training.learning_rate, "batch_size": training.batch_size}
    run = {"provenance": provenance(__file__, None), "settings": settings}
    write_json(run | {"models": {model.name: scores}}, folder / "results.json")
    return pd.DataFrame(history), scores


def draw(histories, path):
    """Draw the loss over the accuracy of each run, {name: history}, epoch by epoch."""
    columns = min(5, len(histories))
    rows = int(np.ceil(len(histories) / columns))
    figure, panels = plt.subplots(
        2 * rows, columns, figsize=(2.3 * columns + 0.6, 3.5 * rows), sharex=True, squeeze=False
    )
    for axes in panels[-2:, (len(histories) - 1) % columns + 1 :].flat:
        axes.axis("off")  # there is no run left for it
    for number, (name, history) in enumerate(histories.items()):
        row, column = divmod(number, columns)
        pair = panels[2 * row : 2 * row + 2, column]
        for key, axes in zip(("loss", "accuracy"), pair, strict=True):
            plot_history(axes, history, key)
            worst = history[["loss", "val_loss"]].replace(np.inf, np.nan).max(axis=None)
            axes.set_ylim(0, max(3, 1.1 * worst) if key == "loss" else 1.02)
            axes.set(xlabel="" if key == "loss" else "epoch", ylabel="" if column else key)
        panels[2 * row, column].set_title(name.replace("_", " "), fontsize=10)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    save_figure(figure, path)


def main(argv=None):
    """Train with each fault; return {fault: first and last values of its curves, scores}."""
    parser = make_parser("Training runs that are broken in one way each.", OUTPUTS)
    parser.add_argument("faults", nargs="*", help=f"of {', '.join(FAULTS)}; none: all")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--images", type=positive(int, most=20_000), default=IMAGES)
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    if unknown := set(args.faults) - set(FAULTS):
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    folder = make_folder(args.outputs)

    digits = prepare_mnist((28, 28, 1), args.images)
    results, histories = {}, {}
    for name in args.faults or FAULTS:
        print(f"== {name}", flush=True)
        history, scores = train(FAULTS[name], digits, args.epochs, args.seed, folder / name)
        report(findings := examine_run(folder / name))
        (found,) = findings.values()
        histories[name] = history
        results[name] = scores | {"history": history.to_dict(orient="list"), "findings": found}
    draw(histories, folder / "broken.png")
    print(f"\n{'':20}training loss, first and last epoch   accuracy: training, validation")
    for name, history in histories.items():
        first, last = history.iloc[0], history.iloc[-1]
        print(f"{name:20}{first['loss']:12.3f}{last['loss']:12.3f}", end="")
        print(f"{last['accuracy']:26.1%}{last['val_accuracy']:10.1%}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
