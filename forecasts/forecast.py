"""Forecast a time series with ten methods, from the last value to an LSTM, and compare them.

    python forecasts/forecast.py                  # traffic, an hour ahead
    python forecasts/forecast.py --horizon 24     # traffic, the next 24 hours
    python forecasts/forecast.py --data CSV --time COLUMN --value COLUMN --horizon 7  # your series
    python forecasts/forecast.py --model RUN --data NEWER.csv  # what comes next, without training

You will see what was found in the data, a line for each method with its mean absolute error on the
validation part and on the test part, which method is recommended, and what it says of the steps
after the last row, also in `forecast.csv`. About two minutes on two cores.
Chapter: forecasts/README.md#a-forecast
"""

from chapter import OUTPUTS

import time
from pathlib import Path

import numpy as np

from forecasts import window_networks as networks
from forecasts.future import continue_with, forecast_future, load_kept, write_table
from forecasts.methods import Boosting, Data, Linear, SeasonalNaive, check_length
from forecasts.repair import load_days
from forecasts.scores import (
    LEAST_BLOCKS,
    absolute_errors,
    bootstrap,
    draw,
    draw_forecasts,
    recommend,
    spoken,
)
from forecasts.series import load_series, load_traffic
from utils.options import make_parser, positive, seed
from utils.runs import fail, find_run, make_folder, save_results

HORIZON = 1  # steps ahead
HISTORY = None  # values that each method sees before the forecast; None: two seasons, at most 48
SEEDS = 1  # training runs of each method that begins at random
SEED = 1


def make_methods(series, seed=1, epochs=networks.EPOCHS):
    """Return {name: method}, the simplest first, none of them fitted yet."""
    ago = {f"{season}_steps_ago": SeasonalNaive(season) for season in series.seasons}
    readers = {
        "perceptron": networks.perceptron,
        "dilated_convolution": networks.dilated_convolution,
        "GRU": networks.gru,
        "LSTM": networks.lstm,
    }
    return {
        "last_value": SeasonalNaive(1),
        **ago,
        "ridge": Linear(dummies=False),
        "ridge_with_dummies": Linear(),
        "gradient_boosting": Boosting(seed),
        **{name: networks.Network(read, seed, epochs) for name, read in readers.items()},
    }


def load(args, read, seasons, days=()):
    """Return the series that the options ask for; say what was found in it.

    read: the columns of times and of values, and the marks of thousands and decimals.
    """
    if args.data is None:
        series = load_traffic(seasons)
    else:
        days = load_days(args.holidays) if args.holidays else days
        series = load_series(args.data, *read[:2], seasons, days, args.date_format, read[2:])
    print("\n".join(series.notes))
    return series


def try_method(name, methods, data):
    """Fit a method, made once per seed; return scores, mean errors by part, and the last one."""
    errors, seconds = {"validation": [], "test": []}, []
    for method in methods:
        start = time.perf_counter()
        method.fit(data)
        seconds.append(time.perf_counter() - start)
        for part, values in errors.items():
            values.append(absolute_errors(method, data.starts[part]))
    scores = {"parameters": method.parameters, "seconds": min(seconds)}
    for part, values in errors.items():
        scores[part] = bootstrap(np.mean(values, axis=0), data)
        scores[part]["seeds"] = [float(np.nanmean(value)) for value in values]
    texts = ["{mean:8.4g} ({low:.4g} to {high:.4g})".format(**scores[part]) for part in errors]
    print(
        f"{spoken(name):24}{scores['seconds']:7.1f} s   " + "".join(f"{text:30}" for text in texts)
    )
    return scores, {part: np.mean(values, axis=0) for part, values in errors.items()}, method


