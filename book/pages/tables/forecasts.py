"""The tables of the chapter on forecasts."""

from scipy.stats import norm

from book.pages.tables.common import (
    TABLES,
    entries,
    load_results,
    markdown,
    p_value,
    percent,
    table,
)
from utils.comparisons import holm


def forecast(name, digits=0):
    """Return the table of a run of forecast.py; digits: of its errors."""
    rows = []
    for method, one in load_results(name)["methods"].items():
        parameters = "" if one["parameters"] is None else f"{one['parameters']:,}"
        test = one["test"]
        interval = f"{test['low']:.{digits}f} to {test['high']:.{digits}f}"
        rows.append(
            [
                method.replace("_", " "),
                parameters,
                f"{one['seconds']:.0f}",
                f"{one['validation']['mean']:.{digits}f}",
            ]
            + [f"{test['mean']:.{digits}f}", interval]
        )
    header = ["method", "parameters", "seconds", "validation", "test", "95 % interval"]
    return markdown(header, *rows)


def p_values(intervals):
    """Return p of each {"mean", "low", "high"}, corrected by Holm for their number.

    An interval of 95 % is 2 * 1.96 standard errors wide if its draws are normally distributed.
    """
    scores = [2 * norm.isf(0.025) * one["mean"] / (one["high"] - one["low"]) for one in intervals]
    return holm([2 * norm.sf(abs(score)) for score in scores])


def behind(name, methods):
    """Return the table of how much larger methods' errors are than that of the recommended one."""
    found = load_results(name)
    family = [found["behind"][method] for method in methods]
    return markdown(
        [
            f"error minus that of {found['recommended'].replace('_', ' ')}",
            "vehicles",
            "95 % interval",
            "Holm's p",
        ],
        *[
            [
                method.replace("_", " "),
                f"{one['mean']:.0f}",
                f"{one['low']:.1f} to {one['high']:.1f}",
                p_value(p),
            ]
            for method, one, p in zip(methods, family, p_values(family), strict=True)
        ],
    )


NETWORKS = ["perceptron", "dilated_convolution", "GRU", "LSTM"]
TABLES["forecast_1_behind"] = lambda: behind("forecast_1", NETWORKS)
TABLES["forecast_24_behind"] = lambda: behind("forecast_24", ["gradient_boosting", *NETWORKS])
TABLES["forecast_1"] = lambda: forecast("forecast_1")
TABLES["forecast_24"] = lambda: forecast("forecast_24")
TABLES["forecast_temperature"] = lambda: forecast("forecast_temperature", 2)


@table
def quantiles():
    rows = [
        [
            {"ridge": "ridge with dummies"}.get(name, name.replace("_", " ")),
            percent(one["holds"]["mean"], 1),
            f"{percent(one['holds']['low'], 1)} to {percent(one['holds']['high'], 1)}",
            f"{one['width']:.0f}",
            f"{one['pinball']:.1f}",
        ]
        for name, one in entries("quantiles").items()
    ]
    return markdown(["80 % interval of", "holds", "95 % interval", "width", "pinball loss"], *rows)


@table
def leakage():
    labels = {
        "honest": "split in time, scaled on the past",
        "split_at_random": "split at random",
        "scaled_over_everything": "split in time, scaled over everything",
    }
    results = load_results("leakage")
    return markdown(
        ["error of the next 24 hours in 2018, each seed", "perceptron", "gradient boosting"],
        *[
            [
                label,
                *[
                    ", ".join(f"{error:.0f}" for error in results[way][name]["seeds"])
                    for name in ("perceptron", "gradient_boosting")
                ],
            ]
            for way, label in labels.items()
        ],
    )
