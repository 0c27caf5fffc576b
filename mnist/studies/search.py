"""Let the computer search for hyperparameters: learning rate, batch size, width and dropout.

    python mnist/studies/search.py                   # ten minutes
    python mnist/studies/search.py --outputs FOLDER  # the same folder again: ten minutes more
    python mnist/studies/search.py --confirm         # then train the best with three new seeds
    python mnist/studies/search.py --storage URL     # together with other machines

You will see a line per trial and then the best of them by their accuracy on the validation
images. The test images are not used. FOLDER receives the table of all trials and their
figure.
Chapter: mnist/studies/README.md#hyperparameter-search
"""

from chapter import OUTPUTS

import contextlib
import math
import sys

import keras
import matplotlib.pyplot as plt
from optuna.trial import TrialState
from optuna_integration import KerasPruningCallback

from mnist.data import TRAIN_SIZE, VALIDATION_SIZE, prepare_mnist
from mnist.models import IMAGE_SHAPE, quick_net
from mnist.studies.storage import join_study, open_study, search_together
from utils.figures import save_figure
from utils.options import make_parser, positive
from utils.runs import fail, make_folder, replacing, save_results
from utils.statistics import spread, with_deviation
from utils.training import DeferInterrupt

EPOCHS = 3  # of a trial that is not stopped
MINUTES = 10
SEED = 42  # of every trial: they differ in their settings only
SEEDS = [11, 12, 13]  # of the comparison at the end
LEAST = 0.97  # accuracy in the figure: what is less lies at its edge
# What the quick recipe has, apart from its four epochs.
BY_HAND = {"learning_rate": 0.01, "batch_size": 128, "width": 32, "dropout": 0.0}


def fit(settings, digits, epochs, seed, callbacks):
    """Train with these hyperparameters; return the last accuracy on the validation images."""
    keras.utils.clear_session()  # forget the networks of the trials before
    keras.utils.set_random_seed(seed)
    model = quick_net(settings["width"], settings["dropout"])
    steps = epochs * math.ceil(len(digits.x_train) / settings["batch_size"])
    warmup, highest = steps // 10, settings["learning_rate"]
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps - warmup, warmup_target=highest, warmup_steps=warmup
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=settings["batch_size"],
        epochs=epochs,
        validation_data=(digits.x_val, digits.y_val),
        callbacks=callbacks,
        verbose=0,
    )
    return history.history["val_accuracy"][-1]


def run_trial(trial, digits, epochs, interrupt):
    """Train with hyperparameters that Optuna suggests, unless it stops the training early."""
    settings = {
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [64, 128, 256, 512]),
        "width": trial.suggest_int("width", 8, 48, step=8),
        "dropout": trial.suggest_float("dropout", 0.0, 0.6),
    }
    callbacks = [interrupt, KerasPruningCallback(trial, "val_accuracy")]
    return fit(settings, digits, epochs, SEED, callbacks)


def list_trials(study):
    """Return a DataFrame with a row per trial, the best first.

    "value" is the accuracy on the validation images after the last epoch, which came earlier
    for a trial that was stopped; "duration" is in seconds.
    """
    attributes = ("number", "state", "value", "duration", "params")
    trials = study.trials_dataframe(attributes).dropna(subset="value")
    trials.columns = [name.removeprefix("params_") for name in trials]
    trials["duration"] = trials["duration"].dt.total_seconds()
    return trials.sort_values("value", ascending=False)


