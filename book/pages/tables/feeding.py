"""Machinery of the book: the tables of the chapters on data in files and on the slow place."""

from book.pages.tables.common import load_results, markdown, p_value, percent, table


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
    interval = f"{100 * one['low']:.0f} to {percent(one['high'], 0)}"
    return [percent(one["ratio"], 0), interval, p_value(one["holm"])]


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
