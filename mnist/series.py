"""Machinery of the scripts that call mnist.py several times: options, one training, seeds."""

import statistics
import sys
from pathlib import Path

import mnist
from data import VALIDATION_SIZE
from runs import OUTPUTS
from utils import get_start_time

IMAGES = {"validation": VALIDATION_SIZE, "test": 10_000}


def add_series_options(parser, epochs=None):
    """Add what these scripts have in common; epochs: of each training, None for its own."""
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--train-samples", type=int, help="fewer for a quick try")
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
    place = ["--resume" if started else "--outputs", str(folder)]
    run = mnist.main([*options, *place])
    if run["interrupted"]:
        sys.exit(130)
    (results,) = run["models"].values()
    return results


def train_seeds(options, seeds, folder):
    """Train once with each seed, in folder/SEED; return the list of results."""
    return [train([*options, "--seed", str(seed)], folder / str(seed)) for seed in seeds]


def summarize(results):
    """Return what trainings that differ in the seed reached on the validation and test images.

    For each of the two parts: the accuracies, their mean, their standard deviation (0 for a
    single one), the mean cross-entropy, and the sampling error of the mean accuracy p, which is
    sqrt(p (1 - p) / n) for n images and the same for any number of seeds.
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
            "deviation": statistics.stdev(accuracies) if len(results) > 1 else 0.0,
            "sampling_error": (mean * (1 - mean) / images) ** 0.5,
            "cross_entropy": statistics.mean(result[part]["cross_entropy"] for result in results),
        }
    return summary