def draw(trials, path):
    """Draw the accuracy of each trial, as list_trials returns them, over each hyperparameter."""
    figure, panels = plt.subplots(1, 4, figsize=(10.5, 3.4), sharey=True)
    kinds = {"COMPLETE": ("o", "C0", "complete"), "PRUNED": ("x", "C1", "stopped early")}
    for axes, name in zip(panels, ("learning_rate", "batch_size", "width", "dropout"), strict=True):
        for state, (marker, color, label) in kinds.items():
            some = trials[trials["state"] == state]
            accuracy = 100 * some["value"].clip(lower=LEAST)
            axes.plot(some[name], accuracy, marker, color=color, label=label, alpha=0.8)
        axes.set_xlabel(name.replace("_", " ").capitalize())
    panels[0].set(ylabel="Validation accuracy (%)", xscale="log", ylim=(100 * LEAST - 0.1, 100))
    ticks = range(round(100 * LEAST), 101)
    panels[0].set_yticks(ticks, [f"{ticks[0]} or less", *ticks[1:]])
    panels[1].set_xscale("log", base=2)
    panels[1].set_xticks([64, 128, 256, 512], [64, 128, 256, 512])
    panels[0].set_xlim(1e-4, 1e-1)
    figure.align_xlabels(panels)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    save_figure(figure, path)


def confirm(found, digits, epochs, interrupt):
    """Train with the settings found and with those chosen by hand, on seeds new to both.

    Returns for each the spread of the accuracies on the validation images.
    """
    results = {}
    for name, settings in {"found": found, "by_hand": BY_HAND}.items():
        accuracies = [fit(settings, digits, epochs, seed, [interrupt]) for seed in SEEDS]
        results[name] = spread(accuracies, VALIDATION_SIZE)
        each = " ".join(f"{accuracy:.2%}" for accuracy in accuracies)
        print(f"{name:8}  {each}, mean (standard deviation) {with_deviation(results[name])}")
    return results


def main(argv=None):
    """Search; return all trials, the best settings and what --confirm compares."""
    parser = make_parser("Search for hyperparameters.", OUTPUTS)
    add, samples = parser.add_argument, positive(int, most=TRAIN_SIZE)
    add("--epochs", type=positive(int), default=EPOCHS, help="of each trial")
    add("--train-samples", type=samples, default=TRAIN_SIZE, help="fewer for a quick try")
    add("--minutes", type=positive(float), default=MINUTES, help="then no new trial")
    add("--trials", type=positive(int), help="no more than so many; shared: of all together")
    add("--storage", metavar="URL", help="of a database, to search with other machines")
    add("--confirm", action="store_true", help="compare with the quick recipe")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    print(f"The trials go to {folder}")
    name = f"{args.epochs} epochs, {args.train_samples} images"
    study = join_study(name, args.storage) if args.storage else open_study(name, folder, SEED)
    digits = prepare_mnist(IMAGE_SHAPE, args.train_samples)

    def objective(trial):
        try:
            return run_trial(trial, digits, args.epochs, interrupt)
        except KeyboardInterrupt:  # of which Optuna would print a traceback
            study.stop()
            return math.nan  # a trial that failed

    with contextlib.suppress(KeyboardInterrupt), DeferInterrupt() as interrupt:
        if args.storage:
            search_together(study, objective, args.trials, 60 * args.minutes, interrupt)
        else:
            study.optimize(objective, args.trials, timeout=60 * args.minutes)
    interrupted = interrupt.pressed
    if not study.get_trials(states=[TrialState.COMPLETE]):
        if interrupted:
            sys.exit(130)
        fail("not one trial was finished.")
    trials = list_trials(study)
    with replacing(folder / "trials.csv") as partial:
        trials.to_csv(partial, index=False)
    draw(trials, folder / "mnist_search.png")
    print(trials.head(10).to_string(index=False))
    print(f"{len(trials)} trials; their table and figure are in {folder}")
    if interrupted:
        sys.exit(130)
    results = {
        "trials": trials.to_dict(orient="records"),
        "stopped": int((trials["state"] == "PRUNED").sum()),
        "best": study.best_params,
    }
    if args.confirm:
        try:
            with DeferInterrupt() as interrupt:
                results["confirmed"] = confirm(study.best_params, digits, args.epochs, interrupt)
        except KeyboardInterrupt:
            sys.exit(130)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
