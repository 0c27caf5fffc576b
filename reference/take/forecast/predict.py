"""Forecast a column of numbers: python predict.py sales.csv DAY SOLD --season 7 --steps 14

Each method forecasts from many places of the past. The one that is off by least goes on after the
last row that has a value; its errors there, ordered by their size, become an interval of 80 %.
A gap gets the value of a season before, and is in no error. Writes forecast.csv.
"""

import argparse
import contextlib
import csv

import numpy as np
import pandas as pd
from methods import FEWEST, METHODS, fill, half_width, look_back


def to_numbers(texts, decimal):
    """Return texts as numbers, NaN for gaps, or None if one is no number with this mark."""
    other = "," if decimal == "." else "."
    whole = rf"(?=.?\d)(\d*|[1-9]\d{{0,2}}([{other}]\d{{3}})+)"  # 1,004.5 or 1.004,5
    known = texts.str.strip().replace("", np.nan)
    form = rf"[-+]?{whole}([{decimal}]\d*)?(e[-+]?\d+)?"
    if not known.dropna().str.fullmatch(form, case=False).all():
        return None
    plain = known.str.replace(other, "", regex=False).str.replace(decimal, ".", regex=False)
    return pd.to_numeric(plain).astype(float)


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
    parser.add_argument("--decimal", choices=[".", ","], help="the other one is for thousands")
    args = parser.parse_args(argv)
    try:
        table = pd.read_csv(args.file, dtype=str, sep=None, engine="python")
    except (OSError, ValueError, csv.Error) as error:
        parser.error(f"{args.file}: {error}")
    if missing := {args.time, args.value} - {*table}:
        parser.error(f"no column {', '.join(missing)} in {args.file}, but {', '.join(table)}")
    read = [to_numbers(table[args.value], mark) for mark in args.decimal or ".,"]
    read = [numbers for numbers in read if numbers is not None]
    if not read:
        mark = f" with {args.decimal} before decimals" if args.decimal else ""
        parser.error(f"{args.value} has texts that are no numbers{mark}")
    if not read[0].equals(read[-1]):
        parser.error(f"what stands before decimals in {args.value}? Say --decimal . or --decimal ,")
    found = to_series(table[args.time], read[0], args.dayfirst)
    if not found:
        parser.error(
            f"the times in {args.time} are not dates that are evenly spaced; in pandas, "
            f'table.resample("D", on="{args.time}")["{args.value}"].sum() has a row for each day'
        )
    if len(found) > 1 and not found[0].equals(found[1]):
        parser.error("the times may be read in two ways: say --dayfirst or --no-dayfirst")
    series = found[0][found[0].first_valid_index() : found[0].last_valid_index()]
    if empty := len(table) - len(series):
        print(f"left out: {empty} rows without a value at the beginning or the end")
    values = series.to_numpy()
    if gaps := np.isnan(values).sum():
        print(f"filled: {gaps} gaps, from a season before")
    if len(values) - gaps < 4 * args.season + 3 * args.steps:
        parser.error("too few values: it takes those of four seasons and of three times the steps")
    errors = {
        name: look_back(method, values, args.season, args.steps) for name, method in METHODS.items()
    }
    off = {name: np.nanmean(np.abs(error)) for name, error in errors.items()}
    for name, mean in off.items():
        print(f"{name:22} is off by {mean:.4g}")
    best = min(off, key=off.get)
    forecast = METHODS[best](fill(values, args.season), args.steps, args.season)
    ahead = pd.date_range(series.index[-1], periods=args.steps + 1, freq=series.index.freq)[1:]
    answer = pd.DataFrame({"forecast": forecast}, index=pd.Index(ahead, name=args.time))
    width = half_width(errors[best])
    if np.isnan(width).any():
        print(f"no interval where fewer than {FEWEST} places of the past have a value so far ahead")
    if np.isfinite(width).any():
        answer = answer.assign(low=forecast - width, high=forecast + width)
    answer.round(4).to_csv("forecast.csv")
    print(f"best: {best}\n{answer}")
    return off


if __name__ == "__main__":
    main()
