"""Accuracy over seconds of training: every network of the chapter, and yours.

    python mnist/studies/compare.py            # the networks of the book
    python mnist/studies/compare.py RUN RUN    # and those of your runs of mnist.py

You will see a line per training, the most accurate on the validation images first, and the path
of the figure. The book's seconds were measured on its two cores, yours on your machine.
Chapter: mnist/studies/README.md#two-recipes
"""

from chapter import OUTPUTS

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import PercentFormatter

from mnist.finished import load_finished
from utils.figures import save_figure, spread_out
from utils.files import load_results
from utils.options import make_parser
from utils.runs import fail, find_run, make_folder, save_results

# Long runs of conv_net with an option: their labels, and the files of their results.
OPTIONS = {
    "conv_net, early stopping": "mnist_early",
    "conv_net, cosine": "mnist_cosine",
    "conv_net, augmentation": "mnist_augment",
}
RECIPES = {
    "recipe quick, 2 epochs": "mnist_quick_2",
    "recipe quick": "mnist_quick",
    "recipe best": "mnist_best",
}
# The marker of each kind of network.
FAMILIES = {"MLP": "o", "convolutional network": "s", "recipe": "D", "your run": "^"}


def point(name, model, seconds_per_epoch=None):
    """Return a row of the table for a model's results, as results.json holds them."""
    return {
        "name": name,
        "parameters": model["parameters"],
        "epochs": model["epochs"],
        "seconds": model["epochs"] * (seconds_per_epoch or model["seconds_per_epoch"]),
        "accuracy": model["validation"]["accuracy"],
    }


def points_of_the_book():
    """Return the rows of all networks of the chapter; those of a recipe are means of its seeds.

    The long runs shared their machine with other work. How long an epoch takes was measured
    separately, in runs of three epochs with nothing else running.
    """
    short, long = load_results("mnist_seconds")["models"], load_results("mnist_60")["models"]
    epoch = {name: model["seconds_per_epoch"] for name, model in short.items()}
    rows = [point(name, model) for name, model in short.items()]
    rows += [point(name, model, epoch[name]) for name, model in long.items()]
    for label, file in OPTIONS.items():
        model = load_results(file)["models"]["conv_net"]
        longer = (
            load_results("mnist_augmentation")["model"]["ratio"] if file == "mnist_augment" else 1
        )
        rows.append(point(label, model, longer * epoch["conv_net"]))
    rows.append(
        point("conv_net, cosine up to 0.005", load_results("mnist_short")["models"]["conv_net"])
    )
    for label, file in RECIPES.items():
        recipe = load_results(file)
        row = {key: recipe[key] for key in ("parameters", "epochs", "seconds")}
        rows.append(row | {"name": label, "accuracy": recipe["validation"]["mean"]})
    return rows


def points_of_run(name):
    """Return the rows of the models in the folder of a run of mnist.py."""
    folder = find_run(name, OUTPUTS)
    run = load_finished(folder)
    try:
        return [
            point(f"yours: {model}, {folder.name}", results)
            | {"seconds": seconds_of(folder, model)}
            for model, results in run["models"].items()
        ]
    except (KeyError, TypeError, ValueError, RecursionError):
        fail(f"{folder} started from a run without this model, or in a circle from itself.")


def seconds_of(folder, model, after=()):
    """Return how long a model was trained, with the run beside it from which it started.

    after: the folders of the runs that have started from this one.
    """
    if folder in after:
        raise ValueError("a circle")
    run = load_finished(folder)
    results, start = run["models"][model], run["settings"].get("start_from")
    start = start and folder.parent / Path(start).name  # a stranger's run could name any folder
    before = seconds_of(start, model, (*after, folder)) if start else 0
    return before + results["epochs"] * results["seconds_per_epoch"]


def draw(table, path):
    """Draw the rows as points whose area is the number of parameters, and write names to them."""
    figure, axes = plt.subplots(figsize=(10, 6.2))
    kinds = table["name"].map(family)
    for number, (kind, marker) in enumerate(FAMILIES.items()):
        some, style = table[kinds == kind], {"color": f"C{number}", "marker": marker}
        # A line from the short run of a network to its long one.
        for _, runs in some.groupby("name"):
            runs = runs.sort_values("seconds")
            axes.plot(
                runs["seconds"], runs["accuracy"], color=f"C{number}", linewidth=0.8, alpha=0.5
            )
        sizes = some["parameters"] / 1500
        axes.scatter(some["seconds"], some["accuracy"], s=sizes, alpha=0.6, **style)
        if len(some):
            axes.plot([], [], linestyle="", markersize=7, label=kind, **style)
    axes.set(xscale="log", yscale="logit")
    axes.set_xlabel("Time of training (two cores, log scale)")
    axes.set_ylabel("Accuracy on the validation images (stretched towards 100 %)")
    levels = [0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995, 0.996, 0.997, 0.998]
    low, high = table["accuracy"].min(), table["accuracy"].max()
    axes.set_ylim(1 - 1.15 * (1 - low), 1 - 0.85 * (1 - high))
    axes.set_yticks([level for level in levels if low - 0.01 < level < high + 0.0005])
    axes.set_yticks([], minor=True)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ticks = [5, 10, 30, 60, 120, 300, 600, 1200]
    axes.set_xticks(ticks, [f"{t} s" if t < 60 else f"{t // 60} min" for t in ticks])
    axes.legend(loc="upper left")
    write_names(axes, table)
    save_figure(figure, path)


def family(name):
    """Return the key of FAMILIES that a row's name belongs to."""
    starts = {"mlp": "MLP", "recipe": "recipe", "yours": "your run"}
    return next(
        (kind for start, kind in starts.items() if name.startswith(start)), "convolutional network"
    )


def write_names(axes, table):
    """Write each network's name on the right, a thin line from it to its longest run."""
    last = table.sort_values("seconds").drop_duplicates("name", keep="last")
    to_axes = (axes.transData + axes.transAxes.inverted()).transform
    last = last.assign(height=to_axes(last[["seconds", "accuracy"]].to_numpy())[:, 1])
    last = last.sort_values("height")
    places = spread_out(last["height"].tolist(), [0.042] * len(last))
    for (_, row), place in zip(last.iterrows(), places, strict=True):
        axes.annotate(
            row["name"],
            (row["seconds"], row["accuracy"]),
            xytext=(1.04, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8.5,
            arrowprops={
                "arrowstyle": "-",
                "linewidth": 0.5,
                "color": "0.6",
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )


def main(argv=None):
    """Print the table, draw the figure; return the rows, the most accurate first."""
    parser = make_parser("Validation accuracy over seconds of training.", OUTPUTS)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="folder of a run of mnist.py")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    rows = points_of_the_book()
    for run in args.runs:
        rows += points_of_run(run)
    table = pd.DataFrame(rows).sort_values("accuracy", ascending=False)
    print(table.to_string(index=False, formatters={"seconds": "{:.0f}".format}))
    draw(table, folder / "mnist_compare.png")
    networks = {"networks": table.to_dict(orient="records")}
    return save_results(networks, folder, __file__, argv)


if __name__ == "__main__":
    main()
