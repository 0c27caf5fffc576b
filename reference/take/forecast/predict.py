"""Forecast a column of numbers: python predict.py sales.csv DAY SOLD --season 7 --steps 14

Each method forecasts from many places of the past. The one that is off by least goes on after the
last row that has a value; its errors there, ordered by their size, become an interval of 80 %.
Writes forecast.csv.
"""

import argparse
import contextlib

import numpy as np
import pandas as pd
from methods import FEWEST, METHODS, half_width, look_back


def to_series(times, values, dayfirst):
    """Return the ways to read times that are evenly spaced; dayfirst None: month or day first."""
    found = []
    for first in [False, True] if dayfirst is None else [dayfirst]:
        with contextlib.suppress(ValueError):
            series = pd.Series(values.to_numpy(float), pd.to_datetime(times.array, dayfirst=first))
            series = series.sort_index()
            series.index = pd.DatetimeIndex(series.index, freq="infer")
            found += [series] if series.index.freq is not None else []
    return found


def main(argv=None):
    parser = argparse.ArgumentParser()
    for name in ("file", "time", "value"):
        parser.add_argument(name)
    parser.add_argument("--season", type=int, default=7, help="steps after which it repeats")
    parser.add_argument("--steps", type=int, default=14, help="into the future")
    parser.add_argument("--dayfirst", action=argparse.BooleanOptionalAction, help="02.01. is Jan 2")
    parser.add_argument("--decimal", default=".", help="the mark before decimals")
    args = parser.parse_args(argv)
    how = {"sep": None, "engine": "python", "decimal": args.decimal}
    table = pd.read_csv(args.file, dtype={args.time: str}, **how)
    if missing := {args.time, args.value} - {*table}:
        parser.error(f"no column {', '.join(missing)} in {args.file}, but {', '.join(table)}")
    if not pd.api.types.is_numeric_dtype(table[args.value]):
        parser.error(f"{args.value} has texts that are no numbers: is it --decimal , ?")
    found = to_series(table[args.time], table[args.value], args.dayfirst)
    if not found:
        parser.error(f"the times in {args.time} are not dates that are evenly spaced")
    if len(found) > 1 and not found[0].equals(found[1]):
        parser.error("the times may be read in two ways: say --dayfirst or --no-dayfirst")
    series = found[0][found[0].first_valid_index() : found[0].last_valid_index()]
    if empty := len(table) - len(series):
        print(f"left out: {empty} rows without a value at the beginning or the end")
    values = series.interpolate().to_numpy()
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
    ahead = pd.date_range(series.index[-1], periods=args.steps + 1, freq=series.index.freq)[1:]
    answer = pd.DataFrame({"forecast": forecast}, index=pd.Index(ahead, name=args.time))
    width = half_width(errors[best])
    if width is None:
        print(f"no interval: it takes forecasts from {FEWEST} places of the past, or more")
    else:
        answer = answer.assign(low=forecast - width, high=forecast + width)
    answer.round(4).to_csv("forecast.csv")
    print(f"best: {best}\n{answer}")
    return off


if __name__ == "__main__":
    main()
