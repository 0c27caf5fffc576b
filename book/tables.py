"""Machinery of the book: the tables of the README, made of the files in assets/results/.

TABLES holds, by name, a function without arguments that returns a Markdown table.
"""

import json
from pathlib import Path

RESULTS = Path(__file__).resolve().parent.parent / "assets" / "results"
TABLES = {}


def table(make):
    """Enter a function that makes a table into TABLES under its own name."""
    TABLES[make.__name__] = make
    return make


def load(name):
    """Return what assets/results/NAME.json holds."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def percent(share, digits=2):
    return f"{share:.{digits}%}".replace("%", "\N{NO-BREAK SPACE}%")


def markdown(header, *rows):
    """Return a Markdown table; all columns but the first align right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def accuracies(model, *parts):
    """Return the accuracy of a trained model on each of the parts, as cells of a table."""
    return [percent(model[part]["accuracy"]) for part in parts]


def compare(*entries):
    """Return a table of trained models of the runs, each given as (label, run, model)."""
    rows = []
    for label, run, name in entries:
        model = load(run)["models"][name]
        rows.append(
            [label, model["epochs"], *accuracies(model, "train", "validation", "test")]
            + [f"{model[part]['cross_entropy']:.4f}" for part in ("validation", "test")]
        )
    header = ["", "epochs", "training", "validation", "test"]
    return markdown([*header, "cross-entropy, validation", "cross-entropy, test"], *rows)


def xor_table(title, *labels):
    """Return the shares solved of setups of xor/initializations.py, {label: how to find it}."""
    measured = {
        (setup["network"], setup["activation"], setup["optimizer"], setup["learning_rate"]): setup
        for setup in load("xor_initializations")["setups"]
    }
    rows = [
        [label, *(percent(share, 1) for share in measured[key]["solved"].values())]
        for label, key in labels
    ]
    return markdown([title, "300 epochs", "500 epochs", "1,000 epochs"], *rows)


def xor_networks(*networks):
    """Return the table of networks with relu and Adam at 0.001."""
    keys = [(n, "none" if n == "2-1" else "relu", "adam", 0.001) for n in networks]
    return xor_table("network", *zip(networks, keys, strict=True))


@table
def xor_layers():
    return xor_networks("2-1", "2-8-1", "2-8-4-1", "2-8-8-4-1", "2-16-8-4-1")


@table
def xor_neurons():
    one = [f"2-{n}-1" for n in (2, 4, 8, 16, 32)]
    return xor_networks(*one, "2-4-2-1", "2-8-4-1", "2-16-8-1", "2-32-16-1")


@table
def xor_activations():
    pairs = [("relu", 0.001), ("relu", 0.01), ("leaky_relu", 0.001), ("tanh", 0.001)]
    pairs += [("tanh", 0.01), ("sigmoid", 0.001), ("sigmoid", 0.01)]
    keys = [(f"{a}, {rate}", ("2-8-4-1", a, "adam", rate)) for a, rate in pairs]
    return xor_table("activation, learning rate", *keys)


@table
def xor_optimizers():
    pairs = [("adam", 0.001), ("rmsprop", 0.001), ("sgd", 0.001), ("sgd", 0.01), ("sgd", 0.1)]
    keys = [(f"{o}, {rate}", ("2-8-4-1", "relu", o, rate)) for o, rate in pairs]
    return xor_table("optimizer, learning rate", *keys)


@table
def xor_rates():
    keys = [(str(rate), ("2-8-4-1", "relu", "adam", rate)) for rate in (0.0001, 0.001, 0.01, 0.1)]
    return xor_table("learning rate", *keys)


def churn_table(title, rows):
    """Return a table of accuracy and AUC, means over seeds with their standard deviation."""
    return markdown(
        [title, "accuracy", "AUC"],
        *[
            [
                label,
                f"{percent(scores['accuracy'], 1)} ({100 * scores['accuracy_sd']:.1f})",
                f"{scores['auc']:.3f} ({scores['auc_sd']:.3f})",
            ]
            for label, scores in rows
        ],
    )


