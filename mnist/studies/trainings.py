"""Machinery of the scripts that call mnist.py several times: options, one training, seeds."""

import argparse
import statistics
import sys
from pathlib import Path

import mnist
from data import TRAIN_SIZE, VALIDATION_SIZE
from options import positive
from runs import OUTPUTS
from utils import get_start_time

IMAGES = {"validation": VALIDATION_SIZE, "test": 10_000}


def series_parser(description, epochs=None):
    """Return a parser with the options that these scripts share.

    epochs: the default for each training, None for what its own options say.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=positive(int), default=epochs)
    samples = positive(int, most=TRAIN_SIZE)
    parser.add_argument("--train-samples", type=samples, help="fewer for a quick try")
    parser.add_argument(
        "--outputs", type=Path, default=OUTPUTS / get_start_time(), help="named again: go on there"
    )
    return parser


def series_options(args, with_epochs=True):
    """Return the options for mnist.py that series_parser has brought in."""
    epochs = ["--epochs", str(args.epochs)] if args.epochs and with_epochs else []
    samples = ["--train-samples", str(args.train_samples)] if args.train_samples else []
    return [*epochs, *samples]


def train(options, folder):
    """Run mnist.py for one model, or go on with the run in the folder; return its results.

    The results are those of the model in results.json. Ctrl-C ends the program.
    """
    started = (folder / "run.json").exists()
    run = mnist.main([*options, "--resume" if started else "--outputs", str(folder)])
    if run["interrupted"]:
        sys.exit(130)
    (results,) = run["models"].values()
    if started and run["settings"]["epochs"] != results["epochs"]:
        sys.exit(f"{folder} has been trained for another number of epochs. Choose another folder.")
    return results


def train_seeds(options, seeds, folder):
    """Train once with each seed, in folder/SEED; return {seed: results}."""
    return {s: train([*options, "--seed", str(s)], folder / str(s)) for s in dict.fromkeys(seeds)}


def sampling_error(share, images):
    """Return the standard error of a share of so many images (of a binomial distribution)."""
    return (share * (1 - share) / images) ** 0.5


def spread(accuracies, images):
    """Return accuracies on so many images with their mean and what it is worth.

    "deviation" is their standard deviation, None for a single one; "sampling_error" that of one
    training with the mean accuracy.
    """
    mean = statistics.mean(accuracies)
    return {
        "accuracies": accuracies,
        "mean": mean,
        "deviation": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "sampling_error": sampling_error(mean, images),
    }


def summarize(results):
    """Return what trainings, {seed: results}, reached on the validation and test images.

    For each of the two parts: the spread of the accuracies and the mean cross-entropy.
    """
    results = list(results.values())
    summary = {
        "parameters": results[0]["parameters"],
        "epochs": results[0]["epochs"],
        "seconds": statistics.mean(r["epochs"] * r["seconds_per_epoch"] for r in results),
    }
    for part, images in IMAGES.items():
        scores = [result[part] for result in results]
        summary[part] = spread([score["accuracy"] for score in scores], images)
        summary[part]["cross_entropy"] = statistics.mean(s["cross_entropy"] for s in scores)
    return summary


def with_deviation(scores):
    """Return a mean accuracy in percent with its standard deviation, e.g. 99.40 (0.05)."""
    deviation = "" if scores["deviation"] is None else f" ({100 * scores['deviation']:.2f})"
    return f"{100 * scores['mean']:.2f}{deviation}"
