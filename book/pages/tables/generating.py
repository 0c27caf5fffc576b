"""The tables of the chapter on pictures."""

from book.pages.tables.common import load_results, markdown, p_value, percent, table, with_interval


@table
def generating_autoencoder():
    results = load_results("generating_autoencoder")["sizes"]
    return markdown(
        ["numbers", "error of PCA", "error of the autoencoder", "less, with 95 % interval"],
        *[
            [size, f"{one['linear']:.4f}", f"{one['network']:.4f}"]
            + [with_interval(one["less"], "{:.4f}")]
            for size, one in results.items()
        ],
    )


@table
def generating_anomalies():
    results = load_results("generating_anomalies")["scores"]
    names = {"energy": "energy of the service"}
    kinds = ["letters", "scribbles", "noise", "upside_down", "signs", "emoji", "digits"]
    rows = []
    for name, shares in results.items():
        kind, _, size = name.partition("_")
        label = names.get(name, f"error of {'PCA' if kind == 'pca' else 'autoencoder'}, {size}")
        rows.append([label, *[percent(shares[kind], 0) for kind in [*kinds, "reported"]]])
    header = [kind.replace("_", " ") for kind in kinds]
    return markdown(["refused", *header, "mean of upside down, signs, emoji"], *rows)


@table
def generating_vae():
    rows = []
    names = ["generating_vae_2", "generating_vae_16", "generating_collapsed"]
    for name in names:
        one = load_results(name)
        rows.append(
            [len(one["told"]), f"{one['weight']:g}", with_interval(one["surprise"])]
            + [with_interval(one["divergence"]), one["used"]]
        )
    header = ["numbers", "weight", "surprise at the pixels", "divergence", "numbers used"]
    return markdown(header, *rows)


@table
def generating_points():
    results = load_results("generating_points")
    return markdown(
        ["steps", *results["steps"]],
        *[
            [f"{name} paths", *[f"{value:.3f}" for value in one["distances"]]]
            for name, one in results["paths"].items()
        ],
    )


def choices(name):
    rows = load_results("generating_choices")[name]
    return markdown(
        [name, "as asked", "Fréchet distance", "variety"],
        *[
            [f"{row[name]:g}", percent(row["accuracy"], 1)]
            + [f"{row['frechet']:.2f}", f"{row['spread']:.2f}"]
            for row in rows
        ],
    )


@table
def generating_guidance():
    return choices("guidance")


@table
def generating_steps():
    return choices("steps")


@table
def generating_evaluate():
    names = {
        "other_writers": "real digits of other writers",
        "redrawn": "the first row, redrawn by the VAE",
        "copies_redrawn": "copies, redrawn from their clouds",
        "standard_points": "points of the standard distribution",
        "one_normal_distribution_a_kind": "points of one normal distribution for each kind",
    }
    return markdown(
        ["pictures", "as asked", "Fréchet distance", "variety", "nearest"],
        *[
            [names.get(name, name.replace("_", " ").replace("run", "flow, seed"))]
            + [percent(row["accuracy"], 1)]
            + [f"{row[key]:.2f}" for key in ("frechet", "spread", "nearest")]
            for name, row in load_results("generating_evaluate")["rows"].items()
        ],
    )


LEARNED_FROM = {
    "real": "the hundred",
    "shifted": "and shifted copies",
    "hundred_labels": "and digits of a flow that knows their labels only",
    "all_labels": "and digits of the flow that knows 41,154 labels",
    "regression": "logistic regression on the numbers of the VAE",
}


@table
def generating_few_real():
    accuracies = load_results("generating_few_real")["accuracies"]
    return markdown(
        ["learned from", "read rightly, mean", "lowest", "highest"],
        *[
            [label, percent(sum(values) / len(values), 1)]
            + [percent(min(values), 1), percent(max(values), 1)]
            for label, values in ((label, accuracies[key]) for key, label in LEARNED_FROM.items())
        ],
    )


@table
def generating_help():
    results = load_results("generating_few_real")["comparisons"]
    names = {"all_labels": "the flow with all labels", "hundred_labels": "the flow with 100 labels"}
    names |= {"shifted": "shifted copies", "regression": "regression", "real": "the hundred"}
    rows = []
    for pair, one in results.items():
        first = next(name for name in names if pair.startswith(f"{name}_"))
        rows.append(
            [f"{names[first]} minus {names[pair.removeprefix(f'{first}_')]}"]
            + ["{:+.1f}".format(100 * one["mean"])]
            + ["{:+.1f} to {:+.1f}".format(100 * one["low"], 100 * one["high"])]
            + [p_value(one["holm"])]
        )
    return markdown(["learned from", "points", "95 % interval", "Holm's p"], *rows)


@table
def generating_writers():
    results = load_results("generating_writers")["real"]
    return markdown(
        ["digits that a style is taken from", *results],
        ["finds its writer", *[percent(share, 0) for share in results.values()]],
    )


@table
def generating_noise():
    results = load_results("generating_noise")
    ways = {"noisy": "points drawn from the clouds", "noise_free": "means only"}
    rows = [
        [label, percent(sum(results[way]["accuracy"]) / len(results[way]["accuracy"]), 1)]
        + ["{:.2f}".format(sum(results[way]["frechet"]) / len(results[way]["frechet"]))]
        for way, label in ways.items()
    ]
    one = results["comparisons"]
    rows.append(
        ["difference, with 95 % interval"]
        + [with_interval(one["accuracy"], "{:+.1f}", 100), with_interval(one["frechet"], "{:+.2f}")]
    )
    rows.append(["Holm's p", *[p_value(one[key]["holm"]) for key in ("accuracy", "frechet")]])
    return markdown(["learns from", "as asked", "Fréchet distance"], *rows)
