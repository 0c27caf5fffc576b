"""Two leaks in a forecast of the traffic, and what they pretend.

    python forecasts/leakage.py
    python forecasts/leakage.py --seeds 1

A leak is a way by which the future gets into what a method learns from. First leak: all windows are
split at random, not in time, so that a test window overlaps with training windows. Second leak:
mean and deviation for the scaling are those of the whole series. You will see the error of the next
24 hours with and without them, on the same windows of 2018. Three to four minutes on two cores, one
with --seeds 1.
Chapter: forecasts/README.md#leaks
"""

from chapter import OUTPUTS

import numpy as np

from forecasts.methods import Boosting
from forecasts.scores import absolute_errors
from forecasts.series import load_traffic
from forecasts.window_networks import Network, perceptron
from forecasts.windows import Data
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

HORIZON, HISTORY = 24, 48
SEEDS = 3
SHARES = (0.7, 0.85)  # where validation and test begin in the shuffled windows


def split_at_random(series):
    """Return Data with its windows split at random, and where those of its test in 2018 begin."""
    data = Data(series, HISTORY, HORIZON)
    starts = np.random.default_rng(0).permutation(np.concatenate(list(data.starts.values())))
    parts = np.split(starts, [int(share * len(starts)) for share in SHARES])
    data.starts = dict(zip(data.starts, parts, strict=True))
    return data, np.sort(parts[2][parts[2] >= series.cuts[1]])


def mean_error(method, data, starts):
    """Fit a method; return its mean absolute error on the windows that begin at starts."""
    return float(np.nanmean(absolute_errors(method.fit(data), starts)))


def main(argv=None):
    """Return the errors with and without each leak: a list with one for each seed, and its mean."""
    parser = make_parser("Measures what leaks pretend.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder, series = make_folder(args.outputs), load_traffic()
    leaky, starts = split_at_random(series)
    everything = series.values.mean(), series.values.std()
    ways = {
        "honest": Data(series, HISTORY, HORIZON),
        "split_at_random": leaky,
        "scaled_over_everything": Data(series, HISTORY, HORIZON, scale=everything),
    }
    results, first = {"windows": len(starts)}, {}
    for way, data in ways.items():
        found = {"perceptron": [], "gradient_boosting": []}
        for seed in range(1, args.seeds + 1):
            methods = Network(perceptron, seed), Boosting(seed)
            for name, method in zip(found, methods, strict=True):
                if name in first:  # the setting that the honest split has chosen
                    method.settle(first[name])
                found[name].append(mean_error(method, data, starts))
                first.setdefault(name, method)
        results[way] = {
            name: {"seeds": errors, "mean": float(np.mean(errors))}
            for name, errors in found.items()
        }
        shown = (f"{name} {one['mean']:.1f}" for name, one in results[way].items())
        print(f"{way:24} {', '.join(shown)}", flush=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
