"""Machinery of the book: two leaks in a forecast of the traffic, and what they pretend.

    python book/leakage.py

A leak is a way by which the future gets into what a network learns from. First leak: the windows up
to the end of 2017 are split at random, not in time, so that a test window overlaps with training
windows. Printed are the error that such a test promises for the next 24 hours, and the one that the
same network then makes in 2018; beside them, both for a split in time. Second leak: mean and
deviation for the scaling are taken from the whole series. About two minutes on two cores.
"""

from chapter import OUTPUTS

import numpy as np

import methods
from scores import absolute_errors
from series import load_traffic
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

HORIZON, HISTORY = 24, 48
SEEDS = 3
SHARES = (0.7, 0.85)  # where validation and test begin


def make_data(series, split):
    """Return Data of all windows before 2018, split in time or at random, and those of 2018."""
    data = methods.Data(series, HISTORY, HORIZON)
    future = data.starts["test"]
    before = np.arange(data.starts["train"][0], series.cuts[1] - HORIZON + 1)
    if split == "random":
        before = np.random.default_rng(0).permutation(before)
    parts = np.split(before, [int(share * len(before)) for share in SHARES])
    data.starts = dict(zip(("train", "validation", "test"), parts, strict=True)) | {"2018": future}
    return data


def scale_with_future(data):
    """Return the data with mean and deviation of the whole series."""
    values = data.series.values
    data.mean, data.deviation = values.mean(), values.std()
    data.scaled = (values - data.mean) / data.deviation
    return data


def errors(data, parts, seeds):
    """Return the mean absolute errors by part, one for each seed."""
    found = {part: [] for part in parts}
    for seed in seeds:
        forecast, _ = methods.network(methods.perceptron, data, seed)
        for part, values in found.items():
            values.append(float(np.nanmean(absolute_errors(forecast, data, part))))
    return {
        part: {"seeds": values, "mean": float(np.mean(values))} for part, values in found.items()
    }


def main(argv=None):
    parser = make_parser("Measures what leaks pretend.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    series, seeds = load_traffic(), range(1, args.seeds + 1)
    results = {}
    for split in ("random", "time"):
        results[split] = errors(make_data(series, split), ("test", "2018"), seeds)
        promised, kept = results[split]["test"]["mean"], results[split]["2018"]["mean"]
        print(f"split {split:8} promises {promised:.1f}, makes {kept:.1f} in 2018")
    clean = methods.Data(series, HISTORY, HORIZON)
    leaky = scale_with_future(methods.Data(series, HISTORY, HORIZON))
    for name, data in (("past", clean), ("everything", leaky)):
        results[f"scaled_{name}"] = errors(data, ("test",), seeds)
        print(f"scaling from {name}: {results[f'scaled_{name}']['test']['mean']:.1f} in 2018")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