@table
def backends():
    names = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    rows = []
    for backend, scripts in load("backends").items():
        if backend in names:
            row = [f"{names[backend]} {scripts['xor']['version'].split()[1].partition('+')[0]}"]
            for name in ("xor", "churn", "mnist"):
                seconds, accuracy = scripts[name]["seconds"], scripts[name]["accuracy"]
                row.append(f"{seconds:.0f} s, {percent(accuracy, 1)}")
            rows.append(row)
    return markdown(["back end", "XOR", "churn, second lesson", "`conv_net`, 3 epochs"], *rows)


MODELS = ["majority_class", "logistic_regression", "gradient_boosting", "neural_network"]


@table
def churn_real():
    scores = load("churn_real")["invented_to_real"]
    rows = [(name.replace("_", " "), scores[name]) for name in MODELS]
    return churn_table("trained on the invented file, tested on 2,500 real customers", rows)


@table
def churn_base():
    scores = load("churn_base")["base"]
    rows = [(name.replace("_", " "), scores[name]) for name in MODELS]
    return churn_table("mean of five splits (standard deviation)", rows)


@table
def churn_experiments():
    labels = {
        "base": "as it is: 6-6, 100 epochs, batches of 10, rate 0.001",
        "no_hidden_layer": "no hidden layer",
        "one_hidden_layer": "one hidden layer of 6",
        "three_hidden_layers": "three hidden layers of 6",
        "hidden_2_2": "layers of 2",
        "hidden_64_64": "layers of 64",
        "epochs_10": "10 epochs",
        "epochs_30": "30 epochs",
        "epochs_300": "300 epochs",
        "batch_size_32": "batches of 32",
        "batch_size_500": "batches of 500",
        "learning_rate_0_0001": "rate 0.0001",
        "learning_rate_0_01": "rate 0.01",
        "learning_rate_0_1": "rate 0.1",
        "not_scaled": "not scaled",
        "country_as_number": "country as a number",
    }
    measured = load("churn_experiments")
    rows = [(label, measured[name]["neural_network"]) for name, label in labels.items()]
    return churn_table("network, mean of three splits (standard deviation)", rows)


PLAIN = ("plain `conv_net`", "mnist_60", "conv_net")
# Name of a table of trained models: its lines, each as (label, run, model).
COMPARISONS = {
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
        ("constant rate 0.001, batches of 256", "mnist_3", "conv_net"),
        ("cosine, augmentation", "mnist_short_augment", "conv_net"),
        ("cosine up to 0.005, batches of 128", "mnist_short", "conv_net"),
    ],
}
for name, entries in COMPARISONS.items():
    TABLES[name] = lambda entries=entries: compare(*entries)


@table
def mnist_models_3():
    rows = [
        [f"`{name}`", f"{model['parameters']:,}"] + accuracies(model, "train", "validation", "test")
        for name, model in load("mnist_3")["models"].items()
    ]
    header = ["model", "parameters", "training", "validation", "test"]
    return markdown(header, *rows)


@table
def mnist_models():
    long, short = load("mnist_60")["models"], load("mnist_3")["models"]
    return markdown(
        ["model", "parameters", "training", "validation", "test", "misread", "seconds per epoch"],
        *[
            [f"`{name}`", f"{model['parameters']:,}"]
            + accuracies(model, "train", "validation", "test")
            + [model["test"]["errors"], f"{short[name]['seconds_per_epoch']:.1f}"]
            for name, model in long.items()
        ],
    )


