"""What comes next: the values after the last row, with an interval around them; and holidays.

The method is fitted again, on all values. The interval is as wide as its newest errors, and how
often such an interval held was counted on the test part; if that is far from what it promises,
there is none. What the next forecast needs is kept: `go_on.py` goes on from it without training.
Chapter: forecasts/README.md#what-comes-next
"""

import copy

import holidays
import numpy as np
import pandas as pd

from forecasts.intervals import SHARE, Conformal, count_inside
from forecasts.methods import Linear
from forecasts.repair import spell, to_steps
from forecasts.window_networks import Network
from forecasts.windows import Data
from utils.runs import fail, first_line, read_bytes, replacing, save_network, write_json

OFF = 0.1  # an interval that holds so much more or less often than it should is not printed
TRAFFIC_COLUMNS = ["date_time", "traffic_volume"]
PRINTED = 14  # so many steps to come are printed; of more, only the first and the last


def look_ahead(method, widths, holds):
    """Return the table of what is to come: time and forecast, with low and high if they hold.

    widths: of the interval, (horizon,). Where no value has been negative, nothing in the table is:
    a count stays a count.
    """
    data = method.data
    middle = method.predict(data.starts["test"]).reshape(data.horizon)
    table = {"forecast": middle}
    if abs(holds["mean"] - SHARE) <= OFF:
        seen = data.seen(middle)
        table |= {"low": data.original(seen - widths), "high": data.original(seen + widths)}
    table = pd.DataFrame(table, data.series.times[-data.horizon :].rename("time"))
    return table.clip(lower=0) if np.nanmin(data.series.values) >= 0 else table


def forecast_future(name, rolled, args, folder):
    """Fit a method again, on all values; keep what the next forecast needs.

    rolled: the method of this name, Rolled; args: which name the columns. Returns the table of what
    is to come, and how often the interval holds.
    """
    way, data = Conformal(rolled), rolled.data
    holds, series = count_inside(way), data.series.extended(data.horizon)
    again = copy.copy(rolled.method).refit(Data(series, data.history, data.horizon))
    keep_model(again, folder)
    kept = {
        "method": name,
        "columns": [args.time, args.value] if args.data else TRAFFIC_COLUMNS,
        "form": series.form,
        "log": series.log,
        "history": data.history,
        "horizon": data.horizon,
        "seasons": series.seasons,
        "unit": series.unit,
        "yearly": series.yearly,
        "smoothing": getattr(again, "form", None),
        "first": int(to_steps(series.times[:1], series.unit)[0]) - series.origin,
        "days": [*spell(pd.DatetimeIndex(series.days), "D")],
        "scale": [float(again.data.mean), float(again.data.deviation)],
        "widths": way.widths,
        "holds": holds,
    }
    write_json(kept, folder / "forecast.json")
    return look_ahead(again, way.widths, holds), holds


def keep_model(method, folder):
    """Save a network as Keras does, and ridge as an array; nothing else is kept."""
    if isinstance(method, Network):
        save_network(method.model, folder / "forecast.keras")
    if isinstance(method, Linear):
        weights = np.atleast_2d(method.model.coef_)  # (horizon, inputs)
        with replacing(folder / "forecast.npy") as partial:
            np.save(partial, np.column_stack([weights, method.model.intercept_]))


def write_table(table, unit, holds, folder):
    """Write forecast.csv; print its rows, or the first and the last, and how sure that is."""
    table = table.set_axis(spell(table.index, unit))
    with replacing(folder / "forecast.csv") as partial:
        table.to_csv(partial, index_label="time", float_format="%.6g")
    few, sure = len(table) <= PRINTED, "low" in table
    for time, row in (table if few else table.iloc[[0, -1]]).iterrows():
        print(
            time, ("{forecast:.4g}" + " ({low:.4g} to {high:.4g})" * sure).format(**row), sep=": "
        )
    if not few:
        print(f"(The {len(table) - 2} between them are in forecast.csv.)")
    held = "{mean:.1%} ({low:.1%} to {high:.1%})".format(**holds)
    print(f"An interval of {SHARE:.0%} held in {held} of the test part.")
    if not sure:
        print("That is too far from what it promises, so none is shown.")
    return {"holds": holds, "future": {time: list(row) for time, row in table.T.items()}}


def load_days(path):
    """Return the days in a text file, one in each line, or end the program with one line."""
    try:
        lines = read_bytes(path).decode("utf-8-sig").split()
        return tuple(pd.to_datetime(lines, format="%Y-%m-%d"))
    except (OSError, ValueError) as error:
        fail(f"{path} does not hold a day such as 2026-12-25 in each line: {first_line(error)}")


def find_days(country, times):
    """Return the holidays of a country, such as DE, or a part of it, DE-BY, also two years on."""
    name, _, part = country.partition("-")
    years = range(times[0].year, times[-1].year + 3)
    try:
        return tuple(pd.DatetimeIndex(sorted(holidays.country_holidays(name, part or None, years))))
    except NotImplementedError as error:
        fail(f"--country {country}: {first_line(error)}. Name one such as DE, US or DE-BY.")
