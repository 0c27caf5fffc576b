"""Machinery of the book: what fifty steps at a time save on churn, and how fast boosting is.

    python book/timings/churn_seconds.py

Trains the network of the churn chapter one step at a time and fifty at a time, and gradient
boosting, in turn, all on the same 6,000 customers; the shortest time of each counts, which other
work on the machine has disturbed least. Less than a minute.
"""

from chapter import OUTPUTS

import time

import keras

from mlp import churn
from mlp import evaluation as lesson
from utils.options import make_parser
from utils.runs import make_folder, save_results

ROUNDS = 4
EPOCHS = 2  # in each round, after one that builds what TensorFlow runs


def make_network(steps):
    """Return a function that trains the network with so many steps at a time."""
    model = churn.build_model(lesson.HIDDEN)
    model.compile(
        optimizer="adam",
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps,
    )

    def train(X, y):
        model.fit(X, y, batch_size=lesson.BATCH_SIZE, epochs=EPOCHS, verbose=0)

    return train


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main(argv=None):
    """Return the seconds of an epoch at 1 and 50 steps at a time, and of fitting boosting."""
    folder = make_folder(make_parser("Seconds on churn.", OUTPUTS).parse_args(argv).outputs)
    keras.utils.set_random_seed(lesson.SEED)
    customers = churn.load_customers(churn.DATA)
    parts = lesson.split(customers, lesson.SEED)
    (X, y), *_ = lesson.prepare_parts(parts, churn.make_preprocessor())
    networks = {"single": make_network(1), "fifty": make_network(50)}
    for train in networks.values():
        train(X, y)
    boosting = lesson.GradientBoostingClassifier(random_state=lesson.SEED)
    measured = {"single": [], "fifty": [], "boosting": []}
    for _ in range(ROUNDS):
        for name, train in networks.items():
            measured[name].append(seconds(train, X, y) / EPOCHS)
        measured["boosting"].append(seconds(boosting.fit, X, y))
    results = {name: min(times) for name, times in measured.items()}
    results["network"] = lesson.EPOCHS * results["fifty"]  # the whole training
    for name, value in results.items():
        print(f"{name:10}{value:8.2f} s")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