def parse_arguments(argv):
    parser = make_parser("Forecasts a time series with ten methods.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--data", type=Path, metavar="CSV", help="your own table; None: the traffic")
    add("--time", metavar="COLUMN", help="its column of times")
    add("--value", metavar="COLUMN", help="its column of numbers")
    add("--date-format", metavar="FORMAT", help="of the times: %%d/%%m/%%Y; None: found out")
    add("--thousands", metavar="MARK", choices=list(",. '"), help="as in 1,282; None: no mark")
    add("--decimal", metavar="MARK", choices=list(".,"), help="as in 1.5 or 1,5; None: a point")
    add("--horizon", type=count, default=HORIZON, help="steps ahead")
    add("--season", type=count, nargs="+", metavar="STEPS", help="None: the usual ones")
    add("--history", type=count, default=HISTORY, help="values that each method sees")
    add("--seeds", type=positive(int, 1000), default=SEEDS, help="runs of each random method")
    add("--seed", type=seed, default=SEED, help="of the first of these runs")
    add("--methods", nargs="+", metavar="METHOD", help="only these, such as ridge GRU; None: all")
    add("--holidays", type=Path, metavar="FILE", help="days such as 2026-12-25, one in each line")
    add("--model", metavar="RUN", help="go on from this run with newer --data, without training")
    add("--epochs", type=count, default=networks.EPOCHS, help="of the networks, at most")
    args = parser.parse_args(argv)
    if (args.model or args.holidays) and not args.data:
        parser.error("--model and --holidays need --data: a file of yours")
    if args.model:
        return args
    if (args.data is None) != (args.time is None) or (args.data is None) != (args.value is None):
        parser.error("--data, --time and --value belong together")
    return args


def go_on(args, argv, read):
    """Forecast what comes after the values of a newer file, with what a run has kept."""
    run = find_run(args.model, OUTPUTS)
    kept = load_kept(run)
    read = [new or old for new, old in zip(read, kept["read"], strict=True)]
    series = load(args, read, kept["seasons"], kept["days"])
    table = continue_with(make_methods(series), kept, series, run)
    folder = make_folder(args.outputs)
    print(f"What comes next, by {spoken(kept['method'])}:")
    future = write_table(table, series.unit, kept["holds"], folder)
    coming = series, table, spoken(kept["method"])
    draw_forecasts({}, {}, read[1], folder / "forecast.png", coming)
    return save_results({"method": kept["method"]} | future, folder, __file__, argv)


def main(argv=None):
    """Return what was found in the series, the scores of each method, and what comes next."""
    args = parse_arguments(argv)
    read = [args.time, args.value, args.thousands, args.decimal]
    if args.model:
        return go_on(args, argv, read)
    series = load(args, read, args.season)
    history = args.history or min(2 * series.seasons[-1], 48)
    data = Data(series, history, args.horizon)
    check_length(data)
    of_seeds = [make_methods(series, args.seed + i, args.epochs) for i in range(args.seeds)]
    if unknown := set(args.methods or []) - set(of_seeds[0]):
        fail(f"there is no method {', '.join(unknown)}, but {', '.join(of_seeds[0])}")
    folder = make_folder(args.outputs)
    scores, errors, fitted = {}, {"validation": {}, "test": {}}, {}
    print(f"{'mean absolute error':36}{'validation (95 % interval)':30}test")
    for name, first in of_seeds[0].items():
        if args.methods and name not in args.methods:
            continue
        random = hasattr(first, "seed")
        methods = [one[name] for one in of_seeds] if random else [first]
        scores[name], of_parts, fitted[name] = try_method(name, methods, data)
        for part, values in of_parts.items():
            errors[part][name] = values

    chosen, best = recommend(errors["validation"], data)
    print(f"Best on the validation part: {spoken(best)}.")
    print(f"Recommended, the simplest not shown to be worse: {spoken(chosen)}.")
    count, needed = len(data.starts["validation"]), LEAST_BLOCKS * data.block
    if count < needed:
        print(f"Too few windows to be sure: {count}, and not the {needed} of ten blocks.")
    if not args.data:
        read[:2] = "date_time", "traffic_volume"
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
