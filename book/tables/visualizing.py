"""The tables of the chapter on visualizing, and of its part on debugging."""

from tables.common import entries, load_results, markdown, percent, table


def words(name):
    return name.replace("_", " ")


def points(row):
    """Return a difference in percentage points, with its interval: +4.7 (+2.4 to +7.0)."""
    middle, low, high = (f"{100 * row['gain'][key]:+.1f}" for key in ("mean", "low", "high"))
    return f"{middle} ({low} to {high})".replace("-", "\N{MINUS SIGN}")


@table
def why_check():
    rows = []
    for name, row in load_results("why")["methods"].items():
        cells = [f"{100 * row['fall']:.1f}"]
        if "alike" in row:
            cells += [f"{100 * row['fall_untrained']:.1f}", points(row)]
            cells += [f"{row[key]:.2f}" for key in ("alike", "alike_ink")]
        rows.append([words(name), *cells, *[""] * (5 - len(cells))])
    return markdown(
        ["marked by", "fall", "by untrained networks", "difference (95 %)"]
        + ["rank correlation of the two", "on the ink"],
        *rows,
    )


@table
def why_stretched():
    stretched, placed = (load_results(name)["methods"] for name in ("why_stretched", "why"))
    rows = [
        [words(name), f"{100 * row['fall']:.1f}", points(row)]
        + [f"{100 * placed[name]['fall']:.1f}", points(placed[name])]
        for name, row in stretched.items()
        if "CAM" in name
    ]
    return markdown(
        ["marked by", "stretched: fall", "more than untrained", "placed: fall"]
        + ["more than untrained"],
        *rows,
    )


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
        rows.append(
            [words(name), f"{row['largest_input']:.0f}", row["twins"]]
            + [row["classes_in_a_batch"], f"{row['loss_at_start']:.2f}", gradient]
            + [f"{row['one_batch']:.4f}"]
        )
    return markdown(
        ["", "largest input", "duplicates", "classes in a batch", "loss at the start"]
        + ["smallest gradient", "one batch learned"],
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
    return markdown(
        ["", "loss, epoch 1", "epoch 10", "training accuracy", "validation", "the doctor finds"],
        *rows,
    )
