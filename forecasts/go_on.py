"""Go on from a run of forecast.py when newer values have arrived, without training.

    python forecasts/go_on.py RUN NEWER.csv        # RUN: the folder of a run of forecast.py

The file needs the columns of the old one, and as many rows as the forecast looks back. You will see
what comes after its last row, with the interval of the run, also in `forecast.csv`. Seconds.
Chapter: forecasts/README.md#what-comes-next
"""

from chapter import OUTPUTS

import io
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from forecasts.forecast import add_columns, make_methods
from forecasts.future import DAY, QUANTILES, look_ahead, write_table
from forecasts.methods import Boosting, Data, Linear
from forecasts.repair import load_days
from forecasts.scores import draw_forecasts, spoken
from forecasts.series import load_series
from forecasts.window_networks import Network
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, make_folder, read_bytes, read_json, save_results


def load_kept(run):
    """Return what forecast_future has kept of a run; any kind of error if it is damaged."""
    kept = read_json(run / "forecast.json")
    ends = np.array(kept["ends"], float).reshape(kept["horizon"], len(QUANTILES))
    steps = [kept["history"], kept["horizon"], *kept["seasons"]]
    if min(steps) < 1 or not (np.diff(ends) >= 0).all():
        raise ValueError("its numbers do not fit together")
    if not all(0 <= kept["holds"][key] <= 1 for key in ("mean", "low", "high")):
        raise ValueError("its interval holds in no share of the cases")
    return kept | {"ends": ends, "days": tuple(pd.to_datetime(kept["days"], format=DAY))}


def load_kept_model(method, run):
    """Return the model that keep_model has saved of a method; None if it has nothing to learn."""
    if isinstance(method, Boosting):
        fail("no trees were kept: run forecast.py --data NEWER.csv --methods gradient_boosting")
    if isinstance(method, Network):
        return load_model(run / "forecast.keras", compile=False)
    if isinstance(method, Linear):
        # Numbers alone: an array of other things is a pickle, which would be a program.
        file = io.BytesIO(read_bytes(run / "forecast.npy"))
        weights = np.lib.format.read_array(file, allow_pickle=False)
        weights, model = weights.astype(float, casting="same_kind"), Ridge()
        model.coef_, model.intercept_ = weights[:, :-1], weights[:, -1]
        return model
    return None


def continue_with(kept, series, run):
    """Return the table of what comes after the values of a newer series; kept: by load_kept."""
    needed, horizon = max(kept["history"], *kept["seasons"]), kept["horizon"]
    if series.unit != kept["unit"]:
        fail(f"the steps have changed from {kept['unit']} to {series.unit}")
    if len(series.values) < needed:
        fail(f"{len(series.values)} steps are too few: the forecast looks back {needed} steps.")
    series.origin = series.times[0].to_period(series.unit).ordinal - kept["first"]
    method = make_methods(series)[kept["method"]]
    method.data = Data(series.extended(horizon), kept["history"], horizon, kept["scale"])
    method.model = load_kept_model(method, run)
    table = look_ahead(method, kept["ends"])
    if not np.isfinite(table).all(axis=None):
        raise ValueError("no finite numbers")
    return table


def main(argv=None):
    """Return the method, what comes next, and how often the interval held."""
    parser = make_parser("Goes on from a run of forecast.py, without training.", OUTPUTS)
    parser.add_argument("run", metavar="RUN", help="folder of a run of forecast.py")
    parser.add_argument("data", type=Path, metavar="NEWER.csv", help="the table with newer values")
    add_columns(parser)
    args = parser.parse_args(argv)
    run = find_run(args.run, OUTPUTS)
    days = load_days(args.holidays) if args.holidays else None
    try:
        kept = load_kept(run)
        columns = args.time, args.value, args.thousands, args.decimal
        read = [new or old for new, old in zip(columns, kept["read"], strict=True)]
        days = kept["days"] if days is None else days
        series = load_series(
            args.data, *read[:2], kept["seasons"], days, args.date_format, read[2:]
        )
        table = continue_with(kept, series, run)
    except Exception as error:  # a damaged file and another model raise any kind
        fail(f"{run} has kept nothing to go on from ({first_line(error)}). Train it again.")
    folder, name = make_folder(args.outputs), spoken(kept["method"])
    print("\n".join(series.notes))
    print(f"What comes next, by {name}:")
    future = write_table(table, series.unit, kept["holds"], folder)
    draw_forecasts({}, {}, read[1], folder / "forecast.png", (series, table, name))
    return save_results({"method": kept["method"]} | future, folder, __file__, argv)


if __name__ == "__main__":
    main()
