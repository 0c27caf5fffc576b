"""Go on from a run of forecast.py when newer values have arrived, without training.

    python forecasts/go_on.py RUN NEWER.csv        # RUN: the folder of a run of forecast.py

The file needs the columns of the old one, and as many rows as the forecast looks back. You will see
what comes after its last row, with the interval of the run, also in `forecast.csv`. What is fitted
in a moment, such as exponential smoothing, is fitted to the newer file. Seconds.
Chapter: forecasts/README.md#what-comes-next
"""

from chapter import OUTPUTS

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field
from sklearn.linear_model import Ridge

from forecasts.forecast import add_columns, make_methods, read_series
from forecasts.future import look_ahead, write_table
from forecasts.methods import Boosting, Linear
from forecasts.repair import to_steps
from forecasts.scores import draw_forecasts, spoken
from forecasts.series import mark
from forecasts.smoothing import LONGEST, Smoothing, least_values
from forecasts.window_networks import Network
from forecasts.windows import Data
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, make_folder, read_json, save_results
from utils.schemas import Count, Name, Number, Share, Two, check, read_arrays
from utils.tables import DECIMALS, SEPARATORS


class Holds(BaseModel):
    mean: Share
    low: Share
    high: Share


class Form(BaseModel):
    """How a table is written; decimal: what stands before decimals, if that is known."""

    separator: Literal[*SEPARATORS]
    encoding: Name
    decimal: Literal[*DECIMALS, None]


class Smoothed(BaseModel, extra="forbid"):
    """A form of exponential smoothing."""

    error: Literal["add", "mul"]
    trend: Literal["add", None]
    damped_trend: bool = False
    seasonal: Literal["add", "mul", None] = None
    seasonal_periods: Annotated[int, Field(ge=2, le=LONGEST)] | None = None


class Kept(BaseModel):
    """What forecast.json says of a run."""

    method: Name
    columns: Annotated[list[Name], Two]
    form: Form | None
    log: bool
    history: Count
    horizon: Count
    seasons: Annotated[list[Count], Field(min_length=1)]
    unit: Name
    yearly: bool
    smoothing: Smoothed | None
    first: Annotated[int, Field(ge=-(2**40), le=2**40)]
    days: list[str]
    scale: Annotated[list[Number], Two]
    widths: list[float | list[float]]
    holds: Holds


def load_kept(run):
    """Return what forecast_future has kept of a run; a ValueError says what does not fit."""
    kept = check(read_json(run / "forecast.json"), Kept)
    widths = np.array(kept["widths"], float).reshape(kept["horizon"])
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
        weights = read_arrays(run / "forecast.npy")[""]
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
