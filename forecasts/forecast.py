"""Forecast a time series with up to nine methods, from the last value to a GRU, and compare.

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

from forecasts.future import find_days, forecast_future, load_days, write_table
from forecasts.methods import Boosting, Linear, SeasonalNaive
from forecasts.rolling import Rolled, tuning
from forecasts.scores import absolute_errors, bootstrap, check_length, draw, recommend, spoken
from forecasts.series import LONG, load_series, load_traffic, mark
from forecasts.smoothing import LONGEST, Smoothing
from forecasts.window_networks import EPOCHS, Network, gru, perceptron
from forecasts.windows import Data, usual_history
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, save_results
from utils.tables import DECIMALS

HORIZON = None  # steps ahead; None: as many as rows at the end have no value, or 1
HISTORY = None  # values that each method sees; None: two seasons, within bounds
SEEDS = 1  # training runs of each method that begins at random
SEED = 1


def make_methods(series, seed=1, epochs=EPOCHS):
    """Return {name: method}, the simplest first, none of them fitted yet."""
    ago = {f"{season}_steps_ago": SeasonalNaive(season) for season in series.seasons if season > 1}
    naive = {"last_value": SeasonalNaive(1)} | ago
    season, *others = series.seasons
    if season <= LONGEST and not others:
        naive[f"{[*naive][-1]}_with_drift"] = SeasonalNaive(season, drift=True)
        naive["exponential_smoothing"] = Smoothing()
    return {
        **naive,
        "ridge": Linear(dummies=False),
        "ridge_with_dummies": Linear(),
        "gradient_boosting": Boosting(seed),
        "perceptron": Network(perceptron, seed, epochs),
        "GRU": Network(gru, seed, epochs),
    }


def read_series(args, seasons=None, usual=None):
    """Return the Series that the options name; usual: the form of a file of the same origin."""
    options = {"decimal": args.decimal, "encoding": args.encoding, "usual": usual}
    series = load_series(args.data, args.time, args.value, seasons, (), args.date_format, **options)
    find_holidays(series, args)
    return series


def find_holidays(series, args):
    """Mark the holidays that the options name."""
    if args.country:
        series.days = find_days(args.country, series.times)
    if args.holidays:
        series.days = (*series.days, *load_days(args.holidays))
    series.holiday = mark(series.times, series.days, series.unit)


def summarize(name, data, errors):
    """Print and return the scores of a method; errors: {part: (windows, horizon) of each seed}."""
    scores = {}
    for part, values in errors.items():
        scores[part] = bootstrap(np.mean(values, axis=0), data)
        scores[part]["seeds"] = [float(np.nanmean(value)) for value in values]
    change, _ = data.mean_change()
    scores["MASE"] = scores["test"]["mean"] / change if change else None
    texts = ["{mean:.4g} ({low:.4g} to {high:.4g})".format(**scores[part]) for part in errors]
    print(f"{spoken(name):28}{texts[0]:28}{texts[1]:28}{scores['MASE'] or np.nan:.2f}", flush=True)
    return scores


def add_columns(parser):
    """Add the options that say how to read a table."""
    add = parser.add_argument
    add("--time", metavar="COLUMN", help="its column of times")
    add("--value", metavar="COLUMN", help="its column of numbers")
    add("--date-format", metavar="FORMAT", help="of the times: %%d/%%m/%%Y; None: found out")
    add("--decimal", choices=DECIMALS, help="mark before decimals; None: found out")
    add("--encoding", help="of the file, such as cp1252; None: found out")
    add("--country", metavar="DE", help="whose holidays count; also a part of one, such as DE-BY")
    add("--holidays", type=Path, metavar="FILE", help="days such as 2026-12-25, one in each line")


def parse_arguments(argv):
    parser = make_parser("Forecasts a time series with up to nine methods.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--data", type=Path, metavar="FILE", help="your own table; None: the traffic")
    add_columns(parser)
    add("--log", action="store_true", help="learn logarithms: of what grows by shares")
    add("--horizon", type=count, default=HORIZON, help="steps ahead; None: the rows to come, or 1")
    add("--season", type=count, nargs="+", metavar="STEPS", help="None: the usual ones")
    add("--history", type=count, default=HISTORY, help="values that each method sees")
    add("--seeds", type=positive(int, 1000), default=SEEDS, help="runs of each random method")
    add("--seed", type=seed, default=SEED, help="of the first of these runs")
    add("--methods", nargs="+", metavar="METHOD", help="only these, such as ridge GRU; None: all")
    add("--epochs", type=count, default=EPOCHS, help="of the networks, at most")
    args = parser.parse_args(argv)
    if (args.data is None) != (args.time is None) or (args.data is None) != (args.value is None):
        parser.error("--data, --time and --value belong together")
    if (args.holidays or args.country) and not args.data:
        parser.error("--holidays and --country need --data: a file of yours")
    return args


def main(argv=None):
    """Return what was found in the series, the scores of each method, and what comes next."""
    args = parse_arguments(argv)

    # The series, and its windows in three parts.
    series = read_series(args, args.season) if args.data else load_traffic(args.season)
    series.log = args.log
    print("\n".join(note for note in series.notes if not (args.log and "--log" in note)))
    horizon = args.horizon or series.to_come or 1
    history = args.history or usual_history(len(series.values), series.seasons[-1])
    data = Data(series, history, horizon)
    check_length(data)
    of_seeds = [make_methods(series, args.seed + i, args.epochs) for i in range(args.seeds)]
    if unknown := set(args.methods or []) - set(of_seeds[0]):
        fail(f"there is no method {', '.join(unknown)}, but {', '.join(of_seeds[0])}")
    names = [name for name in of_seeds[0] if not args.methods or name in args.methods]
    every = of_seeds[0].items()
    few = [name for name, one in every if name in names and not one.enough(tuning(one, data))]
    if few:
        print(f"Too few values for: {', '.join(map(spoken, few))}.")
        names = [name for name in names if name not in few]
    if not names:
        fail("no method is left: it takes more values, or a shorter --season or --horizon")
    folder = make_folder(args.outputs)

    # Roll each method, one that begins at random once for each seed, and see how far it is off.
    how = "are fitted once" if len(series.values) >= LONG else "are fitted again at later origins"
    print(f"The methods {how}.")
    scores, rolled, errors = {}, {}, {"validation": {}, "test": {}}
    print(f"{'mean absolute error':28}{'validation (95 % interval)':28}{'test':28}MASE")
    for name in names:
        first, found = of_seeds[0][name], {part: [] for part in errors}
        for methods in of_seeds if hasattr(first, "seed") else of_seeds[:1]:
            if name in rolled:
                methods[name].settle(first)
            rolled[name] = Rolled(methods[name], data)
            for part, values in found.items():
                values.append(absolute_errors(rolled[name], data.starts[part]))
        scores[name] = {"parameters": first.parameters} | summarize(name, data, found)
        scores[name]["tuned"] = getattr(first, "tuned", None)
        for part, values in found.items():
            errors[part][name] = np.mean(values, axis=0)

    # The validation part chooses.
    chosen, best, rule = recommend(errors["validation"], data)
    print(f"Best on the validation part: {spoken(best)}.")
    print(f"Recommended, {rule}: {spoken(chosen)}.")

    # What comes after the last row.
    table, holds = forecast_future(chosen, rolled[chosen], args, folder)
    print(f"What comes next, by {spoken(chosen)}, fitted again on all values:")
    future = write_table(table, series.unit, holds, folder)
    ago = [name for name in names if name.endswith("steps_ago")]
    shown = dict.fromkeys([*ago[-1:], chosen, best, "GRU"])
    of_shown = {name: (rolled[name], errors["test"][name]) for name in shown if name in scores}
    label = args.value or "vehicles an hour"
    draw(of_shown, horizon, label, (series, table, spoken(chosen)), folder)
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
    trees = chosen == "gradient_boosting"  # which are not kept
    then = None if trees else "forecasts/go_on.py RUN NEWER.csv"
    return save_results(results, folder, __file__, argv, args, then)


if __name__ == "__main__":
    main()
