"""A gallery of broken runs: each is broken in one way, and you see what its curves look like.

    python visualizing/debugging/broken.py                  # all of them, and a healthy one
    python visualizing/debugging/broken.py labels_shuffled  # only this one

You will see each run go by, what the doctor of doctor.py says about it, a table, and a figure
with all curves. Every run leaves a folder like one of mnist.py. Three to five minutes.
Chapter: visualizing/debugging/README.md#broken-training-runs
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mnist.data import SPLIT, prepare_mnist
from utils.figures import plot_history, save_figure
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import (
    make_folder,
    provenance,
    replacing,
    save_network,
    save_results,
    write_json,
)
from utils.statistics import score
from utils.training import TimeCallback
from visualizing.debugging.doctor import examine_run, report
from visualizing.debugging.faults import FAULTS, Training

IMAGES = 1000  # to train with: few, so that it takes seconds
EPOCHS = 10
SEED = 1


def save_run(training, history, folder):
    """Leave a run's folder, for the doctor; return what the network reads of its own images."""
    folder.mkdir()
    model = training.model
    with replacing(folder / f"{model.name}_history.csv") as partial:
        history.to_csv(partial, index=False)
    save_network(model, folder / f"{model.name}.keras")
    scores = {"parameters": model.count_params(), "epochs": len(history)}
    scores["seconds_per_epoch"] = float(history["seconds"].median())
    for part, (x, y) in training.digits.parts().items():
        scores[part] = score(y, model.predict(x, verbose=0))
    settings = {"learning_rate": training.learning_rate, "batch_size": training.batch_size}
    run = {"provenance": provenance(__file__, None) | {"split": SPLIT}, "settings": settings}
    write_json(run | {"models": {model.name: scores}}, folder / "results.json")
    return scores


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
    """Train with each fault; return {fault: its curves, scores, what the doctor finds}."""
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
        keras.utils.set_random_seed(args.seed)
        training = Training(digits, np.random.default_rng(args.seed))
        FAULTS[name].put_into(training)
        training.model.compile(
            optimizer=keras.optimizers.Adam(training.learning_rate),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        fitted = training.model.fit(
            training.digits.x_train,
            training.digits.y_train,
            batch_size=training.batch_size,
            shuffle=training.shuffle,
            epochs=args.epochs,
            validation_data=(training.digits.x_val, training.digits.y_val),
            callbacks=[TimeCallback()],
            verbose=verbosity(),
        )
        histories[name] = history = pd.DataFrame(fitted.history)
        history.insert(0, "epoch", np.arange(args.epochs) + 1)
        scores = save_run(training, history, folder / name)
        report(findings := examine_run(folder / name))
        (found,) = findings.values()
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
