"""The laboratory: train as mnist.py does, with any technique of this chapter, and go on later.

    python mnist/overfitting/lab.py -m conv_net --early-stopping 5   # three minutes
    python mnist/overfitting/lab.py -m conv_net --augment            # 60 epochs, ten minutes
    python mnist/overfitting/lab.py --resume RUN          # continue a run that was stopped
    python mnist/overfitting/lab.py --resume RUN --test   # in the end: read the test images

You will see what mnist.py shows, but for the line `Normal?`. RUN may be a run of mnist.py: without
an option that it lacks, the laboratory trains the same network, to the last digit. Times are for
two cores.
Chapter: mnist/overfitting/README.md#the-laboratory
"""

from chapter import OUTPUTS

import math
import sys
from dataclasses import asdict

import keras

from mnist.data import prepare_mnist
from mnist.mnist import evaluate
from mnist.models import MODELS, ZOO
from mnist.overfitting import techniques
from mnist.overfitting.settings import DEFAULTS, load_run, parse_arguments
from mnist.report import (
    changes,
    describe,
    draw_figures,
    open_run,
    save_predictions,
    write_report,
)
from utils.options import verbosity
from utils.runs import fail, find_run, make_folder, save_network, shown, write_json
from utils.training import (
    CURVES,
    DeferInterrupt,
    SaveCheckpoint,
    TimeCallback,
    checkpoint_path,
    load_checkpoint,
)


def build_model(build, settings):
    """Return a new model, in 16 bits or behind augmenting layers if the settings ask for them."""

    def build_whole():
        return techniques.augment(build(), settings.augment) if settings.augment else build()

    return techniques.in_precision(build_whole, settings.mixed_precision)


def compile_model(model, settings, steps):
    """Tell the model how to learn in this many steps, what to minimize and what to report."""
    optimizer = techniques.make_optimizer(settings, steps)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def make_callbacks(settings, checkpoint):
    """Return the callbacks: they measure, intervene and save, mostly after each epoch."""
    callbacks = [TimeCallback()]
    if settings.lr_schedule != "constant":
        callbacks += [techniques.RecordLearningRate()]
    if settings.lr_schedule == "plateau":
        callbacks += techniques.lasting_plateau(checkpoint)
    if settings.early_stopping:
        callbacks += techniques.early_stopping(settings.early_stopping, checkpoint)
    return [*callbacks, checkpoint]


def load_progress(model, folder, steps, settings):
    """Return the model and its history as the run's last checkpoint holds them.

    Where there is none, the model comes back as it is, with an empty history.
    steps: of an epoch.
    """
    path, name = checkpoint_path(folder, model.name), model.name
    if not path.exists():
        return model, {}
    trained, history = load_checkpoint(folder, name, steps)
    if [weight.shape for weight in trained.weights] != [weight.shape for weight in model.weights]:
        fail(f"{path} holds another network than {name}. Restore the file, or start anew.")
    rate = {"learning_rate"} if settings.lr_schedule != "constant" else set()
    if wrong := sorted({*CURVES, "epoch", "seconds", *rate} ^ set(history)):
        fail(f"{name}_history.csv in {folder}: {', '.join(wrong)} missing, or too much.")
    if (done := len(history["epoch"])) > settings.epochs:
        fail(f"{name} in {folder} was trained for {done} epochs already, not {settings.epochs}.")
    return trained, history


def fit_model(model, digits, settings, checkpoint):
    """Train up to the last epoch, or until Ctrl-C: then return True."""
    try:
        with DeferInterrupt() as interrupt:
            model.fit(
                digits.x_train,
                digits.y_train,
                batch_size=settings.batch_size,
                initial_epoch=checkpoint.epochs_done,
                epochs=techniques.last_epoch(settings, checkpoint),
                validation_data=(digits.x_val, digits.y_val),
                callbacks=[interrupt, *make_callbacks(settings, checkpoint)],
                verbose=verbosity(),
            )
    except KeyboardInterrupt:
        return True
    return False


def run_model(build, settings, folder, test=False):
    """Train one model; return its results (None without a whole epoch) and if Ctrl-C came."""
    keras.utils.set_random_seed(settings.seed)
    model = build_model(build, settings)
    model.summary()
    digits = prepare_mnist(model.input_shape[1:], settings.train_samples)
    steps = math.ceil(len(digits.x_train) / settings.batch_size)  # of an epoch
    compile_model(model, settings, steps * settings.epochs)

    model, history = load_progress(model, folder, steps, settings)
    if settings.start_from and not history:
        techniques.start_from(model, find_run(settings.start_from, OUTPUTS))
    checkpoint = SaveCheckpoint(folder, model.name, history, bool(settings.early_stopping))
    interrupted = fit_model(model, digits, settings, checkpoint)
    if interrupted:  # what the unfinished epoch has learned does not count
        model, history = load_progress(model, folder, steps, settings)
        model.optimizer.finalize_variable_values(model.trainable_weights)  # as fit does
    if not history:
        return None, interrupted
    return keep(model, history, digits, settings, folder, test), interrupted


def keep(model, history, digits, settings, folder, test):
    """Evaluate a trained model, save it, its predictions and figures; return its results."""
    scores, predictions = evaluate(model, digits, test)
    save_network(techniques.without_augmentation(model), folder / f"{model.name}.keras")
    save_predictions(predictions, folder / f"{model.name}_predictions.npz")
    options = changes(asdict(settings), asdict(DEFAULTS).get)
    draw_figures(model.name, history, digits, predictions["validation"], folder, options)
    return describe(model, history) | scores


def begin(settings, folder, resume, script, argv):
    """Make the folder of a new run, or go on in that of an old one; keep other processes out.

    Returns the folder and what run.json says of the run.
    """
    if resume:
        run = load_run(folder) | {"settings": asdict(settings)}
        make_folder(folder)
        write_json(run, folder / "run.json")
        return folder, run
    return open_run(asdict(settings), folder, script, argv)


def run(settings, folder, resume=False, test=False, argv=None, build=None):
    """Train what the settings ask for, or the model that build() returns; return the results."""
    folder, run = begin(settings, folder, resume, __file__, argv)
    results = run | {"models": {}}
    for name in ZOO if settings.model == "all" else [settings.model]:
        result, results["interrupted"] = run_model(build or MODELS[name], settings, folder, test)
        if result:
            results["models"][name] = result
            write_report(results, folder)
        if results["interrupted"]:
            done = ", ".join(f"{m} {found['epochs']}" for m, found in results["models"].items())
            print(f"Stopped by Ctrl-C. Whole epochs of {settings.epochs}: {done or 0}.")
            break
    if results["models"]:
        print(f"Models, curves and report.html are in {shown(folder)}")
    return results


def main(argv=None):
    return run(*parse_arguments(argv), argv)


if __name__ == "__main__":
    sys.exit(130 if main()["interrupted"] else 0)
