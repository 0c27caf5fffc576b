"""Machinery of the book: the tables of the chapters on what lies below fit."""

from tables.common import load_results, markdown, percent, table

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
    p = f"{one['holm']:.3f}" if one["holm"] >= 0.001 else "< 0.001"
    return [cells[0], f"{cells[1]} to {cells[2]}", seeds, p]


def comparisons(name, scale=100, form="{:+.2f}", unit="points"):
    """Return the table of the comparisons of a measurement."""
    found = load_results(name)["comparisons"]
    return markdown(
        ["comparison", f"mean, {unit}", "95 % interval", "seeds with more", "p (Holm)"],
        *[
            [label.replace(" - ", " minus "), *difference(one, scale, form)]
            for label, one in found.items()
        ],
    )


def mean(values):
    return sum(values) / len(values)


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
    scores = load_results("siamese")["scores"]
    return markdown(
        ["", "right", "95 % interval over writers", "AUC"],
        *[
            [name, percent(one["mean"], 1), f"{100 * one['low']:.1f} to {percent(one['high'], 1)}"]
            + [f"{one['auc']:.3f}"]
            for name, one in scores.items()
        ],
    )


@table
def million_rows():
    ways = load_results("million_rows")["ways"]
    rows = []
    for name, one in ways.items():
        row = [name, f"{one['peak_mib']:,.0f}"]
        if "seconds" in one:
            row += [f"{one['rows_per_second']:,.0f}", percent(one["accuracy"], 1)]
        rows.append(row + [""] * (4 - len(row)))
    return markdown(["", "peak memory, MiB", "rows a second", "right"], *rows)


@table
def pitfalls_buffers():
    found = load_results("pitfalls")["buffers"]
    return markdown(
        ["buffer, images", "right"],
        *[[f"{int(buffer):,}", percent(share, 1)] for buffer, share in found.items()],
    )


@table
def image_files():
    ways = load_results("image_files")["ways"]
    rows = []
    for name, one in ways.items():
        row = [f"`{name}`" if "_" in name else name, f"{one['peak_mib']:,.0f}"]
        if "accuracy" in one:
            row += [f"{one['images_per_second']:,.0f}", percent(one["accuracy"], 1)]
        rows.append(row + [""] * (4 - len(row)))
    return markdown(["", "peak memory, MiB", "images a second", "right"], *rows)


@table
def slow_place():
    """The input alone, computing alone, and both, for each network and kind of input."""
    inputs = {  # {in fit: (label, the input alone)}
        "splines": ("image by image", "splines_input"),
        "workers": ("the same, two workers", None),
        "lines": ("the same, `order=1`", "lines_input"),
        "layer": ("a layer of the network", None),
    }
    rows = []
    for network, found in load_results("slow_place")["milliseconds"].items():
        for key, (label, alone) in inputs.items():
            computing = f"{found['computing']:.1f}" if key != "layer" else ""
            arrives = f"{found[alone]:.1f}" if alone else ""
            rows.append([network, label, arrives, computing, f"{found[key]:.1f}"])
    return markdown(["network", "turned", "input alone", "computing alone", "in `fit`"], *rows)


def profile(part, label):
    """Return the table of a profile: names, calls, shares."""
    return markdown(
        [label, "calls", "share of the time"],
        *[
            [f"`{one['name']}`", f"{one['calls']:,}", percent(one["share"], 1)]
            for one in load_results("slow_place")[part]
        ],
    )


@table
def slow_functions():
    return profile("input", "function")


@table
def slow_operations():
    return profile("step", "operation")


KINDS = {
    "own_step": "a step of one's own",
    "run_eagerly": "`run_eagerly=True`",
    "jit_compile": "`jit_compile=True`",
    "steps_per_execution": "`steps_per_execution=20`",
    "bfloat16": "bfloat16",
    "float16": "float16",
}


def beside(one):
    """Return the cells of a ratio: in percent, its interval, and p."""
    p = f"{one['holm']:.3f}" if one["holm"] >= 0.001 else "< 0.001"
    interval = f"{100 * one['low']:.0f} to {percent(one['high'], 0)}"
    return [percent(one["ratio"], 0), interval, p]


@table
def faster():
    found, rows = load_results("faster"), []
    for network, kinds in found["networks"].items():
        for kind, one in kinds.items():
            cells = [network, KINDS.get(kind, "plain `fit`"), f"{one['first']:.1f}"]
            cells.append(f"{one['loss']:.4f}")
            plain = [f"100 %, {one['median']:.2f} s", "", ""]
            cells += plain if kind == "fit" else beside(found["compared"][network][kind])
            rows.append(cells)
    head = ["network", "", "first epoch, s", "its loss", "time beside `fit`", "95 % interval", "p"]
    return markdown(head, *rows)


@table
def own_step():
    rows = []
    for ending, label in (("", "TensorFlow"), ("_jax", "JAX"), ("_torch", "PyTorch")):
        compared = load_results(f"faster{ending}")["compared"]
        for network in ("perceptron", "convolutions"):
            rows.append([label, network, *beside(compared[network]["own_step"])[:2]])
    return markdown(["back end", "network", "time beside `fit`", "95 % interval"], *rows)
