"""Machinery of mnist.py: its command-line options."""

import argparse
import json
import math
import sys

from data import TRAIN_SIZE
from models import MODELS
from runs import OUTPUTS, find_run
from techniques import AUGMENTATIONS, SCHEDULES
from utils import get_start_time

OPTIMIZERS = ["sgd", "rmsprop", "adam", "adamw", "adagrad", "nadam"]


def positive(kind, most=math.inf):
    """Return a type for argparse: an int or a float above zero, up to most."""

    def parse(text):
        value = kind(text)
        if not 0 < value <= most or value == math.inf:
            raise ValueError
        return value

    parse.__name__ = f"positive {kind.__name__}"  # argparse names it in its message
    return parse


def parse_arguments(argv, **defaults):
    """Return the options of mnist.py; the defaults are the constants of that script."""
    parser = argparse.ArgumentParser(
        description="Train networks on MNIST.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("-m", "--model", choices=[*MODELS, "all"], help="network, or all of them in turn")
    add("--epochs", type=positive(int), help="passes over the training images")
    add("--batch-size", type=positive(int), help="images per step")
    add("--optimizer", choices=OPTIMIZERS)
    add("--learning-rate", type=positive(float), help="None: what the optimizer has")
    add("--lr-schedule", choices=SCHEDULES, help="how the learning rate changes")
    add("--early-stopping", type=positive(int), metavar="PATIENCE", help="epochs without progress")
    add(
        "--augment",
        nargs="?",
        const=AUGMENTATIONS[0],
        choices=AUGMENTATIONS,
        help="change the training images at random; alone: layers",
    )
    add("--mixed-precision", choices=["bfloat16", "float16"], help="compute in 16 bits")
    add("--seed", type=int, help="of the initial weights and the order of the images")
    add(
        "--train-samples",
        type=positive(int, most=TRAIN_SIZE),
        default=TRAIN_SIZE,
        help="fewer for a quick try",
    )
    add("--start-from", metavar="RUN", help="run with whose weights to begin")
    add("--outputs", default=OUTPUTS / get_start_time(), help="folder of the run")
    add("--resume", metavar="RUN", help="folder of the run to go on with")
    parser.set_defaults(**defaults)
    return parse_with_resume(parser, argv)


def parse_with_resume(parser, argv):
    """Parse the options; with --resume RUN, those not given are the ones that RUN had."""
    args = parser.parse_args(argv)
    if not args.resume:
        if args.start_from:
            start = find_run(args.start_from).resolve()
            if not start.is_dir():
                parser.error(f"there is no run {start}")
            args.start_from = str(start)
        return args
    folder = find_run(args.resume)
    try:
        saved = json.loads((folder / "run.json").read_text())["settings"]
        parser.set_defaults(**saved)
    except (OSError, ValueError, KeyError, TypeError):
        sys.exit(f"mnist.py: {folder} is no folder of a run: it has no readable run.json.")
    args = parser.parse_args(argv)
    # A schedule over all epochs has been laid down with the first of them.
    free = {"epochs"} if saved["lr_schedule"] in ("constant", "plateau") else set()
    for name, value in saved.items():
        # The run to start from may have moved, and is not needed once there is a checkpoint.
        if name not in {*free, "start_from"} and getattr(args, name) != value:
            allowed = "only --epochs" if free else f"with schedule {saved['lr_schedule']} nothing"
            parser.error(f"{allowed} may change in a resumed run; its {name} was {value}")
    return args
