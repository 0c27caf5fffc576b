"""The tables of the chapter on MNIST: networks trained once."""

from book.pages.tables.common import PERCENT, TABLES, load_results, markdown, percent, table
from utils.statistics import with_deviation

TEST_SIZE = 10_000


def accuracies(model, *parts):
    """Return the accuracy of a trained model on each of the parts, as cells of a table."""
    return [percent(model[part]["accuracy"]) for part in parts]


def compare(*entries):
    """Return a table of trained models of the runs, each given as (label, run, model)."""
    rows = []
    for label, run, name in entries:
        model = load_results(run)["models"][name]
        validation = model["validation"]
        rows.append(
            [label, model["epochs"], *accuracies(model, "train", "validation")]
            + [validation["errors"], f"{validation['cross_entropy']:.4f}"]
        )
    return markdown(["", "epochs", "training", "validation", "misread", "cross-entropy"], *rows)


PLAIN = ("plain `conv_net`", "mnist_60", "conv_net")
# Name of a table of trained models: its lines, each as (label, run, model).
COMPARISONS = {
    "mnist_convolution": [
        ("`mlp_one_layer`", "mnist_60", "mlp_one_layer"),
        PLAIN,
    ],
    "mnist_penalties": [
        PLAIN,
        ("with L1", "mnist_60", "conv_net_l1"),
        ("with L2", "mnist_60", "conv_net_l2"),
    ],
    "mnist_batch_norm": [PLAIN, ("with batch normalization", "mnist_60", "conv_net_batch_norm")],
    "mnist_dropout": [
        ("`mlp_two_layers`", "mnist_60", "mlp_two_layers"),
        ("the same with dropout", "mnist_60", "mlp_two_layers_dropout"),
    ],
    "mnist_conv_dropout": [PLAIN, ("with dropout", "mnist_60", "conv_net_dropout")],
    "mnist_augment": [PLAIN, ("with augmentation", "mnist_augment", "conv_net")],
    "mnist_early": [PLAIN, ("stopped early, patience 5", "mnist_early", "conv_net")],
    "mnist_cosine": [PLAIN, ("with the cosine schedule", "mnist_cosine", "conv_net")],
    "mnist_short": [
        ("constant rate 0.001, batches of 256", "mnist_seconds", "conv_net"),
        ("cosine, augmentation", "mnist_short_augment", "conv_net"),
        ("cosine up to 0.005, batches of 128", "mnist_short", "conv_net"),
    ],
}
for name, entries in COMPARISONS.items():
    TABLES[name] = lambda entries=entries: compare(*entries)


@table
def mnist_test():
    """What the test images say: of two networks for orientation, and of what was chosen."""
    rows = []
    for name in ("mlp_one_layer", "conv_net"):
        model = load_results("mnist_60")["models"][name]
        rows.append(
            [f"`{name}`, 60 epochs", 1, *accuracies(model, "test"), model["test"]["errors"]]
        )
    recipes = {"quick, 2 epochs": "quick_2", "quick": "quick", "best": "best"}
    for label, name in recipes.items():
        recipe = load_results(f"mnist_{name}")
        test, together = recipe["test"], recipe["ensemble"]["test"]
        seeds = len(test["accuracies"])
        misread = f"{TEST_SIZE * (1 - test['mean']):.0f}"
        rows.append([f"recipe {label}", seeds, with_deviation(test, PERCENT), misread])
        answers = [percent(together["accuracy"]), together["errors"]]
        rows.append([f"recipe {label}, {seeds} seeds together", seeds, *answers])
    return markdown(["", "runs", "test accuracy", "misread of 10,000"], *rows)


@table
def mnist_models_3():
    rows = [
        [f"`{name}`", f"{model['parameters']:,}", *accuracies(model, "train", "validation")]
        + [model["validation"]["errors"]]
        for name, model in load_results("mnist_seconds")["models"].items()
    ]
    return markdown(["model", "parameters", "training", "validation", "misread"], *rows)


@table
def mnist_fitting():
    return markdown(
        ["", "parameters", "training", "validation", "training loss", "validation loss"],
        *[
            [title, f"{model['parameters']:,}"]
            + accuracies(model, "train", "validation")
            + [f"{model[part]['cross_entropy']:.3f}" for part in ("train", "validation")]
            for title, model in load_results("mnist_fitting").items()
            if "parameters" in model
        ],
    )


@table
def mnist_weights():
    return markdown(
        ["network", "mean size of a weight", "below 0.001", "exactly 0"],
        *[
            [f"`{name}`", f"{model['mean_size']:.4f}"]
            + [percent(model[key], 1) for key in ("nearly_zero", "exactly_zero")]
            for name, model in load_results("mnist_weights").items()
            if name.startswith("conv_net")
        ],
    )
