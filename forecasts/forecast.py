"""Forecast a time series with eight methods, from the last value to a GRU, and compare them.

    python forecasts/forecast.py                  # traffic, an hour ahead
    python forecasts/forecast.py --horizon 24     # traffic, the next 24 hours
    python forecasts/forecast.py --data CSV --time COLUMN --value COLUMN --horizon 7  # your series

You will see what was found in the data, the settings that each method tries, with their errors on
the validation part; then its mean absolute error there and on the test part, which method is
recommended, and what it says of the steps after the last row, also in `forecast.csv`. `go_on.py`
forecasts newer values with the run, without training. About two minutes on two cores.
Chapter: forecasts/README.md#a-forecast
"""

from chapter import OUTPUTS

from pathlib import Path

import numpy as np

from forecasts.future import forecast_future, write_table
from forecasts.methods import Boosting, Data, Linear, SeasonalNaive, check_length
from forecasts.repair import load_days
from forecasts.scores import LEAST_BLOCKS, absolute_errors, bootstrap, draw, recommend, spoken
from forecasts.series import load_series, load_traffic
from forecasts.window_networks import EPOCHS, Network, gru, perceptron
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, save_results

HORIZON = 1  # steps ahead
HISTORY = None  # values that each method sees before the forecast; None: two seasons, at most 48
SEEDS = 1  # training runs of each method that begins at random
SEED = 1


def make_methods(series, seed=1, epochs=EPOCHS):
    """Return {name: method}, the simplest first, none of them fitted yet."""
    ago = {f"{season}_steps_ago": SeasonalNaive(season) for season in series.seasons}
    return {
        "last_value": SeasonalNaive(1),
        **ago,
        "ridge": Linear(dummies=False),
        "ridge_with_dummies": Linear(),
        "gradient_boosting": Boosting(seed),
        "perceptron": Network(perceptron, seed, epochs),
        "GRU": Network(gru, seed, epochs),
    }


def summarize(name, data, errors):
    """Print and return the scores of a method; errors: {part: (windows, horizon) of each seed}."""
    scores = {}
    for part, values in errors.items():
        scores[part] = bootstrap(np.mean(values, axis=0), data)
        scores[part]["seeds"] = [float(np.nanmean(value)) for value in values]
    texts = ["{mean:8.4g} ({low:.4g} to {high:.4g})".format(**scores[part]) for part in errors]
    print(f"{spoken(name):24}{texts[0]:30}{texts[1]}")
    return scores


def add_columns(parser):
    """Add the options that say how to read a table."""
    add = parser.add_argument
    add("--time", metavar="COLUMN", help="its column of times")
    add("--value", metavar="COLUMN", help="its column of numbers")
    add("--date-format", metavar="FORMAT", help="of the times: %%d/%%m/%%Y; None: found out")
    add("--thousands", metavar="MARK", choices=list(",. '"), help="as in 1,282; None: no mark")
    add("--decimal", metavar="MARK", choices=list(".,"), help="as in 1.5 or 1,5; None: a point")
    add("--holidays", type=Path, metavar="FILE", help="days such as 2026-12-25, one in each line")


def parse_arguments(argv):
    parser = make_parser("Forecasts a time series with eight methods.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--data", type=Path, metavar="CSV", help="your own table; None: the traffic")
    add_columns(parser)
    add("--horizon", type=count, default=HORIZON, help="steps ahead")
    add("--season", type=count, nargs="+", metavar="STEPS", help="None: the usual ones")
    add("--history", type=count, default=HISTORY, help="values that each method sees")
    add("--seeds", type=positive(int, 1000), default=SEEDS, help="runs of each random method")
    add("--seed", type=seed, default=SEED, help="of the first of these runs")
    add("--methods", nargs="+", metavar="METHOD", help="only these, such as ridge GRU; None: all")
    add("--epochs", type=count, default=EPOCHS, help="of the networks, at most")
    args = parser.parse_args(argv)
    if (args.data is None) != (args.time is None) or (args.data is None) != (args.value is None):
        parser.error("--data, --time and --value belong together")
    if args.holidays and not args.data:
        parser.error("--holidays needs --data: a file of yours")
    return args


def main(argv=None):
    """Return what was found in the series, the scores of each method, and what comes next."""
    args = parse_arguments(argv)

    # The series, and its windows in three parts.
    read = [args.time, args.value, args.thousands, args.decimal]
    if args.data:
        days = load_days(args.holidays) if args.holidays else ()
        series = load_series(args.data, *read[:2], args.season, days, args.date_format, read[2:])
    else:
        series = load_traffic(args.season)
        read = ["date_time", "traffic_volume", None, None]
    print("\n".join(series.notes))
    history = args.history or min(2 * series.seasons[-1], 48)
    data = Data(series, history, args.horizon)
    check_length(data)
    of_seeds = [make_methods(series, args.seed + i, args.epochs) for i in range(args.seeds)]
    if unknown := set(args.methods or []) - set(of_seeds[0]):
        fail(f"there is no method {', '.join(unknown)}, but {', '.join(of_seeds[0])}")
    folder = make_folder(args.outputs)

    # Fit each method, one that begins at random once for each seed, and see how far it is off.
    scores, fitted, errors = {}, {}, {"validation": {}, "test": {}}
    print(f"{'mean absolute error':24}{'validation (95 % interval)':30}test")
    for name, first in of_seeds[0].items():
        if args.methods and name not in args.methods:
            continue
        found = {part: [] for part in errors}
        for methods in of_seeds if hasattr(first, "seed") else of_seeds[:1]:
            if name in fitted:
                methods[name].settle(first)
            fitted[name] = methods[name].fit(data)
            for part, values in found.items():
                values.append(absolute_errors(fitted[name], data.starts[part]))
        scores[name] = {"parameters": first.parameters} | summarize(name, data, found)
        scores[name]["tuned"] = getattr(first, "tuned", None)
        for part, values in found.items():
            errors[part][name] = np.mean(values, axis=0)

    # The validation part chooses.
    chosen, best = recommend(errors["validation"], data)
    print(f"Best on the validation part: {spoken(best)}.")
    print(f"Recommended, the simplest not shown to be worse: {spoken(chosen)}.")
    count, needed = len(data.starts["validation"]), LEAST_BLOCKS * data.block
    if count < needed:
        print(f"Too few windows to be sure: {count}, and not the {needed} of ten blocks.")

    # What comes after the last row.
    table, holds = forecast_future(chosen, fitted[chosen], read, folder)
    print(f"What comes next, by {spoken(chosen)}, fitted again on all values:")
    future = write_table(table, series.unit, holds, folder)
    shown = dict.fromkeys([f"{series.seasons[-1]}_steps_ago", chosen, best, "GRU"])
    of_shown = {name: (fitted[name], errors["test"][name]) for name in shown if name in scores}
    label = args.value or "vehicles an hour"
    draw(of_shown, args.horizon, label, (series, table, spoken(chosen)), folder)
    results = {
        "notes": series.notes,
        "windows": {part: len(starts) for part, starts in data.starts.items()},
        "methods": scores,
        "best": best,
        "recommended": chosen,
        # How much worse than the recommended method each one is on the test part, in pairs.
        "behind": {
            name: bootstrap(values - errors["test"][chosen], data)
            for name, values in errors["test"].items()
        },
        **future,
    }
    return save_results(results, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
