"""Forecast a column of numbers: python predict.py sales.csv DAY SOLD --season 7 --steps 14

Each method forecasts from many places of the past. The one that is off by least goes on into the
future; its errors there, ordered by their size, become an interval of 80 %. Writes forecast.csv.
"""

import argparse

import numpy as np
import pandas as pd
from methods import METHODS

ORIGINS = 20  # places of the past from which all methods forecast, at most


def look_back(method, values, season, steps):
    """Return the errors of forecasts from the past, (origins, steps): truth minus forecast."""
    first = max(2 * season + steps + 1, len(values) // 2)
    starts = np.unique(np.linspace(first, len(values) - steps, ORIGINS).astype(int))
    return np.array([values[at : at + steps] - method(values[:at], steps, season) for at in starts])


def main(argv=None):
    parser = argparse.ArgumentParser()
    for name in ("file", "time", "value"):
        parser.add_argument(name)
    parser.add_argument("--season", type=int, default=7, help="steps after which it repeats")
    parser.add_argument("--steps", type=int, default=14, help="into the future")
    args = parser.parse_args(argv)
    table = pd.read_csv(args.file, sep=None, engine="python", parse_dates=[args.time])
    series = table.set_index(args.time)[args.value].sort_index()
    series.index = pd.DatetimeIndex(series.index, freq="infer")
    if series.index.freq is None:
        parser.error("the times are not evenly spaced")
    values = series.interpolate().to_numpy(float)
    if len(values) < 4 * args.season + 3 * args.steps:
        parser.error("the series is too short: it takes four seasons and three times the steps")
    errors = {
        name: look_back(method, values, args.season, args.steps) for name, method in METHODS.items()
    }
    off = {name: np.abs(error).mean() for name, error in errors.items()}
    for name, mean in off.items():
        print(f"{name:22} is off by {mean:.4g}")
    best = min(off, key=off.get)
    forecast = METHODS[best](values, args.steps, args.season)
    width = np.quantile(np.abs(errors[best]), 0.8, axis=0)
    times = pd.date_range(series.index[-1], periods=args.steps + 1, freq=series.index.freq)[1:]
    answer = {"forecast": forecast, "low": forecast - width, "high": forecast + width}
    answer = pd.DataFrame(answer, index=pd.Index(times, name=args.time)).round(4)
    answer.to_csv("forecast.csv")
    print(f"best: {best}\n{answer}")
    return off


if __name__ == "__main__":
    main()
