"""Forecast many series of one table: the best method for each, and one network for all of them.

    python forecasts/many.py --data FILE --time COLUMN --value COLUMN --by COLUMN --horizon 6

The rows of a series have one word in the column BY: a product, a shop, a country. One series is
short, but all together are long, and a network that learns from all may know more than a method
that sees one. You will see the mean scaled error of each method over all series, which method is
recommended for which series, and its forecast, also in `forecasts.csv`. A hundred series of twelve
years of months take about a minute on two cores.
Chapter: forecasts/README.md#many-series
"""

from chapter import OUTPUTS

import contextlib
import copy
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from forecasts.forecast import add_columns, find_holidays, make_methods
from forecasts.future import look_ahead
from forecasts.intervals import Conformal, count_inside
from forecasts.repair import spell, to_steps
from forecasts.rolling import Rolled, tuning
from forecasts.scores import FEWEST, absolute_errors, recommend, spoken
from forecasts.series import PARTS, load_table, mend
from forecasts.together import Together, look_ahead_together, roll_together
from forecasts.window_networks import EPOCHS, Network, perceptron
from forecasts.windows import Data, usual_history
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, replacing, save_results

NETWORK = "network_for_all"
HORIZON = 1
REFITS = 3  # of each method in each part
SEED = 1
SHOWN = 12  # series whose forecast is printed


def load_many(args):
    """Return {name: Series} of a table, all with one step, and cut at the same two dates."""
    columns = [args.time, args.value, args.by]
    options = args.date_format, args.decimal, args.encoding
    table, notes, _ = load_table(args.data, columns, *options)
    named = table[args.by].fillna("").str.strip() != ""
    if not named.all():
        notes.append(f"{(~named).sum():,} rows without a {args.by} were left out.")
    found = {}
    for name, rows in table[named].groupby(args.by):
        try:
            found[name] = mend(rows.set_index(args.time)[args.value], args.season, [])
        except SystemExit as stop:
            print(f"Left out, {name}: {stop}")
    if not found:
        fail("no series is left")
    ((unit, _),) = Counter(series.unit for series in found.values()).most_common(1)
    for name in [name for name, series in found.items() if series.unit != unit]:
        print(f"Left out, {name}: its steps are {found.pop(name).unit}, those of others {unit}.")
    seasons = max((series.seasons for series in found.values()), key=max)
    first = min(series.times[0] for series in found.values())
    last = max(series.times[-1] for series in found.values())
    for series in found.values():
        series.seasons = seasons
        series.cuts = tuple(series.times.searchsorted([first + x * (last - first) for x in PARTS]))
        series.origin = int(to_steps(series.times[:1], series.unit)[0])  # seasons are in step
        series.log, series.yearly = args.log, all(one.yearly for one in found.values())
        find_holidays(series, args)
    told = [f"{name}: {note}" for name, series in found.items() for note in series.notes[1:]]
    if len(told) > SHOWN:
        told[SHOWN:] = [f"({len(told) - SHOWN} more such notes.)"]
    print(*notes, *told, f"{len(found)} series from {first:%F} to {last:%F}.", sep="\n")
    return found


def parse_arguments(argv):
    parser = make_parser("Forecasts many series of one table.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--data", type=Path, metavar="FILE", required=True, help="the table")
    add_columns(parser)
    add("--by", metavar="COLUMN", required=True, help="its column of the names of the series")
    add("--log", action="store_true", help="learn logarithms: of what grows by shares")
    add("--horizon", type=count, default=HORIZON, help="steps ahead")
    add("--season", type=count, nargs="+", metavar="STEPS", help="None: the usual ones")
    add("--seed", type=seed, default=SEED, help="of the network")
    add("--epochs", type=count, default=EPOCHS, help="of the network, at most")
    args = parser.parse_args(argv)
    if not args.time or not args.value:
        parser.error("--time and --value are needed, too")
    return args


