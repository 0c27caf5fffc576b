"""Measures what the churn chapter quotes: each change to the network, with several seeds.

    python mlp/experiments.py                    # every change, half an hour on two cores
    python mlp/experiments.py --only base --seeds 5
    python mlp/experiments.py --real PATH        # only the check on real customers

A seed sets the split of the customers and the first weights, so that a change
and the network as it is ("base") learn from the same customers and are tested
on the same ones. With `--real`, models that learned from the invented file are
tested on another file, such as the public one. Results are printed and written
to `mlp/outputs/<start time>/results.json`.
Chapter: mlp/README.md#churn-experiment
"""

from chapter import OUTPUTS

import argparse
import time
from pathlib import Path

import keras
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import churn
import mlp_data_split as lesson
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_and_deviation

SEEDS = 3
CHANGES = {
    "base": {},
    "no_hidden_layer": {"hidden": ()},
    "one_hidden_layer": {"hidden": (6,)},
    "three_hidden_layers": {"hidden": (6, 6, 6)},
    "hidden_2_2": {"hidden": (2, 2)},
    "hidden_64_64": {"hidden": (64, 64)},
    "epochs_10": {"epochs": 10},
    "epochs_30": {"epochs": 30},
    "epochs_300": {"epochs": 300},
    "batch_size_32": {"batch_size": 32},
    "batch_size_500": {"batch_size": 500},
    "learning_rate_0_0001": {"learning_rate": 0.0001},
    "learning_rate_0_01": {"learning_rate": 0.01},
    "learning_rate_0_1": {"learning_rate": 0.1},
    "not_scaled": {},
    "country_as_number": {},
}


def hyperparameters(change, most_epochs):
    """Return the lesson's constants, with one of them changed."""
    values = {
        "hidden": lesson.HIDDEN,
        "epochs": lesson.EPOCHS,
        "batch_size": lesson.BATCH_SIZE,
        "learning_rate": lesson.LEARNING_RATE,
    } | CHANGES[change]
    values["epochs"] = min(values["epochs"], most_epochs or values["epochs"])
    return argparse.Namespace(**values)


def make_preprocessor(change):
    """Return the lesson's preprocessor, or what a change makes of it."""
    usual = churn.make_preprocessor()
    if change == "not_scaled":
        return usual[:1]
    if change == "country_as_number":
        codes = OrdinalEncoder(categories=list(churn.CATEGORIES.values()))
        columns = [("codes", codes, list(churn.CATEGORIES)), ("n", "passthrough", churn.NUMBERS)]
        scaled = make_pipeline(ColumnTransformer(columns), StandardScaler())
        return scaled.set_output(transform="pandas")
    return usual


def measure(train, test, change, seed, most_epochs):
    """Train on one table and test on another; return accuracy and AUC of each model by name."""
    keras.utils.set_random_seed(seed)
    X, X_test, y, y_test = lesson.prepare(train, test, make_preprocessor(change))
    start = time.perf_counter()
    options = hyperparameters(change, most_epochs)
    network, history = lesson.train_network(X, y, options, verbose=0)
    seconds = time.perf_counter() - start
    scores = {
        "neural_network": lesson.judge(y_test, network.predict(X_test, verbose=0)[:, 0])
        | {"train_accuracy": history["accuracy"][-1], "seconds": seconds}
    }
    if not CHANGES[change]:  # the other models know no epochs or layers
        for name, model in lesson.train_others(X, y, seed).items():
            scores[name] = lesson.judge(y_test, model.predict_proba(X_test)[:, 1])
    return scores


def summarize(runs):
    """Return mean and standard deviation over the seeds, for each model and score."""
    summary = {}
    for name in runs[0]:
        summary[name] = {}
        for score in runs[0][name]:
            if score == "confusion_matrix":
                continue
            values = [float(run[name][score]) for run in runs]
            mean, deviation = mean_and_deviation(values)
            summary[name] |= {score: mean, f"{score}_sd": deviation}
            summary[name][f"{score}_by_seed"] = [round(value, 4) for value in values]
    return summary


def show(change, summary):
    for name, scores in summary.items():
        accuracy, auc = f"{scores['accuracy']:.1%}", f"{scores['auc']:.3f}"
        if scores["accuracy_sd"] is not None:  # a single seed has no deviation
            accuracy += f" (deviation {scores['accuracy_sd']:.1%})"
            auc += f" ({scores['auc_sd']:.3f})"
        print(f"{change:22} {name:20} accuracy {accuracy}  AUC {auc}", flush=True)


def parse_options(argv):
    parser = make_parser("Measures what changes to the churn network do.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--only", nargs="+", choices=CHANGES, default=list(CHANGES), help="changes to measure")
    add("--seeds", type=count, default=SEEDS, help="how many for each change")
    add("--epochs", type=count, help="stop every training after so many, to try the script")
    add("--real", type=Path, help="CSV file of other customers: only test on these")
    return parser.parse_args(argv)


def main(argv=None):
    options = parse_options(argv)
    folder = make_folder(options.outputs)
    customers = churn.read_table(churn.DATA)
    seeds = range(options.seeds)
    results = {}
    if options.real:
        pairs = {seed: (customers, churn.read_table(options.real)) for seed in seeds}
        changes = {"invented_to_real": "base"}
    else:
        pairs = {seed: lesson.split(customers, seed) for seed in seeds}
        changes = {change: change for change in options.only}
    for title, change in changes.items():
        runs = [measure(*pairs[seed], change, seed, options.epochs) for seed in seeds]
        results[title] = summarize(runs)
        show(title, results[title])
    return save_results(results | {"seeds": options.seeds}, folder, __file__, argv)


if __name__ == "__main__":
    main()
