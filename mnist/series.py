"""Machinery of the scripts that call mnist.py several times: options, one training, seeds."""

import statistics
import sys
from pathlib import Path

import mnist
from data import TRAIN_SIZE, VALIDATION_SIZE
from options import positive
from runs import OUTPUTS
from utils import get_start_time

IMAGES = {"validation": VALIDATION_SIZE, "test": 10_000}


def add_series_options(parser, epochs=None):
    """Add what these scripts have in common; epochs: of each training, None for its own."""
    parser.add_argument("--epochs", type=positive(int), default=epochs)
    samples = positive(int, most=TRAIN_SIZE)
    parser.add_argument("--train-samples", type=samples, help="fewer for a quick try")
    parser.add_argument(
        "--outputs", type=Path, default=OUTPUTS / get_start_time(), help="named again: go on there"
    )


def series_options(args):
    """Return the options for mnist.py that add_series_options has brought in."""
    epochs = ["--epochs", str(args.epochs)] if args.epochs else []
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
    """Train once with each seed, in folder/SEED; return the list of results."""
    seeds = dict.fromkeys(map(str, seeds))  # each of them once
    return [train([*options, "--seed", seed], folder / seed) for seed in seeds]


def summarize(results):
    """Return what trainings that differ in the seed reached on the validation and test images.

    For each of the two parts: the accuracies, their mean, their standard deviation (None for a
    single one), the mean cross-entropy, and the sampling error sqrt(p (1 - p) / n) of a training
    with the mean accuracy p on n images.
    """
    summary = {
        "parameters": results[0]["parameters"],
        "epochs": results[0]["epochs"],
        "seconds": statistics.mean(r["epochs"] * r["seconds_per_epoch"] for r in results),
    }
    for part, images in IMAGES.items():
        accuracies = [result[part]["accuracy"] for result in results]
        mean = statistics.mean(accuracies)
        summary[part] = {
            "accuracies": accuracies,
            "mean": mean,
            "deviation": statistics.stdev(accuracies) if len(results) > 1 else None,
            "sampling_error": (mean * (1 - mean) / images) ** 0.5,
            "cross_entropy": statistics.mean(result[part]["cross_entropy"] for result in results),
        }
    return summary


def with_deviation(scores):
    """Return a mean accuracy in percent with its standard deviation, e.g. 99.40 (0.05)."""
    deviation = scores["deviation"]
    return f"{100 * scores['mean']:.2f}" + (f" ({100 * deviation:.2f})" if deviation else "")
