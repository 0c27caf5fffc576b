"""The tables of the studies on MNIST: all models, seeds, recipes, search."""

from book.pages.tables.common import (
    PERCENT,
    each,
    entries,
    load_results,
    markdown,
    p_value,
    percent,
    table,
    with_interval,
)
from book.pages.tables.mnist import accuracies
from utils.statistics import with_deviation


@table
def mnist_models():
    long, short = load_results("mnist_60")["models"], load_results("mnist_seconds")["models"]
    header = ["model", "parameters", "training", "validation", "misread", "cross-entropy"]
    return markdown(
        [*header, "seconds per epoch"],
        *[
            [f"`{name}`", f"{model['parameters']:,}"]
            + accuracies(model, "train", "validation")
            + [model["validation"]["errors"], f"{model['validation']['cross_entropy']:.4f}"]
            + [f"{short[name]['seconds_per_epoch']:.1f}"]
            for name, model in long.items()
        ],
    )


def networks_compared(networks):
    """Return a table of networks trained with several seeds: how far each is from the first.

    networks: summaries as seeds.py makes them.
    """
    rows = []
    for one in networks:
        row = [f"`{one['network']}`", with_deviation(one["accuracy"], PERCENT)] + [""] * 5
        if "compared" in one:
            accuracy, entropy = one["compared"]["accuracy"], one["compared"]["cross_entropy"]
            differences = accuracy["differences"]
            row[2] = with_interval(accuracy, "{:+.2f}", 100)
            row[3] = f"{sum(d > 0 for d in differences)} of {len(differences)}"
            row[4:] = [
                p_value(accuracy["holm"]),
                with_interval(entropy, "{:+.4f}"),
                p_value(entropy["holm"]),
            ]
        rows.append(row)
    header = ["network", "accuracy", "points more", "seeds ahead", "p", "cross-entropy more", "p"]
    return markdown(header, *rows)


@table
def mnist_seeds():
    return networks_compared(load_results("mnist_seeds")["20000_images"].values())


@table
def mnist_seeds_few():
    return networks_compared(load_results("mnist_seeds")["2000_images"].values())


@table
def mnist_techniques():
    """Points more than the plain network: ten pairs in two situations, one pair in two more."""
    seeds = load_results("mnist_seeds")
    short, long = load_results("mnist_seconds")["models"], load_results("mnist_60")["models"]
    long |= {
        f"conv_net_{name}": load_results(f"mnist_{run}")["models"]["conv_net"]
        for name, run in [("augment_layers", "augment"), ("lr_schedule_cosine", "cosine")]
    }
    rows = []
    for name, one in seeds["20000_images"].items():
        if "compared" not in one:
            continue
        row = [f"`{one['network']}`"]
        for situation in seeds["20000_images"], seeds["2000_images"]:
            compared = situation[name]["compared"]["accuracy"]
            mark = "**" if compared["holm"] < 0.05 else ""
            row.append(f"{mark}{points(compared['mean'])}{mark}")
        for runs in short, long:
            accuracies = [
                runs[n]["validation"]["accuracy"] for n in (name, "conv_net") if n in runs
            ]
            row.append(points(accuracies[0] - accuracies[1]) if len(accuracies) == 2 else "")
        rows.append(row)
    header = ["", "20,000 images, 8 epochs", "2,000 images, 30 epochs"]
    header += ["one pair, all images, 3 epochs", "one pair, all images, 60 epochs"]
    return markdown(header, *rows)


def points(share):
    return f"{100 * share:+.2f}"


@table
def mnist_splits():
    """What is special about each way to hold out images, and what it foretells."""
    labels = {
        "last": "the last 5,000",
        "random": "5,000 at random",
        "by_writer": "those of 45 writers",
        "test": "the test images",
    }
    results = load_results("mnist_splits")
    rows = []
    for way, label in labels.items():
        one, foretold = results["sets"][way], results["foretold"].get(way)
        cells = ["", ""]
        if foretold:
            cells = [f"{foretold['loss_over_test']:.2f}", f"{foretold['rank_cross_entropy']:.2f}"]
            cells[1] += f", {foretold['rank_accuracy']:.2f}"
        rows.append(
            [label, one["writers"]]
            + [percent(one[key], 0) for key in ("by_known_writers", "by_students")]
            + [percent(one["nearest_centroid"], 1), *cells]
        )
    header = ["images", "writers", "by writers of training images", "by students"]
    header += ["nearest centroid reads", "loss over test loss", "rank correlation with the test"]
    return markdown(header, *rows)


