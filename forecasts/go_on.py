"""Go on from a run of forecast.py when newer values have arrived, without training.

    python forecasts/go_on.py RUN NEWER.csv        # RUN: the folder of a run of forecast.py

The file needs the columns of the old one, and as many rows as the forecast looks back. You will see
what comes after its last row, with the interval of the run, also in `forecast.csv`. What is fitted
in a moment, such as exponential smoothing, is fitted to the newer file. Seconds.
Chapter: forecasts/README.md#what-comes-next
"""

from chapter import OUTPUTS

import io
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from forecasts.forecast import add_columns, make_methods, read_series
from forecasts.future import look_ahead, write_table
from forecasts.methods import Boosting, Linear
from forecasts.repair import to_steps
from forecasts.scores import draw_forecasts, spoken
from forecasts.series import mark
from forecasts.smoothing import Smoothing, least_values
from forecasts.window_networks import Network
from forecasts.windows import Data
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, make_folder, read_bytes, read_json, save_results


def load_kept(run):
    """Return what forecast_future has kept of a run; any kind of error if it is damaged."""
    kept = read_json(run / "forecast.json")
    widths = np.array(kept["widths"], float).reshape(kept["horizon"])
    steps = [kept["history"], kept["horizon"], *kept["seasons"]]
    if min(steps) < 1 or not (widths >= 0).all():
        raise ValueError("its numbers do not fit together")
    if not all(0 <= kept["holds"][key] <= 1 for key in ("mean", "low", "high")):
        raise ValueError("its interval holds in no share of the cases")
    return kept | {"widths": widths, "days": tuple(pd.to_datetime(kept["days"], format="%Y-%m-%d"))}


def take_up(method, run, form):
    """Give a method the model that keep_model has saved; one that was not saved is fitted.

    form: of exponential smoothing, as it was chosen.
    """
    if isinstance(method, Boosting):
        fail("no trees were kept: run forecast.py --data NEWER.csv --methods gradient_boosting")
    if isinstance(method, Network):
        method.model = load_model(run / "forecast.keras", compile=False)
    elif isinstance(method, Linear):
        # Numbers alone: an array of other things is a pickle, which would be a program.
        file = io.BytesIO(read_bytes(run / "forecast.npy"))
        weights = np.lib.format.read_array(file, allow_pickle=False)
        weights, method.model = weights.astype(float, casting="same_kind"), Ridge()
        method.model.coef_, method.model.intercept_ = weights[:, :-1], weights[:, -1]
    elif isinstance(method, Smoothing):
        method.resume(form, method.data)
    else:
        method.fit(method.data)


def continue_with(kept, series, run):
    """Return the table of what comes after the values of a newer series; kept: by load_kept."""
    horizon, season = kept["horizon"], max(kept["seasons"])
    method = make_methods(series)[kept["method"]]
    needed = max(kept["history"], (1 + getattr(method, "drift", False)) * season)
    if isinstance(method, Smoothing):
        needed = max(needed, least_values(kept["smoothing"]))
    if series.unit != kept["unit"]:
        fail(f"the steps have changed from {kept['unit']} to {series.unit}")
    if len(series.values) < needed:
        fail(f"{len(series.values)} steps are too few: the forecast looks back {needed} steps.")
    first = to_steps(series.times[:1], series.unit)[0]
    series.origin, series.log = int(first) - kept["first"], kept["log"]
    series.yearly = kept["yearly"]  # the newer file may hold fewer years
    method.data = Data(series.extended(horizon), kept["history"], horizon, kept["scale"])
    take_up(method, run, kept["smoothing"])
    table = look_ahead(method, kept["widths"], kept["holds"])
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
    try:
        kept = load_kept(run)
        args.time, args.value = args.time or kept["columns"][0], args.value or kept["columns"][1]
        series = read_series(args, kept["seasons"], kept["form"])
        if not series.days:
            series.days = kept["days"]
            series.holiday = mark(series.times, series.days, series.unit)
        table = continue_with(kept, series, run)
    except Exception as error:  # a damaged file and another model raise any kind
        fail(f"{run} has kept nothing to go on from ({first_line(error)}). Train it again.")
    folder, name = make_folder(args.outputs), spoken(kept["method"])
    print("\n".join(series.notes))
    print(f"What comes next, by {name}:")
    future = write_table(table, series.unit, kept["holds"], folder)
    draw_forecasts({}, {}, args.value, folder / "forecast.png", (series, table, name))
    return save_results({"method": kept["method"]} | future, folder, __file__, argv)


if __name__ == "__main__":
    main()
