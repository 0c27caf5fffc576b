"""The tables of the chapter on visualizing, and of its part on debugging."""

from collections import Counter

from book.pages.tables.common import (
    entries,
    load_results,
    markdown,
    p_value,
    percent,
    table,
    with_interval,
)
from utils.comparisons import compare_seeds, holm
from utils.statistics import mean_and_deviation

KINDS = ["Grad-CAM", "HiResCAM"]


def words(name):
    return name.replace("_", " ")


def points(difference):
    """Return a difference in percentage points, with its interval: +4.7 (+2.4 to +7.0)."""
    return with_interval(difference, "{:+z.1f}", 100)  # z: 0.0 where Python has a -0.0


@table
def why_check():
    rows = []
    for name, row in load_results("attribution")["methods"].items():
        cells = [f"{100 * row['fall']:.1f}"]
        if "alike" in row:
            cells += [f"{100 * row['fall_untrained']:.1f}", points(row["gain"])]
            cells += [f"{row[key]:z.2f}" for key in ("alike", "alike_ink")]
        rows.append([words(name), *cells, *[""] * (5 - len(cells))])
    return markdown(
        ["marked by", "fall, by its map", "fall, by the map of an untrained network"]
        + ["difference (95 %)", "correlation of the two maps", "on the ink"],
        *rows,
    )


def compared(rows):
    """Return a table of pairs of lists, a value per seed: {name: (first, second)}; one family."""
    pairs = {name: compare_seeds(second, first) for name, (first, second) in rows.items()}
    values = holm([pair["p"] for pair in pairs.values()])
    lines = []
    for (name, pair), p in zip(pairs.items(), values, strict=True):
        means = [f"{100 * mean_and_deviation(one)[0]:.1f}" for one in rows[name]]
        ahead = sum(x > 0 for x in pair["differences"])
        lines.append(
            [name, *means] + [points(pair), f"{ahead} of {len(pair['differences'])}"] + [p_value(p)]
        )
    return lines


def gains(name, way):
    return load_results("placing")["maps"][name][way]["accuracies"]


@table
def why_placing():
    rows = {
        words(name): (gains(name, "stretched"), gains(name, "placed"))
        for name in load_results("placing")["maps"]
    }
    header = ["map", "lead, stretched", "lead, placed", "difference (95 %)"]
    header += ["placed is ahead", "p"]
    return markdown(header, *compared(rows))


@table
def why_averaging():
    rows = {
        side.replace("_", " "): [gains(f"{kind}_{side}", "placed") for kind in KINDS]
        for side in ("3_x_3", "11_x_11")
    }
    header = ["cells", *(f"lead, {kind}" for kind in KINDS), "difference (95 %)"]
    header += ["HiResCAM is ahead", "p"]
    return markdown(header, *compared(rows))


@table
def embedding_maps():
    rows = [
        [words(name).replace("t SNE ", "t-SNE, "), percent(row["neighbours"], 1)]
        + [percent(row["kept"], 0)]
        + [f"{row['trustworthiness']:.3f}", f"{row['distances']:.2f}"]
        for name, row in load_results("embedding")["maps"].items()
    ]
    return markdown(
        ["points", "neighbours have the digit", "neighbours kept", "trustworthiness"]
        + ["distances kept"],
        *rows,
    )


@table
def checklist_faults():
    rows = []
    for name, row in entries("checklist").items():
        gradient = f"{row['least_gradient']:.4f}" if row["least_gradient"] else "0"
        cells = [
            (f"{row['largest_input']:.0f}", row["largest_input"] > 1),
            (row["twins"], row["twins"] > 0),
            (row["classes_in_a_batch"], row["classes_in_a_batch"] < 5),
            (f"{row['loss_at_start']:.2f}", row["loss_at_start"] > 3),
            (gradient, row["least_gradient"] == 0),
            (
                f"{row['one_batch']:.4f}, {percent(row['one_batch_accuracy'], 0)}",
                row["one_batch"] > 1 or row["one_batch_accuracy"] < 1,
            ),
            (f"{row['predictions_vary']:.2f}", row["predictions_vary"] < 0.9),
        ]
        rows.append([words(name), *(f"**{text}**" if odd else text for text, odd in cells)])
    return markdown(
        ["", "largest input", "duplicates", "classes in a batch", "loss at the start"]
        + ["smallest gradient", "one batch: loss, accuracy", "predictions vary by"],
        *rows,
    )


@table
def broken_trainings():
    rows = []
    for name, row in entries("broken").items():
        history = row["history"]
        found = ", ".join(map(words, row["findings"])) or "nothing"
        rows.append(
            [words(name), f"{history['loss'][0]:.2f}", f"{history['loss'][-1]:.2f}"]
            + [percent(history[key][-1], 1) for key in ("accuracy", "val_accuracy")]
            + [found]
        )
    header = ["", "loss, epoch 1", "epoch 10", "training accuracy", "validation"]
    return markdown([*header, "the doctor finds"], *rows, words=["the doctor finds"])


@table
def drill():
    """Return what the doctor said of the runs of each fault; the diagonal first, then the rest."""
    runs, rows = load_results("drill")["runs"], []
    for fault in entries("broken"):
        said = Counter(run["doctor"] for run in runs if run["fault"] == fault)
        told = sum(run["told"] == fault for run in runs if run["fault"] == fault)
        right = said.pop(fault, 0)
        others = ", ".join(f"{words(name)} {count}" for name, count in said.most_common())
        rows.append([words(fault), said.total() + right, right, others, told])
    return markdown(
        ["hidden fault", "runs", "right", "what the doctor said else"]
        + ["right if told rate and batches"],
        *rows,
        words=["what the doctor said else"],
    )
