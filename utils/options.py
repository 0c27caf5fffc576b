"""Command lines: one parser and one check of a number for every script of the book."""

import argparse
import math
import sys
from pathlib import Path

from utils.runs import NEW

# By the names that keras.optimizers.get knows.
OPTIMIZERS = ["sgd", "rmsprop", "adam", "adamw", "adagrad", "nadam"]
LARGEST = {int: 2**32 - 1, float: 3e38}  # what a network, in float32, and its libraries take


def make_parser(description, outputs=None, kept=True):
    """Return a parser whose help shows the defaults.

    outputs: the chapter's folder for runs. With it comes the option --outputs, which is, if it
    is not given, a new folder in there (see runs.make_folder). kept: False where the screen says
    all and would say it again in seconds; then a folder is made only if --outputs names one.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    if outputs:
        about = "folder for what the run writes"
        add = parser.add_argument
        new = outputs / NEW if kept else None
        add("--outputs", type=Path, default=new, metavar="FOLDER", help=about)
    return parser


def number(kind, least, most=math.inf):
    """Return a type for argparse: an int or a float from least to most, both included."""

    def parse(text):
        value = kind(text)
        if not least <= value <= min(most, LARGEST[kind]):
            raise ValueError
        return value

    upper = "" if most == math.inf else f" to {most}"
    parse.__name__ = f"{kind.__name__} from {least}{upper}"  # argparse names it in its message
    return parse


def positive(kind, most=math.inf):
    """Return a type for argparse: an int or a float above zero, up to most."""
    parse = number(kind, 1 if kind is int else sys.float_info.min, most)
    parse.__name__ = f"positive {kind.__name__}" + ("" if most == math.inf else f" up to {most}")
    return parse


seed = number(int, 0, LARGEST[int])  # what numpy and every back end of Keras take


def verbosity():
    """Return how fit should speak: a progress bar in a terminal, one line per epoch elsewhere."""
    return 1 if sys.stdout.isatty() else 2
