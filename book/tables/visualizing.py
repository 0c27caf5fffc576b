"""The tables of the chapter on visualizing, and of its part on debugging."""

from tables.common import entries, markdown, percent, table
from utils.runs import load_results


def words(name):
    return name.replace("_", " ")


@table
def why_check():
    rows = []
    for name, row in load_results("why")["methods"].items():
        cells = [f"{100 * row['fall']:.1f}"]
        if "alike" in row:
            cells += [f"{100 * row['fall_untrained']:.1f}", f"{row['alike']:.2f}"]
        rows.append([words(name), *cells, *[""] * (3 - len(cells))])
    return markdown(
        ["marked by", "fall", "fall, map of untrained networks", "rank correlation of the two"],
        *rows,
    )


@table
def embedding_maps():
    rows = [
        [words(name), percent(row["neighbours"], 1), f"{row['distances']:.2f}"]
        for name, row in load_results("embedding")["maps"].items()
    ]
    return markdown(["points", "neighbours have the digit", "distances kept"], *rows)


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
