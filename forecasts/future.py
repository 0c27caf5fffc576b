"""What comes next: the values after the last row, with an interval around them.

The method is fitted again, on all values. Around what it says lie its errors on the validation part
before that: the median error moves the forecast, the others are the interval, and how often it
holds was counted on the test part. What the next forecast needs is kept: `go_on.py` goes on from
it without training.
Chapter: forecasts/README.md#what-comes-next
"""

import copy

import numpy as np
import pandas as pd

from forecasts.methods import Data, Linear
from forecasts.scores import bootstrap
from forecasts.series import windows
from forecasts.window_networks import Network
from utils.runs import replacing, save_network, write_json

QUANTILES = (0.1, 0.5, 0.9)  # 80 % lie between the first and the last
DAY = "%Y-%m-%d"
OFF = 0.1  # if an interval holds so much more or less often than it should, do not rely on it
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

    The median error of the validation part moves the forecast, which so lies within its interval
    even if the method always said too little. Where no value has been negative, nothing in the
    table is: a count stays a count.
    """
    data = method.data
    table = method.predict(data.starts["test"]).reshape(data.horizon, 1) + ends  # (horizon, 3)
    times = data.series.times[-data.horizon :].rename("time")
    table = pd.DataFrame(table, times, ["low", "forecast", "high"])[["forecast", "low", "high"]]
    return table.clip(lower=0) if np.nanmin(data.series.values) >= 0 else table


def forecast_future(name, method, read, folder):
    """Fit a method again, on all values; keep what the next forecast needs.

    method: fitted, of this name; read: the columns of times and of values in the table, and the
    marks of thousands and decimals. Returns the table of what is to come, and how often the
    interval holds.
    """
    way = Widened(method).widen()
    holds = count_inside(way)
    data, series = method.data, method.data.series.extended(method.data.horizon)
    again = copy.copy(method).refit(Data(series, data.history, data.horizon))
    keep_model(again, folder)
    kept = {
        "method": name,
        "read": read,
        "history": data.history,
        "horizon": data.horizon,
        "seasons": series.seasons,
        "unit": series.unit,
        "first": series.times[0].to_period(series.unit).ordinal - series.origin,
        "days": [day.strftime(DAY) for day in series.days],
        "scale": [float(again.data.mean), float(again.data.deviation)],
        "ends": way.ends,
        "holds": holds,
    }
    write_json(kept, folder / "forecast.json")
    return look_ahead(again, way.ends), holds


def keep_model(method, folder):
    """Save a network as Keras does, and ridge as an array; nothing else is kept."""
    if isinstance(method, Network):
        save_network(method.model, folder / "forecast.keras")
    if isinstance(method, Linear):
        weights = np.atleast_2d(method.model.coef_)  # (horizon, inputs)
        with replacing(folder / "forecast.npy") as partial:
            np.save(partial, np.column_stack([weights, method.model.intercept_]))


def write_table(table, unit, holds, folder):
    """Write forecast.csv; print its rows, or the first and the last, and how sure that is.

    unit: of a step, h, D, M or W-...; only an hour needs more than its date.
    """
    table = table.set_index(table.index.strftime(f"{DAY} %H:%M" if unit == "h" else DAY))
    with replacing(folder / "forecast.csv") as partial:
        table.to_csv(partial, index_label="time", float_format="%.6g")
    few = len(table) <= PRINTED
    for time, row in (table if few else table.iloc[[0, -1]]).iterrows():
        print("{}: {forecast:.4g} ({low:.4g} to {high:.4g})".format(time, **row))
    if not few:
        print(f"(The {len(table) - 2} between them are in forecast.csv.)")
    held = "{mean:.1%} ({low:.1%} to {high:.1%})".format(**holds)
    share = QUANTILES[-1] - QUANTILES[0]
    print(f"An interval of {share:.0%} held in {held} of the test part.")
    if abs(holds["mean"] - share) > OFF:
        print(f"Do not rely on this interval: it should have held in about {share:.0%}.")
    return {"holds": holds, "future": {time: list(row) for time, row in table.T.items()}}
