"""Machinery of the book: two leaks in a forecast of the traffic, and what they pretend.

    python book/leakage.py

A leak is a way by which the future gets into what a method learns from. First leak: all windows are
split at random, not in time, so that a test window overlaps with training windows. Second leak:
mean and deviation for the scaling are those of the whole series. Printed is the error of the next
24 hours with and without them, on the same windows of 2018. About two minutes on two cores.
"""

from chapter import OUTPUTS

from functools import partial

import numpy as np

import methods
from scores import absolute_errors
from series import load_traffic
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

HORIZON, HISTORY = 24, 48
SEEDS = 3
SHARES = (0.7, 0.85)  # where validation and test begin in the shuffled windows
METHODS = {
    "perceptron": partial(methods.network, methods.perceptron),
    "gradient_boosting": methods.boosting,
}


def make_leaky(series):
    """Return Data whose windows are split at random, and those of its test that lie in 2018."""
    data = methods.Data(series, HISTORY, HORIZON)
    starts = np.random.default_rng(0).permutation(np.concatenate(list(data.starts.values())))
    parts = np.split(starts, [int(share * len(starts)) for share in SHARES])
    data.starts = dict(zip(("train", "validation", "test"), parts, strict=True))
    return data, np.sort(parts[2][parts[2] >= series.cuts[1]])


def scale_with_future(data):
    """Return the data with mean and deviation of the whole series."""
    values = data.series.values
    data.mean, data.deviation = values.mean(), values.std()
    data.scaled = (values - data.mean) / data.deviation
    return data


def errors(method, data, starts, seeds):
    """Return the mean absolute error on the windows at some starts, for each seed and as mean."""
    found = []
    for seed in seeds:
        forecast, _ = method(data=data, seed=seed)
        data.starts["2018"] = starts
        found.append(float(np.nanmean(absolute_errors(forecast, data, "2018"))))
    return {"seeds": found, "mean": float(np.mean(found))}


def main(argv=None):
    parser = make_parser("Measures what leaks pretend.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    series, seeds = load_traffic(), range(1, args.seeds + 1)
    random_split, starts = make_leaky(series)
    ways = {
        "honest": methods.Data(series, HISTORY, HORIZON),
        "split_at_random": random_split,
        "scaled_over_everything": scale_with_future(methods.Data(series, HISTORY, HORIZON)),
    }
    results = {"windows": len(starts)}
    for way, data in ways.items():
        results[way] = {
            name: errors(method, data, starts, seeds) for name, method in METHODS.items()
        }
        shown = ", ".join(f"{name} {one['mean']:.1f}" for name, one in results[way].items())
        print(f"{way:24} {shown}", flush=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
