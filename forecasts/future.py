"""What comes next: the values after the last row, with an interval around them.

The method is fitted again, on all values. The interval is as wide as its errors on the validation
part were before that, and how often it holds was counted on the test part. What the next forecast
needs is kept: `forecast.py --model RUN --data NEWER.csv` goes on from it without training.
Chapter: forecasts/README.md#what-comes-next
"""

import copy
import io

import joblib  # scikit-learn brings it
import numpy as np
import pandas as pd

from methods import Data
from scores import bootstrap
from series import windows
from utils.finished import fits
from utils.models import load_model
from utils.runs import fail, first_line, read_bytes, read_json, replacing, write_json
from utils.statistics import fit_float32

QUANTILES = (0.1, 0.5, 0.9)  # 80 % lie between the first and the last
# What forecast.json says of a run.
NUMBER = int | float
KEPT = {"method": str, "columns": [str, str], "history": int, "horizon": int, "seasons": list}
KEPT |= {"unit": str, "first": int, "days": list, "scale": [NUMBER, NUMBER], "ends": list}
KEPT |= {"holds": {"mean": NUMBER, "low": NUMBER, "high": NUMBER}}
PRINTED = 14  # so many steps to come are printed; of more, only the first and the last


class Widened:
    """Puts the errors of a method on the validation part around its forecast.

    Each step ahead has its own width, since the errors grow with it.
    """

    def __init__(self, method):
        self.method = method

    def fit(self, data):
        self.method.fit(data)
        return self.widen()

    def widen(self):
        """Take the errors of the method, which has been fitted."""
        data = self.data = self.method.data
        starts = data.starts["validation"]
        errors = windows(data.series.values, starts, data.horizon) - self.method.predict(starts)
        errors[~windows(data.series.observed, starts, data.horizon)] = np.nan
        self.ends = np.nanquantile(errors, QUANTILES, axis=0).T  # (horizon, 3)
        return self

    def predict(self, starts):
        return self.method.predict(starts)[:, :, None] + self.ends


def count_inside(way):
    """Return how often the interval of Widened, or of quantiles, holds on the test part."""
    data, starts = way.data, way.data.starts["test"]
    truth = windows(data.series.values, starts, data.horizon)
    low, _, high = np.moveaxis(way.predict(starts), 2, 0)
    observed = windows(data.series.observed, starts, data.horizon)
    return bootstrap(np.where(observed, (low <= truth) & (truth <= high), np.nan), data)


def look_ahead(method, ends):
    """Return the table of what is to come: time, forecast, low and high; ends: of Widened.

    Where no value has been negative, nothing in the table is: a count stays a count.
    """
    data = method.data
    forecast = method.predict(data.starts["test"])[0]  # (horizon,)
    table = {"forecast": forecast, "low": forecast + ends[:, 0], "high": forecast + ends[:, 2]}
    table = pd.DataFrame(table, index=data.series.times[-data.horizon :].rename("time"))
    return table.clip(lower=0) if np.nanmin(data.series.values) >= 0 else table


def forecast_future(name, method, columns, folder):
    """Fit a method again, on all values; keep what the next forecast needs.

    method: fitted, of this name; columns: that of the times and that of the values in the table.
    Returns the table of what is to come, and how often the interval holds.
    """
    way = Widened(method).widen()
    holds = count_inside(way)
    data, series = method.data, method.data.series.extended(method.data.horizon)
    again = copy.copy(method).refit(Data(series, data.history, data.horizon))
    keep_model(getattr(again, "model", None), folder)
    kept = {
        "method": name,
        "columns": columns,
        "history": data.history,
        "horizon": data.horizon,
        "seasons": series.seasons,
        "unit": series.unit,
        "first": series.times[0].to_period(series.unit).ordinal - series.origin,
        "days": [f"{day:%Y-%m-%d}" for day in series.days],
        "scale": [float(again.data.mean), float(again.data.deviation)],
        "ends": way.ends,
        "holds": holds,
    }
    write_json(kept, folder / "forecast.json")
    return look_ahead(again, way.ends), holds


def keep_model(model, folder):
    """Save a network as Keras does and a model of scikit-learn with joblib; None needs no file."""
    if hasattr(model, "save"):
        model.save(folder / "forecast.keras")
    elif model is not None:
        joblib.dump(model, folder / "forecast.joblib")


def write_table(table, unit, holds, folder):
    """Write forecast.csv; print its rows, or the first and the last, and how sure that is.

    unit: of a step, h, D, M or W-...; only an hour needs more than its date.
    """
    table = table.set_index(table.index.strftime("%Y-%m-%d %H:%M" if unit == "h" else "%Y-%m-%d"))
    with replacing(folder / "forecast.csv") as partial:
        table.to_csv(partial, index_label="time", float_format="%.6g")
    few = len(table) <= PRINTED
    for time, row in (table if few else table.iloc[[0, -1]]).iterrows():
        print("{}: {forecast:.4g} ({low:.4g} to {high:.4g})".format(time, **row))
    if not few:
        print(f"(The {len(table) - 2} between them are in forecast.csv.)")
    held = "{mean:.1%} ({low:.1%} to {high:.1%})".format(**holds)
    print(f"An interval of {QUANTILES[-1] - QUANTILES[0]:.0%} held in {held} of the test part.")
    return {"holds": holds, "future": {time: list(row) for time, row in table.T.items()}}


def load_kept(run):
    """Return what forecast_future kept of a run, or end the program with one line."""
    try:
        kept = read_json(run / "forecast.json")
        good = fits(kept, KEPT) and fit_float32(*kept["scale"])
        if not good or min(kept["history"], kept["horizon"], *kept["seasons"]) < 1:
            raise ValueError
        ends = np.array(kept["ends"], float).reshape(kept["horizon"], len(QUANTILES))
        return kept | {"ends": ends, "days": tuple(pd.to_datetime(kept["days"]))}
    except (OSError, ValueError, OverflowError, TypeError):
        fail(f"{run} has no readable forecast.json: it is not a run that forecast.py has finished.")


def continue_with(methods, kept, series, run):
    """Return the table of what comes after newer values, without any training.

    methods: unfitted ones by name; series: of the newer file. Open only a run of your own: a file
    that joblib has written can do anything when it is loaded.
    """
    needed = max(kept["history"], *kept["seasons"])
    if series.unit != kept["unit"]:
        fail(f"the steps have changed from {kept['unit']} to {series.unit}")
    if len(series.values) < needed:
        fail(f"{len(series.values)} steps are too few: the forecast looks back {needed} steps.")
    series.origin = series.times[0].to_period(series.unit).ordinal - kept["first"]
    horizon = kept["horizon"]
    try:
        method = methods[kept["method"]]
        method.data = Data(series.extended(horizon), kept["history"], horizon, kept["scale"])
        if (path := run / "forecast.keras").exists():
            method.model = load_model(path, compile=False)
        elif (path := run / "forecast.joblib").exists():
            method.model = joblib.load(io.BytesIO(read_bytes(path)))
        return look_ahead(method, kept["ends"])
    except Exception as error:  # joblib raises any kind for a damaged file, as does another model
        fail(f"what {run} has kept cannot forecast ({first_line(error)}). Train again.")