def main(argv=None):
    """Return the scaled errors of each method, and of each series what is recommended and said."""
    args = parse_arguments(argv)
    found = load_many(args)

    # The windows of each series, as long as most have so many.
    steps = int(np.median([len(series.values) for series in found.values()]))
    season = next(iter(found.values())).seasons[-1]
    history = usual_history(steps, season)
    least = max(history, season) + args.horizon + 2  # values before the validation part
    each = {}
    for name, series in found.items():
        parts = [series.starts(part, history, args.horizon) for part in ("validation", "test")]
        if series.cuts[0] < least or min(map(len, parts)) < FEWEST:
            print(f"Left out, {name}: it begins after most others, ends before them, or is short.")
        else:
            each[name] = Data(series, history, args.horizon)
    if not each:
        fail("no series is left: it takes more values, or a shorter --horizon")
    folder = make_folder(args.outputs)

    # Each method for each series, if it is not dear to fit, and one network for all of them.
    rolled = {name: {} for name in each}
    for name, data in each.items():
        for method, one in make_methods(data.series).items():
            left_out = hasattr(one, "dear") or method == "ridge"  # it is there with dummies
            if not left_out and one.enough(tuning(one, data)):
                with contextlib.redirect_stdout(io.StringIO()):  # the settings that it tries
                    rolled[name][method] = Rolled(one, data, REFITS)
    network = Network(perceptron, args.seed, args.epochs)
    if network.enough(Together([tuning(network, data) for data in each.values()])):
        parts = roll_together(network, [*each.values()])
        for name, part in zip(each, parts, strict=True):
            rolled[name][NETWORK] = part

    # Scaled errors, which can be compared between series. The validation part chooses.
    scaled, chosen = {part: {} for part in ("validation", "test")}, {}
    for name, data in each.items():
        for part, table in scaled.items():
            errors = {
                method: absolute_errors(one, data.starts[part])
                for method, one in rolled[name].items()
            }
            if part == "validation":
                chosen[name], *_ = recommend(errors, data)
            change = data.mean_change()[0] or np.nan
            table[name] = {method: np.nanmean(one) / change for method, one in errors.items()}
    scaled = {part: pd.DataFrame(table).T for part, table in scaled.items()}
    test, count = scaled["test"], Counter(chosen.values())
    print(f"{'mean scaled error (MASE)':28}{'validation':>12}{'test':>8}  recommended for")
    for method, error in test.mean().items():  # of the series that have it
        before, of = scaled["validation"][method].mean(), test[method].count()
        few = f" of {of}" if of < len(each) else ""
        print(f"{spoken(method):28}{before:12.3f}{error:8.3f}  {count[method]}{few}")
    own = float(np.mean([test.loc[name, chosen[name]] for name in each]))
    print(f"{'the recommended one of each':40}{own:8.3f}")

    # What comes next.
    ahead = {}
    if NETWORK in chosen.values():
        ahead = dict(zip(each, look_ahead_together(network, [*each.values()]), strict=True))
    tables = {}
    for number, (name, data) in enumerate(each.items()):
        one = rolled[name][chosen[name]]
        way = Conformal(one)
        longer = Data(data.series.extended(args.horizon), history, args.horizon)
        last = ahead[name] if chosen[name] == NETWORK else copy.copy(one.method).refit(longer)
        table = look_ahead(last, way.widths, count_inside(way))
        table.insert(0, "method", chosen[name])
        tables[name] = table.set_axis(spell(table.index, data.series.unit))
        if number < SHOWN:
            print(
                f"{name}, {tables[name].index[0]}: {table['forecast'].iloc[0]:.4g}, "
                f"{spoken(chosen[name])}"
            )
    with replacing(folder / "forecasts.csv") as partial:
        pd.concat(tables, names=[args.by, "time"]).to_csv(partial, float_format="%.6g")
    results = {"series": len(each), "recommended": count, "recommended_test": own}
    results["MASE"] = {part: table.mean().to_dict() for part, table in scaled.items()}
    results["behind"] = test.count().to_dict()  # how many series are behind each mean
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
