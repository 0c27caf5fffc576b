"""The laboratory: train a network on MNIST, the handwritten digits, and look at what it does.

    python mnist/mnist.py -m conv_net --epochs 3      # about half a minute
    python mnist/mnist.py -m mlp_one_layer            # 60 epochs
    python mnist/mnist.py -m all                      # all nine models
    python mnist/mnist.py --resume RUN                # go on with a run that was stopped

You will see the model's layers, one line per epoch, how well the trained network does on
the test images, and the folder with the curves and the report. (Chapter: Model optimization)
"""

import argparse
import math
import sys

import keras
from sklearn.metrics import classification_report

from data import TRAIN_SIZE, load_digits
from models import MODELS
from report import describe, write_report
from runs import OUTPUTS, load_progress, open_run, parse_with_resume, positive
from utils import SaveCheckpoint, TimeCallback, get_start_time

MODEL = "conv_net"  # a function in models.py, or "all"
EPOCHS = 60  # how often the network sees every training image
BATCH_SIZE = 256  # images per step of gradient descent
OPTIMIZER = "adam"
LEARNING_RATE = None  # None: the optimizer's own default, 0.001 for Adam
SEED = 42  # initial weights and order of the images
OPTIMIZERS = ["sgd", "rmsprop", "adam", "adamw", "adagrad", "nadam"]


def compile_model(model, args):
    """Tell the model how to learn, what to minimize and what to report."""
    optimizer = keras.optimizers.get(args.optimizer)
    if args.learning_rate:
        optimizer.learning_rate = args.learning_rate
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])


def fit_model(model, digits, args, checkpoint):
    """Train up to the last epoch, or until Ctrl-C: then return True."""
    try:
        model.fit(
            digits.x_train,
            digits.y_train,
            batch_size=args.batch_size,
            initial_epoch=checkpoint.epochs_done,
            epochs=args.epochs,
            validation_data=(digits.x_val, digits.y_val),
            callbacks=[TimeCallback(), checkpoint],
            verbose=2,
        )
    except KeyboardInterrupt:
        return True
    return False


def evaluate_model(model, digits):
    """Use the test images, once: loss, accuracy, and a report digit by digit.

    Returns {"loss": ..., "accuracy": ...} and the probabilities, shape (10000, 10).
    """
    test = model.evaluate(digits.x_test, digits.y_test, return_dict=True, verbose=0)
    print(f"Test loss {test['loss']:.4f}, test accuracy {test['accuracy']:.2%}")

    probabilities = model.predict(digits.x_test, verbose=0)
    true, predicted = digits.y_test.argmax(axis=1), probabilities.argmax(axis=1)
    print(classification_report(true, predicted, digits=4, zero_division=0))
    return test, probabilities


def run_model(name, args, folder):
    """Tell the whole story of one model.

    Returns its results, None if not even one epoch was finished, and whether Ctrl-C came.
    """
    keras.utils.set_random_seed(args.seed)
    model = MODELS[name]()
    model.summary()
    digits = load_digits(model.input_shape[1:], args.train_samples)
    compile_model(model, args)

    steps_per_epoch = math.ceil(len(digits.x_train) / args.batch_size)
    model, history = load_progress(model, folder, steps_per_epoch)
    interrupted = fit_model(model, digits, args, SaveCheckpoint(folder, name, history))
    if interrupted:  # what the unfinished epoch has learned does not count
        model, history = load_progress(model, folder, steps_per_epoch)
    if not history:
        return None, interrupted
    test, probabilities = evaluate_model(model, digits)
    return describe(model, history, digits, test, probabilities, folder), interrupted


def parse_arguments(argv):
    """Return the options; their defaults are the constants above."""
    parser = argparse.ArgumentParser(
        description="Train networks on MNIST.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("-m", "--model", choices=[*MODELS, "all"], default=MODEL, help="network")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="passes over the data")
    parser.add_argument(
        "--batch-size", type=positive(int), default=BATCH_SIZE, help="images a step"
    )
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default=OPTIMIZER)
    parser.add_argument("--learning-rate", type=positive(float), default=LEARNING_RATE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--train-samples",
        type=positive(int, most=TRAIN_SIZE),
        default=TRAIN_SIZE,
        help="fewer for a quick try",
    )
    parser.add_argument("--outputs", default=OUTPUTS / get_start_time(), help="folder of the run")
    parser.add_argument("--resume", metavar="RUN", help="folder of the run to go on with")
    return parse_with_resume(parser, argv)


def main(argv=None):
    """Train what the options ask for; return the results, as results.json holds them."""
    args = parse_arguments(argv)
    folder, run = open_run(args, argv)
    results = run | {"models": {}}
    for name in MODELS if args.model == "all" else [args.model]:
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
