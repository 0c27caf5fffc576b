"""Machinery of the book: the tables of the chapters on what lies below fit."""

from statistics import mean

from book.pages.tables.common import load_results, markdown, p_value, percent, table, with_interval

STEPS = {
    "numpy": "1. numpy",
    "gradients": "2. `keras.ops` and gradients",
    "parts": "3. layers, optimizer, metric",
    "train_step": "4. `train_step` and `fit`",
    "fit": "5. `compile` and `fit`",
}


@table
def five_steps():
    steps = load_results("five_steps")["steps"]
    epochs = len(steps["numpy"]["losses"])
    return markdown(
        ["step", *[f"loss, epoch {epoch + 1}" for epoch in range(epochs)], "right", "seconds"],
        *[
            [label]
            + [f"{loss:.6f}" for loss in steps[name]["losses"]]
            + [percent(steps[name]["accuracy"], 1), f"{steps[name]['seconds']:.2f}"]
            for name, label in STEPS.items()
        ],
    )


def difference(one, scale, form):
    """Return the cells of a comparison: mean, interval, seeds ahead, p."""
    cells = [form.format(scale * one[key]) for key in ("mean", "low", "high")]
    ahead = sum(value > 0 for value in one["differences"])
    seeds = f"{ahead} of {len(one['differences'])}"
    return [cells[0], f"{cells[1]} to {cells[2]}", seeds, p_value(one["holm"])]


def minus(label):
    """Return "(one, way) minus (other, way)" for "one, way - other, way"."""
    return " minus ".join(f"({half})" if "," in half else half for half in label.split(" - "))


def comparisons(name, scale=100, form="{:+.2f}", unit="points"):
    """Return the table of the comparisons of a measurement."""
    found = load_results(name)["comparisons"]
    return markdown(
        ["comparison", f"mean, {unit}", "95 % interval", "seeds with more", "p (Holm)"],
        *[[minus(label), *difference(one, scale, form)] for label, one in found.items()],
    )


@table
def parts_costs():
    found = load_results("parts")
    return markdown(
        ["loss", "accuracy", "cost, most probable answer", "cost, cheapest answer"],
        *[
            [
                label,
                percent(mean(found["accuracy"][name]), 1),
                *[
                    f"{mean(found['costs'][f'{name}, {answer}']):.3f}"
                    for answer in ("most probable", "cheapest")
                ],
            ]
            for name, label in (("plain", "cross-entropy"), ("costs", "with the costs"))
        ],
    )


@table
def parts_comparisons():
    return comparisons("parts", 1, "{:+.3f}", "cost of an answer")


MISTAKES = {
    "wrong_shape": "rows of five numbers for a network of four",
    "no_super": "`__init__` does not call `super().__init__()`",
    "numpy_in_call": "`np.tanh` in `call`",
    "no_config": "an array as an option, and no `get_config`",
    "not_registered": "a class that `load_model` does not know",
    "vector_for_a_loss": "a `train_step` that differentiates one loss per row",
    "metric_without_a_name": "a lambda as metric",
}


@table
def mistakes():
    found = load_results("mistakes")
    lines = [["mistake", "error", "the sentence that helps"], ["---", "---", "---"]]
    for name, label in MISTAKES.items():
        error = f"`{found[name]['error']}`" if found[name]["error"] else "none"
        lines.append([label, error, found[name]["said"].replace("|", "\\|")])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


@table
def updates():
    found = load_results("updates")
    labels = {
        "batches_of_100": "batches of 100",
        "4_batches_of_25": "4 batches of 25, accumulated",
        "SGD": "SGD",
        "SGD_and_SGD": "a pair, both SGD",
        "Adam_and_SGD": "a pair, Adam and SGD",
        "as_it_is": "float16, the loss as it is",
        "scaled": "float16, the loss scaled",
    }
    losses = found["accumulated"] | found["optimizers"]
    losses |= {name: one["losses"] for name, one in found["float16"].items()}
    epochs = len(losses["SGD"])
    return markdown(
        ["training", *[f"loss, epoch {epoch + 1}" for epoch in range(epochs)]],
        *[[labels[name], *[f"{v:.6f}" for v in values]] for name, values in losses.items()],
    )


@table
def adversarial():
    shares = load_results("adversarial")["shares"]
    images = ["as they are", "noise", "one step", "ten steps"]
    return markdown(
        ["training", *images],
        *[
            [name, *[percent(mean(shares[f"{name}, {kind}"]), 1) for kind in images]]
            for name in ("plain", "penalty", "adversarial")
        ],
    )


@table
def adversarial_comparisons():
    return comparisons("adversarial", form="{:+.1f}")


@table
def distillation():
    students = load_results("distillation")["students"]
    labels = {
        "labels": "labels",
        "smoothed": "labels, smoothed",
        "teacher": "the teacher's probabilities",
        "softer": "the same, at temperature 4",
    }
    return markdown(
        ["learned from", "accuracy", "cross-entropy"],
        *[
            [label, percent(mean(students[name]["accuracy"]), 2)]
            + [f"{mean(students[name]['cross_entropy']):.3f}"]
            for name, label in labels.items()
        ],
    )


@table
def distillation_comparisons():
    return comparisons("distillation")


@table
def branches():
    shares = load_results("branches")["shares"]
    return markdown(
        ["learned from", "digit right", "sum right", "digits added right"],
        *[
            [label, *[percent(mean(shares[f"{name}, {c}"]), 1) for c in ("digit", "sum", "added")]]
            for name, label in (("all", "both digits and the sum"), ("sum alone", "the sum alone"))
        ],
    )


@table
def branches_comparisons():
    return comparisons("branches", form="{:+.1f}")


@table
def siamese():
    found, without = load_results("siamese"), load_results("siamese_no_dropout")
    rows = []
    for results, who, label in (
        (found, "siamese network", "siamese network"),
        (found, "logistic regression", "logistic regression"),
        (found, "difference", "the network minus regression"),
        (without, "siamese network", "siamese network, no dropout"),
    ):
        sign, one = "+" if who == "difference" else "", results["scores"][who]
        points = f"{{:{sign}.1f}}"
        cells = [with_interval(one[measure], points, 100) for measure in ("at_half", "right")]
        cells.append(with_interval(one["auc"], f"{{:{sign}.3f}}"))
        threshold = results["thresholds"].get(who)
        cells.insert(1, "" if threshold is None else f"{threshold:.2f}")
        rows.append([label, *cells])
    header = ["", "right at 0.5, %", "its threshold", "right at its threshold, %", "AUC"]
    return markdown(header, *rows)
