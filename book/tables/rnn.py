"""The tables of the chapter on recurrent networks."""

from tables.common import PERCENT, TABLES, entries, markdown, percent, table
from utils.runs import load_results
from utils.statistics import with_deviation


@table
def order():
    trained = load_results("order")["trained"]
    lengths = list(trained["GRU"])
    return markdown(
        ["accuracy, mean of three runs", *[f"{length} letters" for length in lengths]],
        *[
            [name, *[percent(scores[length]["mean"], 1) for length in lengths]]
            for name, scores in trained.items()
        ],
    )


@table
def order_elsewhere():
    found = load_results("order")["elsewhere"]
    lengths = list(found["GRU_20"])
    return markdown(
        ["trained on", *[f"tested on {length}" for length in lengths]],
        *[
            [
                name.replace("_20", ", 20 letters").replace("_mixed", ", 5 to 20 letters"),
                *[percent(scores[length]["mean"], 1) for length in lengths],
            ]
            for name, scores in found.items()
        ],
    )


@table
def long_memory():
    sizes = load_results("long_memory")["sizes"]
    steps = [1, 25, 50, 75, 100]
    return markdown(
        ["gradient at step", *steps],
        *[[name, *[f"{values[s - 1]:.0e}" for s in steps]] for name, values in sizes.items()],
    )


@table
def pixel_order():
    return markdown(
        ["network", "parameters", "seconds", "pixels in order", "pixels shuffled"],
        *[
            [f"`{name}`", f"{one['parameters']:,}", f"{one['seconds']:.0f}"]
            + [with_deviation(one[kind], PERCENT) for kind in ("in_order", "shuffled")]
            for name, one in entries("pixel_order").items()
        ],
    )


@table
def names_bits():
    bits = load_results("names")["bits"]
    labels = {"ngrams_1": "how often each letter occurs", "lstm": "LSTM"}
    return markdown(
        ["model", "bits per letter"],
        *[
            [labels.get(name, f"n-grams of up to {name[-1]} letters"), f"{value:.2f}"]
            for name, value in bits.items()
        ],
    )


@table
def names_invented():
    return markdown(
        ["temperature", "learned", "held out", "new"],
        *[
            [one["temperature"], *[percent(one[key], 1) for key in ("learned", "held_out", "new")]]
            for one in load_results("names")["invented"]
        ],
    )


@table
def first_names():
    labels = {
        "letters": "logistic regression, letters",
        "n_grams": "logistic regression, n-grams",
        "majority_class": "majority class",
    }
    return markdown(
        ["model", "accuracy, mean (deviation) of five splits", "AUC"],
        *[
            [
                labels.get(name, name),
                with_deviation(one["accuracy"], PERCENT, digits=1),
                f"{one['auc']['mean']:.3f}",
            ]
            for name, one in load_results("first_names")["models"].items()
        ],
    )


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
        ["error of the next 24 hours in 2018", "perceptron", "gradient boosting"],
        *[
            [
                label,
                *[f"{results[way][n]['mean']:.0f}" for n in ("perceptron", "gradient_boosting")],
            ]
            for way, label in labels.items()
        ],
    )


@table
def recurrent_costs():
    results = load_results("recurrent_costs")
    return markdown(
        ["layer", "milliseconds a training step", "times the GRU"],
        *[
            [name, f"{value:.1f}", f"{results['ratios'][name]:.2f}"]
            for name, value in results["milliseconds"].items()
        ],
    )