@table
def mnist_schedule():
    """The schedule, its peak and the batch size, each in two settings."""
    networks = load_results("mnist_schedule")["55000_images"]
    rows = []
    for rate in ("", "_learning_rate_0_005"):
        for batch in ("", "_batch_size_128"):
            row = [rate[-5:].replace("_", ".") or "0.001", batch[-3:] or "256"]
            for schedule in ("", "_lr_schedule_cosine"):
                one = networks[f"conv_net{schedule}{rate}{batch}"]
                entropies = one["cross_entropy"]
                row.append(with_deviation(one["accuracy"], PERCENT))
                row.append(f"{sum(entropies) / len(entropies):.4f}")
            rows.append(row)
    header = ["rate, or peak", "batch size", "constant rate", "cross-entropy, constant"]
    header += ["cosine", "cross-entropy, cosine"]
    return markdown(header, *rows)


@table
def mnist_calibration():
    rows, names = [], {"conv_net": "plain", "quick_net": "quick recipe"}
    names |= {"conv_net_dropout": "dropout", "conv_net_label_smoothing": "label smoothing"}
    for name, result in entries("mnist_calibration").items():
        before, after = result["before"], result["after"]
        rows.append(
            [names[name], percent(before["accuracy"]), percent(before["confidence"])]
            + [percent(before["calibration_error"]), f"{before['cross_entropy']:.4f}"]
            + [", ".join(f"{one:.2f}" for one in result["temperatures"])]
            + [percent(after["confidence"])]
            + [percent(after["calibration_error"]), f"{after['cross_entropy']:.4f}"]
        )
    header = [
        "network",
        "accuracy",
        "confidence",
        "calibration error",
        "cross-entropy",
        "temperatures",
    ]
    return markdown([*header, "confidence after", "error after", "cross-entropy after"], *rows)


@table
def mnist_recipes():
    labels = {
        "mnist_quick_2": "quick, 2 epochs",
        "mnist_quick": "quick",
        "mnist_best": "best",
    }
    rows = []
    for name, label in labels.items():
        recipe = load_results(name)
        rows.append(
            [
                label,
                f"{recipe['parameters']:,}",
                recipe["epochs"],
                f"{recipe['seconds']:,.0f}",
            ]
            + [with_deviation(recipe["validation"], PERCENT)]
            + [each(recipe["validation"]["accuracies"])]
            + [percent(recipe["ensemble"]["validation"]["accuracy"])]
        )
    header = ["recipe", "parameters", "epochs", "seconds", "validation", "each seed"]
    return markdown([*header, "three seeds together"], *rows)


@table
def mnist_holdout():
    labels = {"layers": "three layers of Keras", "affine": "`RandomAffine`"}
    rows = []
    for kind, label in labels.items():
        scores = load_results("mnist_holdout")[kind]
        cells = [(s["errors"], f"{s['cross_entropy']:.4f}") for s in scores.values()]
        rows.append([label, *cells[0], *cells[1]])
    header = ["", "mistakes", "cross-entropy", "mistakes, fine-tuned", "cross-entropy, fine-tuned"]
    return markdown(header, *rows)


@table
def mnist_search():
    rows = [
        [place, f"{trial['learning_rate']:.4f}", trial["batch_size"], trial["width"]]
        + [f"{trial['dropout']:.2f}", percent(trial["value"])]
        for place, trial in enumerate(load_results("mnist_search")["trials"][:8], start=1)
    ]
    return markdown(["", "learning rate", "batch size", "width", "dropout", "validation"], *rows)


@table
def parallel():
    rows = [
        [f"`{name}`", f"{one['parameters']:,}", f"{one['one']:.2f}", f"{one['two']:.2f}"]
        + [f"{one['ratio']:.2f}", f"{one['weights_apart']:.0e}".replace("e-0", "e-")]
        for name, one in entries("parallel").items()
    ]
    header = ["network", "parameters", "one process, seconds", "two processes, seconds", "ratio"]
    return markdown([*header, "weights apart"], *rows)
