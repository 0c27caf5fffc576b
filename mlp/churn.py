"""What the lessons of this chapter share: the customers, their thirteen inputs, the network.

The README shows the first half; the second half reads the options and, strictly, the customers.
Chapter: mlp/README.md#preparing
"""

import io
import warnings
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import pandas as pd
from keras import layers
from sklearn import metrics
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from utils import options
from utils.runs import fail, read_bytes, replacing

# RowNumber, CustomerId and Surname tell customers apart, and are left out.
CATEGORIES = {"Geography": ["France", "Germany", "Spain"], "Gender": ["Female", "Male"]}
NUMBERS = ["CreditScore", "Age", "Tenure", "Balance", "NumOfProducts"]
NUMBERS += ["HasCrCard", "IsActiveMember", "EstimatedSalary"]
TARGET = "Exited"
# One input for each category, and one for each number: 13.
INPUTS = sum(map(len, CATEGORIES.values())) + len(NUMBERS)

YES_OR_NO = ["HasCrCard", "IsActiveMember", TARGET]
LARGEST = 1e9  # of a number; 1e300 is infinite in float32, and nothing here is negative
FEWEST = 10  # customers who stayed, and who left: fewer cannot be split
DATA = Path(__file__).resolve().parent / "Churn_Modelling.csv"
ORIGINAL_URL = (
    "https://raw.githubusercontent.com/fractus-io/keras-tutorial/master/src/mlp/Churn_Modelling.csv"
)
ORIGINAL_SHA256 = "3996cd1fa372e0db0cd9c0ebac35bbd4e8e3c65fb942bb010c826e7b1eeef0a0"


def make_encoder():
    """Return what turns a table of customers into 13 numbers each, in a fixed order.

    A word that is none of the categories makes all inputs of its column 0.
    """
    values = list(CATEGORIES.values())
    one_hot = OneHotEncoder(categories=values, handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [("categories", one_hot, list(CATEGORIES)), ("numbers", "passthrough", NUMBERS)],
        verbose_feature_names_out=False,
    )


def make_preprocessor():
    """Return what turns a table of customers into the 13 inputs of the network.

    `fit` learns the mean and the standard deviation of every input, `transform`
    scales each to mean 0 and standard deviation 1.
    """
    return make_pipeline(make_encoder(), StandardScaler()).set_output(transform="pandas")


def build_model(hidden, inputs=INPUTS):
    """Return an MLP: the inputs, hidden layers of these sizes, one probability."""
    return keras.Sequential(
        [
            keras.Input(shape=(inputs,)),
            *(layers.Dense(neurons, activation="relu") for neurons in hidden),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def steps_at_once():
    """Return how many steps the back end should take before it comes back to Keras."""
    return 1 if keras.config.backend() == "torch" else 50  # PyTorch refuses more than one


def draw_history(history, path):
    """Draw loss and accuracy, epoch by epoch, on training and, where known, validation data."""
    figure, panels = plt.subplots(1, 2, figsize=(9.6, 3.8))
    for axes, key in zip(panels, ("loss", "accuracy"), strict=True):
        for name, label, dashes in ((key, "training", "-"), (f"val_{key}", "validation", "--")):
            if name in history:  # a line of one point would not be seen
                epochs = range(1, len(history[name]) + 1)
                axes.plot(epochs, history[name], dashes if len(epochs) > 1 else "o", label=label)
        axes.set(title=key.capitalize(), xlabel="Epoch")
    axes.legend()
    with replacing(path) as partial:
        figure.savefig(partial)
    plt.close(figure)


def draw_curves(y, probabilities, points, path):
    """Draw ROC and precision-recall curves of the models, and on the latter the thresholds."""
    figure, (roc, pr) = plt.subplots(1, 2, figsize=(10.4, 5))
    for (name, p), dashes in zip(probabilities.items(), (":", "-.", "--", "-"), strict=True):
        reported, found, _ = metrics.roc_curve(y, p)
        roc.plot(reported, found, dashes, label=name.replace("_", " "))
        precision, recall, _ = metrics.precision_recall_curve(y, p)
        precision[-1] = precision[-2]  # the last point, (0, 1), is not that of a threshold
        pr.plot(recall, precision, dashes, drawstyle="steps-post")
    for point in (one for one in (points["usual"], points["calculated"]) if one["calls"]):
        place = (point["leavers"] / y.sum(), point["leavers"] / point["calls"])
        pr.plot(*place, "ko")
        pr.text(*place, f"{point['threshold']:.1f}  ", ha="right", va="top")
    recall = "share of those who left that is reported"
    roc.set(title="ROC", xlabel=recall.replace("left", "stayed"), ylabel=recall)
    pr.set(title="Precision and recall", xlabel=f"{recall} (recall)")
    pr.set_ylabel("share of the reported who left (precision)")
    roc.legend(loc="lower right")
    with replacing(path) as partial:
        figure.savefig(partial)
    plt.close(figure)


# From here on: the options, and the table of customers.


def lesson_parser(about, outputs, hidden, epochs, batch_size, learning_rate, seed):
    """Return the parser of the first two lessons, with the lesson's constants as defaults."""
    parser = options.make_parser(about, outputs)
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


def load_customers(path, original=False):
    """Return the customers of a CSV file to train on: with the target, and enough of them.

    original: the public file, which is downloaded, in place of this one.
    """
    table = read_columns(download() if original else path, [*CATEGORIES, *NUMBERS, TARGET])
    stayed, left = ((table[TARGET] == value).sum() for value in (0, 1))
    if min(stayed, left) < FEWEST:
        fail(f"{path}: {stayed} customers stayed and {left} left. Give at least {FEWEST} of each.")
    return table


def download():
    """Return the path of the public file, which Keras keeps in `~/.keras/datasets/`."""
    name = "Churn_Modelling_original.csv"
    try:
        return keras.utils.get_file(name, origin=ORIGINAL_URL, file_hash=ORIGINAL_SHA256)
    except Exception as error:  # without a network get_file raises just that
        fail(f"the download failed ({error}). Name a file that you have: --data PATH.")


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
        fail(f"{path} is not a proper CSV file ({error}). Name another file.")

    # pandas gives a second column of one name another name.
    if twice := [name for name in used if f"{name}.1" in table.columns]:
        fail(f"{path} has more than one column {', '.join(twice)}. Leave one.")
    if missing := [name for name in used if name not in table.columns]:
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
