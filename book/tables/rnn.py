"""The tables of the chapter on recurrent networks."""

from scipy.stats import norm

from tables.common import PERCENT, TABLES, entries, load_results, markdown, percent, table
from utils.statistics import holm, with_deviation


def each(shares, digits=1):
    """Return all of some shares in percent: 93.2, 30.3, 57.8."""
    return ", ".join(f"{100 * share:.{digits}f}" for share in shares)


@table
def order():
    trained = load_results("order")["trained"]
    lengths = list(trained["GRU"])
    return markdown(
        ["accuracy in % of each run", *[f"{length} letters" for length in lengths]],
        *[
            [name, *[each(scores[length]["accuracies"]) for length in lengths]]
            for name, scores in trained.items()
        ],
    )


@table
def order_elsewhere():
    found = load_results("order")["elsewhere"]
    lengths = list(found["GRU_20"])
    return markdown(
        ["accuracy in % of each run; trained on", *[f"tested on {length}" for length in lengths]],
        *[
            [
                name.replace("_20", ", 20 letters").replace("_mixed", ", 5 to 20 letters"),
                *[each(scores[length]["accuracies"]) for length in lengths],
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
def remembered():
    found = load_results("long_memory")["remembered"]
    lengths = list(found["GRU"])
    return markdown(
        ["right in %, each seed", *[f"first of {length} letters" for length in lengths]],
        *[[name, *[each(scores[length]) for length in lengths]] for name, scores in found.items()],
    )


ORDERS = {
    "in_order": "pixels in order",
    "shuffled": "pixels shuffled",
    "rows_shuffled": "rows shuffled",
}


@table
def pixel_order():
    networks = entries("pixel_order")
    last = str(networks.pop("epochs")[-1])
    return markdown(
        [f"accuracy in % after {last} epochs, each seed", "parameters", *ORDERS.values()],
        *[
            [f"`{name}`", f"{one['parameters']:,}"]
            + [each(one[kind][last]) if kind in one else "" for kind in ORDERS]
            for name, one in networks.items()
        ],
    )


@table
def pixel_order_epochs():
    networks = entries("pixel_order")
    epochs = networks.pop("epochs")
    return markdown(
        ["accuracy in %, each seed, after", *[f"{epoch} epochs" for epoch in epochs]],
        *[
            [f"`{name}`, {label}", *[each(networks[name][kind][str(epoch)]) for epoch in epochs]]
            for name in ("lstm", "gru")
            for kind, label in ORDERS.items()
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
def first_names_leads():
    leads = load_results("first_names")["leads"]
    return markdown(
        ["split", *range(1, len(leads) + 1)],
        ["points", *[f"{100 * one['mean']:.1f}" for one in leads]],
        ["95 % interval", *[f"{100 * one['low']:.1f} to {100 * one['high']:.1f}" for one in leads]],
    )


@table
def first_names():
    labels = {
        "letters": "logistic regression, letters",
        "n_grams": "logistic regression, n-grams",
        "n_grams_of_fewer": "the same, from the names of the GRU",
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


def p_values(intervals):
    """Return p of each {"mean", "low", "high"}, corrected by Holm for their number.

    An interval of 95 % is 2 * 1.96 standard errors wide if its draws are normally distributed.
    """
    scores = [2 * norm.isf(0.025) * one["mean"] / (one["high"] - one["low"]) for one in intervals]
    return holm([2 * norm.sf(abs(score)) for score in scores])


def behind(name, methods):
    """Return the table of how far methods are behind the one that a run recommends."""
    found = load_results(name)
    family = [found["behind"][method] for method in methods]
    return markdown(
        [
            f"behind {found['recommended'].replace('_', ' ')}",
            "vehicles",
            "95 % interval",
            "Holm's p",
        ],
        *[
            [
                method.replace("_", " "),
                f"{one['mean']:.0f}",
                f"{one['low']:.1f} to {one['high']:.1f}",
                f"{p:.4f}" if p < 0.001 else f"{p:.3f}",
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
