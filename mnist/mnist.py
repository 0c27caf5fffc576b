"""The laboratory: train a network on MNIST, the handwritten digits, and look at what it does.

    python mnist/mnist.py -m conv_net --epochs 3      # less than a minute
    python mnist/mnist.py -m mlp_one_layer            # 60 epochs
    python mnist/mnist.py -m all                      # all nine models
    python mnist/mnist.py --resume RUN                # go on with a run that was stopped

You will see the model's layers, one line per epoch, how well the trained network does on
the test images, and the folder with the curves and the report. (Chapter: Model optimization)
"""

import functools
import math
import sys

import keras
from sklearn.metrics import classification_report

import techniques
from data import load_digits
from models import MODELS, ZOO
from options import parse_arguments
from report import describe, write_report
from runs import last_epoch, learned_weights, load_progress, open_run, recall_best
from utils import DeferInterrupt, SaveCheckpoint, TimeCallback

MODEL = "conv_net"  # a function in models.py, or "all"
EPOCHS = 60  # how often the network sees every training image
BATCH_SIZE = 256  # images per step of gradient descent
OPTIMIZER = "adam"
LEARNING_RATE = None  # None: the optimizer's own default, 0.001 for Adam
LR_SCHEDULE = "constant"  # how the learning rate changes during training
SEED = 42  # initial weights and order of the images


def build_model(name, args):
    """Return a new model of the zoo, behind augmenting layers if the options ask for them."""
    model = MODELS[name]()
    return techniques.augment(model, args.augment) if args.augment else model


def compile_model(model, args, steps):
    """Tell the model how to learn, in so many steps, what to minimize and what to report."""
    optimizer = keras.optimizers.get(args.optimizer)
    rate = args.learning_rate or float(optimizer.learning_rate)
    optimizer.learning_rate = techniques.learning_rate_schedule(args.lr_schedule, rate, steps)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])


def make_callbacks(args, checkpoint):
    """Return what Keras calls after each epoch: to measure, to intervene, to save."""
    callbacks = [TimeCallback(), techniques.RecordLearningRate()]
    if args.lr_schedule == "plateau":
        callbacks.append(techniques.reduce_on_plateau())
    if args.early_stopping:
        stopping = techniques.early_stopping(args.early_stopping)
        callbacks += [stopping, recall_best(stopping, checkpoint)]
    return [*callbacks, checkpoint]


def fit_model(model, digits, args, checkpoint):
    """Train up to the last epoch, or until Ctrl-C: then return True."""
    try:
        with DeferInterrupt() as interrupt:
            model.fit(
                digits.x_train,
                digits.y_train,
                batch_size=args.batch_size,
                initial_epoch=checkpoint.epochs_done,
                epochs=last_epoch(args, checkpoint),
                validation_data=(digits.x_val, digits.y_val),
                callbacks=[interrupt, *make_callbacks(args, checkpoint)],
                verbose=2,
            )
    except KeyboardInterrupt:
        return True
    return False


def evaluate_model(model, digits):
    """Use the test images, once: loss, accuracy, and a report digit by digit.

    Returns {"loss": ..., "accuracy": ...} and the probabilities, shape (10000, 10).
    """
    test = model.evaluate(digits.x_test, digits.y_test, BATCH_SIZE, verbose=0, return_dict=True)
    print(f"Test loss {test['loss']:.4f}, test accuracy {test['accuracy']:.2%}")

    probabilities = model.predict(digits.x_test, BATCH_SIZE, verbose=0)
    true, predicted = digits.y_test.argmax(axis=1), probabilities.argmax(axis=1)
    print(classification_report(true, predicted, digits=4, zero_division=0))
    return test, probabilities


def run_model(name, args, folder):
    """Tell the whole story of one model.

    Returns its results, None if not even one epoch was finished, and whether Ctrl-C came.
    """
    keras.utils.set_random_seed(args.seed)
    build = functools.partial(build_model, name, args)
    if args.mixed_precision:
        model = techniques.in_mixed_precision(build, args.mixed_precision)
    else:
        model = build()
    model.summary()
    digits = load_digits(model.input_shape[1:], args.train_samples)
    steps_per_epoch = math.ceil(len(digits.x_train) / args.batch_size)
    compile_model(model, args, steps_per_epoch * args.epochs)

    model, history = load_progress(model, folder, steps_per_epoch)
    if args.start_from and not history:
        model.set_weights(learned_weights(name, args.start_from))
    checkpoint = SaveCheckpoint(folder, name, history, keep_best=bool(args.early_stopping))
    interrupted = fit_model(model, digits, args, checkpoint)
    if interrupted:  # what the unfinished epoch has learned does not count
        model, history = load_progress(model, folder, steps_per_epoch)
    if not history:
        return None, interrupted
    test, probabilities = evaluate_model(model, digits)
    return describe(model, history, digits, test, probabilities, folder), interrupted


def main(argv=None):
    """Train what the options ask for; return the results, as results.json holds them."""
    args = parse_arguments(
        argv,
        model=MODEL,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        optimizer=OPTIMIZER,
        learning_rate=LEARNING_RATE,
        lr_schedule=LR_SCHEDULE,
        seed=SEED,
    )
    folder, run = open_run(args, argv)
    results = run | {"models": {}}
    for name in ZOO if args.model == "all" else [args.model]:
        model_results, results["interrupted"] = run_model(name, args, folder)
        if model_results:
            results["models"][name] = model_results
            write_report(results, folder)
        if results["interrupted"]:
            break
    print(f"Models, curves and report.html are in {folder}")
    return results


if __name__ == "__main__":
    sys.exit(130 if main()["interrupted"] else 0)
