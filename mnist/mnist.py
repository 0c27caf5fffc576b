"""The laboratory: train a network on MNIST, the handwritten digits, and look at what it does.

    python mnist/mnist.py -m conv_net --epochs 3      # up to two minutes
    python mnist/mnist.py -m mlp_one_layer            # 60 epochs, two minutes
    python mnist/mnist.py -m all                      # all nine models, an hour and a quarter
    python mnist/mnist.py --resume RUN                # continue a run that was stopped
    python mnist/mnist.py --resume RUN --test         # in the end: read the test images

You will see the model's layers, each epoch, how well the network reads the validation images, and
the folder with the curves and the report. Times are for two cores.
Chapter: mnist/README.md#one-hidden-layer
"""

from chapter import OUTPUTS

import math
import sys

import keras
from sklearn.metrics import classification_report

from mnist.data import prepare_mnist, prepare_test
from mnist.models import MODELS, ZOO
from mnist.overfitting import techniques
from mnist.overfitting.optimization import make_optimizer
from mnist.report import describe, save_model, say_where, write_report
from mnist.run_figures import draw_figures
from mnist.settings import Settings, changes_of, open_run, parse_arguments
from utils.runs import find_run
from utils.statistics import describe_score, score
from utils.training import DeferInterrupt, SaveCheckpoint, TimeCallback, load_progress, verbosity

MODEL = "conv_net"  # a function in models.py, or "all"
EPOCHS = 60  # how often the network sees every training image
BATCH_SIZE = 256  # images per step of gradient descent
OPTIMIZER = "adam"
LEARNING_RATE = None  # None: the optimizer's own default, 0.001 for Adam
LR_SCHEDULE = "constant"  # how the learning rate changes during training
SEED = 42  # initial weights and order of the images

DEFAULTS = Settings(MODEL, EPOCHS, BATCH_SIZE, OPTIMIZER, LEARNING_RATE, LR_SCHEDULE, SEED)


def build_model(build, settings):
    """Return a new model, in 16 bits or behind augmenting layers if the settings ask for them."""

    def build_whole():
        return techniques.augment(build(), settings.augment) if settings.augment else build()

    return techniques.in_precision(build_whole, settings.mixed_precision)


def compile_model(model, settings, steps):
    """Tell the model how to learn in this many steps, what to minimize and what to report."""
    optimizer = make_optimizer(settings, steps)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def make_callbacks(settings, checkpoint):
    """Return the callbacks: they measure, intervene and save, mostly after each epoch."""
    callbacks = [TimeCallback(), techniques.RecordLearningRate()]
    if settings.lr_schedule == "plateau":
        callbacks += techniques.lasting_plateau(checkpoint)
    if settings.early_stopping:
        callbacks += techniques.early_stopping(settings.early_stopping, checkpoint)
    return [*callbacks, checkpoint]


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


def evaluate_model(model, digits, test=False):
    """Return the scores on each part of the data, and the probabilities for its images."""
    parts = digits.parts()
    parts |= {"test": prepare_test(model.input_shape[1:])} if test else {}
    predictions = {part: model.predict(x, BATCH_SIZE, verbose=0) for part, (x, _) in parts.items()}
    scores = {part: score(y, predictions[part]) for part, (_, y) in parts.items()}
    true, predicted = digits.y_val.argmax(axis=1), predictions["validation"].argmax(axis=1)
    report = classification_report(true, predicted, digits=4, zero_division=0)
    print(report)
    for part in [*parts][1:]:
        print(part.capitalize(), "images, by people it never met:", describe_score(scores[part]))
    return scores | {"classification_report": report}, predictions


def run_model(build, settings, folder, test=False):
    """Train one model; return its results (None without a whole epoch) and if Ctrl-C came."""
    keras.utils.set_random_seed(settings.seed)
    model = build_model(build, settings)
    model.summary()
    digits = prepare_mnist(model.input_shape[1:], settings.train_samples)
    steps_per_epoch = math.ceil(len(digits.x_train) / settings.batch_size)
    compile_model(model, settings, steps_per_epoch * settings.epochs)

    model, history = load_progress(model, folder, steps_per_epoch, settings.epochs)
    if settings.start_from and not history:
        techniques.start_from(model, find_run(settings.start_from, OUTPUTS))
    checkpoint = SaveCheckpoint(folder, model.name, history, bool(settings.early_stopping))
    interrupted = fit_model(model, digits, settings, checkpoint)
    if interrupted:  # what the unfinished epoch has learned does not count
        model, history = load_progress(model, folder, steps_per_epoch, settings.epochs)
        model.optimizer.finalize_variable_values(model.trainable_weights)  # as fit does
    if not history:
        return None, interrupted
    scores, predictions = evaluate_model(model, digits, test)
    save_model(model, predictions, folder)
    changes = changes_of(settings, DEFAULTS)
    draw_figures(model.name, history, digits, predictions["validation"], folder, changes)
    return describe(model, history) | scores, interrupted


def run(settings, folder, resume=False, test=False, argv=None, build=None):
    """Train what the settings ask for, or the model that build() returns; return the results."""
    folder, run = open_run(settings, folder, resume, __file__, argv)
    results = run | {"models": {}}
    for name in ZOO if settings.model == "all" else [settings.model]:
        result, results["interrupted"] = run_model(build or MODELS[name], settings, folder, test)
        if result:
            results["models"][name] = result
        if results["models"]:
            write_report(results, folder)
        if results["interrupted"]:
            break
    say_where(results, folder)
    return results


def main(argv=None):
    return run(*parse_arguments(argv, DEFAULTS), argv)


if __name__ == "__main__":
    sys.exit(130 if main()["interrupted"] else 0)
