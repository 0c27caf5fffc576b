"""The tables of the studies on MNIST: all models, seeds, recipes, search."""

from tables.common import markdown, percent, table
from tables.mnist import accuracies
from utils.runs import load_results
from utils.statistics import with_deviation

PERCENT = "\N{NO-BREAK SPACE}%"


@table
def mnist_models():
    long, short = load_results("mnist_60")["models"], load_results("mnist_3")["models"]
    return markdown(
        ["model", "parameters", "training", "validation", "test", "misread", "seconds per epoch"],
        *[
            [f"`{name}`", f"{model['parameters']:,}"]
            + accuracies(model, "train", "validation", "test")
            + [model["test"]["errors"], f"{short[name]['seconds_per_epoch']:.1f}"]
            for name, model in long.items()
        ],
    )


@table
def mnist_seeds():
    labels = {
        "plain": "plain `conv_net`",
        "l1": "with L1",
        "l2": "with L2",
        "batch_norm": "with batch normalization",
        "dropout": "with dropout",
        "augmentation": "with augmentation",
        "cosine": "with the cosine schedule",
    }
    rows = []
    for name, label in labels.items():
        validation, test = (
            load_results("mnist_seeds")[name][part] for part in ("validation", "test")
        )
        rows.append(
            [label, with_deviation(validation, PERCENT), with_deviation(test, PERCENT)]
            + [f"{100 * test['sampling_error']:.2f}", f"{test['cross_entropy']:.4f}"]
        )
    header = ["", "validation", "test", "sampling error, test", "cross-entropy, test"]
    return markdown(header, *rows)


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
            [label, f"{recipe['parameters']:,}", recipe["epochs"], f"{recipe['seconds']:,.0f}"]
            + [with_deviation(recipe[part], PERCENT) for part in ("validation", "test")]
            + [", ".join(percent(accuracy) for accuracy in recipe["test"]["accuracies"])]
            + [percent(recipe["ensemble"]["test"]["accuracy"])]
        )
    header = ["recipe", "parameters", "epochs", "seconds", "validation", "test"]
    return markdown([*header, "each seed, test", "three seeds together, test"], *rows)


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
