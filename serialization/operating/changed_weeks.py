"""Machinery of the book: a table whose weeks go on after its model has learned. drift.py uses it.

The table is the traffic of a road, by the hour: its weather, and how many vehicles passed. A model
learns 26 weeks and predicts the next year. What is usual are those 26 weeks, each predicted by a
model that has not learned it.
Chapter: serialization/operating/README.md#is-the-input-what-it-was
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict

from utils.figures import POSITIVE, save_figure
from utils.runs import ROOT

TABLE = ROOT / "forecasts" / "metro_traffic.csv"
LEARNED, WATCHED = 26, 52  # weeks
NUMBERS, WORD, TARGET = ["temp", "rain_1h", "clouds_all"], "weather_main", "traffic_volume"
BINS = 10  # of a number, with as many learned rows in each
SIGNALS = {"outside": "outside of\nthe learned", "temp": "PSI of the\ntemperature"}
SIGNALS |= {WORD: "PSI of the\nweather", "predicted": "mean\nprediction"}
SIGNALS |= {"error": "mean error,\nknown later"}


def read_weeks():
    """Return the table with the hour, the day and the number of the week of each row."""
    table = pd.read_csv(TABLE, parse_dates=["date_time"], keep_default_na=False)
    time = table["date_time"]
    table["hour"], table["day"] = time.dt.hour, time.dt.dayofweek
    table["week"] = (time - time.min().normalize()).dt.days // 7
    table[WORD] = table[WORD].astype("category")
    return table[table["week"] < LEARNED + WATCHED]


def predict_weeks(table):
    """Return predictions: for learned weeks by models of the others, for later ones by all."""
    inputs, learned = table[["hour", "day", *NUMBERS, WORD]], table["week"] < LEARNED
    model = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=1)
    first, y = inputs[learned], table.loc[learned, TARGET]
    found = cross_val_predict(model, first, y, groups=table.loc[learned, "week"], cv=GroupKFold(13))
    return np.append(found, model.fit(first, y).predict(inputs[~learned]))


def watch(psi):
    """Return {signal: a value for each week}, and as {signal}_alarm whether it is not usual.

    Also the mean errors of the learned weeks and of both halves of the later ones, and in how many
    of these the error was not usual, any other signal was not, and both. psi: a function of counts
    in a week and of counts in the reference.
    """
    table = read_weeks()
    table = table.assign(predicted=predict_weeks(table))
    learned = table[table["week"] < LEARNED]
    edges = learned["temp"].quantile(np.linspace(0, 1, BINS + 1)[1:-1])
    table["bin"] = np.searchsorted(edges, table["temp"])
    low, high = learned[NUMBERS].min(), learned[NUMBERS].max()
    unlike = ((table[NUMBERS] < low) | (table[NUMBERS] > high)).any(axis=1)
    unlike |= ~table[WORD].isin(learned[WORD])
    table = table.assign(outside=unlike, error=(table["predicted"] - table[TARGET]).abs())
    weeks = table.groupby("week")[["outside", "predicted", "error"]].mean()
    for name, column in (("temp", "bin"), (WORD, WORD)):
        counts = pd.crosstab(table["week"], table[column])
        weeks[name] = [psi(one, counts[:LEARNED].sum()) for one in counts.to_numpy()]
    results = {}
    for name in SIGNALS:
        values, usual = weeks[name], weeks[name][:LEARNED]
        above, below = values > usual.max(), (values < usual.min()) & (name == "predicted")
        results |= {name: values.tolist(), f"{name}_alarm": (above | below).tolist()}
    halves = np.split(weeks["error"], [LEARNED, LEARNED + WATCHED // 2])
    results["errors"] = [float(half.mean()) for half in halves]
    wrong = np.array(results["error_alarm"][LEARNED:])
    told = np.any([results[f"{name}_alarm"][LEARNED:] for name in [*SIGNALS][:-1]], axis=0)
    counts = {"wrong": wrong, "told": told, "both": wrong & told}
    return results | {"counts": {name: int(weeks.sum()) for name, weeks in counts.items()}}


def draw(results, path):
    """Draw the signals week by week, shaded where they are not usual."""
    figure, panels = plt.subplots(len(SIGNALS), sharex=True, figsize=(10, 7.5))
    for axes, (name, label) in zip(panels, SIGNALS.items(), strict=True):
        hidden = name == "error"
        axes.plot(results[name], "s" if hidden else "o", color=f"C{int(hidden)}", markersize=4)
        for week in np.flatnonzero(results[f"{name}_alarm"]):
            axes.axvspan(week - 0.5, week + 0.5, color=POSITIVE, alpha=0.35, linewidth=0)
        axes.axvline(LEARNED - 0.5, color="#8a8a86", linewidth=0.8)
        axes.set_ylabel(label)
        axes.grid(False, axis="x")
    panels[-1].set_xlabel(f"week; the first {LEARNED} were learned")
    save_figure(figure, path)