def with_deviation(scores):
    """Return a mean accuracy with its standard deviation in points, as a cell of a table."""
    return f"{percent(scores['mean'])} ({100 * scores['deviation']:.2f})"


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
        validation, test = (load("mnist_seeds")[name][part] for part in ("validation", "test"))
        rows.append(
            [label, with_deviation(validation), with_deviation(test)]
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
        recipe = load(name)
        rows.append(
            [label, f"{recipe['parameters']:,}", recipe["epochs"], f"{recipe['seconds']:,.0f}"]
            + [with_deviation(recipe[part]) for part in ("validation", "test")]
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
        scores = load("mnist_holdout")[kind]
        cells = [(s["errors"], f"{s['cross_entropy']:.4f}") for s in scores.values()]
        rows.append([label, *cells[0], *cells[1]])
    header = ["", "mistakes", "cross-entropy", "mistakes, fine-tuned", "cross-entropy, fine-tuned"]
    return markdown(header, *rows)


@table
def mnist_search():
    rows = [
        [place, f"{trial['learning_rate']:.4f}", trial["batch_size"], trial["width"]]
        + [f"{trial['dropout']:.2f}", percent(trial["value"])]
        for place, trial in enumerate(load("mnist_search")["trials"][:8], start=1)
    ]
    return markdown(["", "learning rate", "batch size", "width", "dropout", "validation"], *rows)


@table
def mnist_fitting():
    return markdown(
        ["", "parameters", "training", "validation", "training loss", "validation loss"],
        *[
            [title, f"{model['parameters']:,}"]
            + accuracies(model, "train", "validation")
            + [f"{model[part]['cross_entropy']:.3f}" for part in ("train", "validation")]
            for title, model in load("mnist_fitting").items()
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
            for name, model in load("mnist_weights").items()
            if name.startswith("conv_net")
        ],
    )


@table
def serialization_forms():
    parts = {"A": "architecture", "W": "weights", "O": "optimizer"}
    measured = load("serialization")
    rows = []
    for form, row in measured["xor"].items():
        large = measured["conv_net"].get(form)
        rows.append(
            [
                form,
                ", ".join(parts[letter] for letter in row["holds"]),
                f"{row['bytes']:,}",
                f"{large['bytes']:,}" if large else "",
                f"{row['load_ms']:.0f} ms" if row["load_ms"] >= 1 else "below 1 ms",
                f"{row['difference']:.0e}" if row["difference"] else "0",
                row["go_on"],
                row["foreign_code"],
            ]
        )
    header = ["form", "holds", "bytes, XOR", "bytes, `conv_net`", "load time", "largest difference"]
    return markdown([*header, "can training go on?", "code of a stranger"], *rows)


@table
def rest_preparation():
    labels = {
        "untouched": "the test images as they are, not put on a sheet",
        "all": "all steps",
        "box": "centred by the outline, not by mass",
        "stretched": "stretched to 20 × 20, proportions lost",
        "not_cropped": "not cropped: the whole sheet made 28 × 28",
        "dark_on_light": "dark taken for ink, without a look at the border",
    }
    measured = load("rest_preparation")
    rows = [[label, percent(measured[name])] for name, label in labels.items()]
    return markdown(["preparation", "read correctly"], *rows)


@table
def rest_load():
    labels = {"fast": "`predict_on_batch`", "predict": "`predict`"}
    rows = [
        [
            f"{label}, {clients} at once",
            f"{line['p50_ms']:.1f} ms",
            f"{line['p99_ms']:.1f} ms",
            f"{line['per_second']:.0f}",
        ]
        for name, label in labels.items()
        for clients, line in load("rest_load")[name].items()
        if clients.isdigit()
    ]
    return markdown(["clients", "half within", "99 % within", "requests per second"], *rows)


def experiment(group, title):
    """Return the table of one group of mnist/experiments.py."""
    return markdown(
        [title, "parameters", "training", "validation"],
        *[
            [label, f"{line['parameters']:,}"] + accuracies(line, "train", "validation")
            for label, line in load("mnist_experiments")[group].items()
        ],
    )


for name, title in {
    "neurons": "hidden layers",
    "activation": "activation",
    "optimizer": "optimizer and rate",
    "learning_rate": "rate of Adam",
    "batch_size": "batch size",
    "images": "training images",
    "filters": "filters",
    "normalization": "batch normalization",
    "momentum": "momentum, after one epoch",
    "flips": "flips",
}.items():
    TABLES[f"mnist_{name}"] = lambda name=name, title=title: experiment(name, title)
