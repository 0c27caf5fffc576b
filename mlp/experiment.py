"""Measures what the churn chapter quotes: each change to the network with several seeds.

    python mlp/experiment.py                    # every change, half an hour on two cores
    python mlp/experiment.py --only base --seeds 5
    python mlp/experiment.py --real PATH        # only the check on real customers

A seed sets the split of the customers and the first weights. With `--real`,
models that learned from all customers of the invented file are tested on those
of another file, such as the public one. The results are printed, and written
to `mlp/outputs/<start time>/churn_experiment.json`.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import churn
import mlp_data_split as lesson

SEEDS = 3
CHANGES = {
    "base": {},
    "no hidden layer": {"hidden": ()},
    "one hidden layer of 6": {"hidden": (6,)},
    "three hidden layers of 6": {"hidden": (6, 6, 6)},
    "2 and 2 neurons": {"hidden": (2, 2)},
    "64 and 64 neurons": {"hidden": (64, 64)},
    "10 epochs": {"epochs": 10},
    "30 epochs": {"epochs": 30},
    "300 epochs": {"epochs": 300},
    "batch size 32": {"batch_size": 32},
    "batch size 500": {"batch_size": 500},
    "learning rate 0.0001": {"learning_rate": 0.0001},
    "learning rate 0.01": {"learning_rate": 0.01},
    "learning rate 0.1": {"learning_rate": 0.1},
    "not scaled": {},
    "country as 0, 1, 2": {},
}


def hyperparameters(change):
    """Return the lesson's constants, with one of them changed."""
    values = {
        "hidden": lesson.HIDDEN,
        "epochs": lesson.EPOCHS,
        "batch_size": lesson.BATCH_SIZE,
        "learning_rate": lesson.LEARNING_RATE,
    }
    return argparse.Namespace(**values | CHANGES[change])


def preprocessor(change):
    """Return the lesson's preprocessor, or the one of a change to it."""
    usual = churn.make_preprocessor()
    if change == "not scaled":
        return usual[:1]
    if change == "country as 0, 1, 2":
        codes = OrdinalEncoder(categories=list(churn.CATEGORIES.values()))
        columns = [("codes", codes, list(churn.CATEGORIES)), ("n", "passthrough", churn.NUMBERS)]
        scaled = make_pipeline(ColumnTransformer(columns), StandardScaler())
        return scaled.set_output(transform="pandas")
    return usual


def measure(change, seeds):
    """Train and test one change with each seed; return the scores of each model as lists."""
    customers = churn.read_table(churn.DATA)
    options = hyperparameters(change)
    scores = {}
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        train, test = lesson.split(customers, seed)
        X_train, X_test, y_train, y_test = lesson.prepare(train, test, preprocessor(change))
        start = time.perf_counter()
        network, _ = lesson.train_network(X_train, y_train, options, verbose=0)
        seconds = time.perf_counter() - start
        record(scores, "neural network", y_test, network.predict(X_test, verbose=0)[:, 0])
        scores["neural network"].setdefault("seconds", []).append(round(seconds, 1))
        if vars(options) == vars(hyperparameters("base")):  # the others know no epochs
            for name, model in lesson.train_others(X_train, y_train, seed).items():
                record(scores, name, y_test, model.predict_proba(X_test)[:, 1])
    return scores


def measure_on_real(path, seeds):
    """Train on all invented customers and test on those of another file."""
    invented, real = churn.read_table(churn.DATA), churn.read_table(path)
    X, X_real, y, y_real = lesson.prepare(invented, real, churn.make_preprocessor())
    options = hyperparameters("base")
    scores = {}
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        network, _ = lesson.train_network(X, y, options, verbose=0)
        record(scores, "neural network", y_real, network.predict(X_real, verbose=0)[:, 0])
        for name, model in lesson.train_others(X, y, seed).items():
            record(scores, name, y_real, model.predict_proba(X_real)[:, 1])
    return scores


def record(scores, name, y, probability):
    """Append accuracy and AUC of one model to its lists."""
    judged = lesson.judge(y, probability)
    for key in ("accuracy", "auc"):
        scores.setdefault(name, {}).setdefault(key, []).append(round(judged[key], 4))


def show(change, scores):
    """Print mean and standard deviation over the seeds."""
    for name, lists in scores.items():
        accuracy, auc = (np.array(lists[key]) for key in ("accuracy", "auc"))
        deviation = [values.std(ddof=1) if len(values) > 1 else 0.0 for values in (accuracy, auc)]
        print(
            f"{change:26} {name:20} accuracy {accuracy.mean():.1%} +- {deviation[0]:.1%}"
            f"  AUC {auc.mean():.3f} +- {deviation[1]:.3f}",
            flush=True,
        )


def main(argv=None):
    parser = argparse.ArgumentParser(
        description="Measures what changes to the churn network do.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=CHANGES, help="changes to measure")
    parser.add_argument("--seeds", type=churn.number(int, 0), default=SEEDS, help="seeds for each")
    parser.add_argument("--real", type=Path, help="CSV file of real customers to test on")
    parser.add_argument("--outputs", type=Path, help="folder for the results")
    options = parser.parse_args(argv)
    outputs = churn.make_outputs(options.outputs)

    results = {}
    if options.real:
        results["invented to real"] = measure_on_real(options.real, options.seeds)
        show("invented to real", results["invented to real"])
    for change in options.only or ([] if options.real else CHANGES):
        results[change] = measure(change, options.seeds)
        show(change, results[change])
    about = {
        "command": " ".join(
            ["python mlp/experiment.py", *(sys.argv[1:] if argv is None else argv)]
        ),
        "backend": keras.backend.backend(),
        "versions": {m.__name__: m.__version__ for m in (keras, np, pd, sklearn)},
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "seeds": list(range(options.seeds)),
    }
    path = outputs / "churn_experiment.json"
    path.write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")
    print(path)
    return results


if __name__ == "__main__":
    main()
