"""The tables of the chapter on recurrent networks."""

from book.pages.tables.common import PERCENT, entries, load_results, markdown, percent, table
from utils.statistics import with_deviation


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
