"""Machinery of this chapter: options, and a strict check of the table of customers.

The lessons import it; it does nothing by itself.
Chapter: mlp/README.md#where-the-data-come-from
"""

import io
import warnings
from pathlib import Path

import keras
import pandas as pd

from mlp.churn import CATEGORIES, NUMBERS, TARGET
from utils import options
from utils.runs import fail, read_bytes

FOLDER = Path(__file__).resolve().parent

DATA = FOLDER / "Churn_Modelling.csv"
ORIGINAL_URL = (
    "https://raw.githubusercontent.com/fractus-io/keras-tutorial/master/src/mlp/Churn_Modelling.csv"
)
ORIGINAL_SHA256 = "3996cd1fa372e0db0cd9c0ebac35bbd4e8e3c65fb942bb010c826e7b1eeef0a0"
YES_OR_NO = ["HasCrCard", "IsActiveMember", TARGET]
LARGEST = 1e9  # of a number; 1e300 is infinite in float32, and nothing here is negative


def make_parser(description, outputs, hidden, epochs, batch_size, learning_rate, seed):
    """Return the options of the first two lessons, with the lesson's constants as defaults."""
    parser = options.make_parser(description, outputs)
    add, count, rate = parser.add_argument, options.positive(int), options.positive(float)
    add("--hidden", type=count, nargs="*", default=hidden, help="neurons of each hidden layer")
    add("--epochs", type=count, default=epochs, help="passes over the training data")
    add("--batch-size", type=count, default=batch_size, help="customers per weight update")
    add("--learning-rate", type=rate, default=learning_rate, help="step size of Adam")
    add("--seed", type=options.seed, default=seed, help="seed of the random numbers")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, default=DATA, help="CSV file of the customers")
    source.add_argument("--original", action="store_true", help="download the public file")
    return parser


def one_line(error):
    return " ".join(str(error).split())


def download():
    """Return the path of the public file, which Keras keeps in `~/.keras/datasets/`."""
    name = "Churn_Modelling_original.csv"
    try:
        return Path(keras.utils.get_file(name, origin=ORIGINAL_URL, file_hash=ORIGINAL_SHA256))
    except Exception as error:  # without a network get_file raises just that
        fail(
            f"the download failed ({one_line(error)}). Leave out --original, "
            "or get the file in another way and name it with --data PATH."
        )


def read_columns(path, used):
    """Return a CSV file as a table, after a strict check of every value of the columns used.

    Ends the run with one line that names the line, the column and the value that is wrong.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.BytesIO(read_bytes(path)),
                dtype=str,
                index_col=False,
                keep_default_na=False,
                skip_blank_lines=False,  # they count when a line is named
                encoding="utf-8-sig",  # spreadsheets put an invisible mark first
            )
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror}). Name a CSV file.")
    except (ValueError, pd.errors.ParserWarning) as error:
        fail(f"{path} is not a proper CSV file ({one_line(error)}). Name another file.")

    # pandas gives a second column of one name another name.
    if twice := [name for name in used if f"{name}.1" in table.columns]:
        fail(f"{path} has more than one column {', '.join(twice)}. Leave one.")
    missing = [name for name in used if name not in table.columns]
    if missing:
        fail(f"{path} has no column {', '.join(missing)}. These are needed: {', '.join(used)}.")
    table = table[(table != "").any(axis=1)]
    if table.empty:
        fail(f"{path} has column names, but no customers. Add rows, or name another file.")
    for name in used:
        texts = table[name]
        if name in CATEGORIES:
            good, allowed = texts.isin(CATEGORIES[name]), f"one of {', '.join(CATEGORIES[name])}"
        else:
            values = pd.to_numeric(texts, errors="coerce")
            good, allowed = values.between(0, LARGEST), f"a number from 0 to {LARGEST:,.0f}"
            if name in YES_OR_NO:
                good, allowed = values.isin([0, 1]), "0 or 1"
            table = table.assign(**{name: values})
        if not good.all():
            row = good.idxmin()  # the first False
            found = f'is "{texts[row]}"' if texts[row].strip() else "is missing"
            # Line 1 of the file holds the names, and pandas counts rows from 0.
            fail(f"{path}, line {row + 2}: {name} {found}. It must be {allowed}: correct it.")
    return table


def read_table(path):
    """Return the customers of a CSV file to train on: with the target, and enough of them."""
    table = read_columns(path, [*CATEGORIES, *NUMBERS, TARGET])
    stayed, left = ((table[TARGET] == value).sum() for value in (0, 1))
    if min(stayed, left) < 10:  # too few to be split
        fail(f"{path}: {stayed} customers stayed and {left} left. Give at least 10 of each.")
    return table


def load_customers(args):
    """Return the table that the options name: the project's, the reader's or the public one."""
    return read_table(download() if args.original else args.data)
