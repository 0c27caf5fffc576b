"""Count and find the digits of a scene from the map of its labels, and see where that fails.

    python cnn/segmentation/find.py RUN

RUN is the folder of a run of segment.py. Each connected piece of a digit's pixels is one digit
found. How large a piece must be, and over which gap two count as one, is chosen on scenes of the
training writers. You will see average precision, precision and recall at an IoU of 0.5, how many
scenes were counted rightly, and how all that depends on how far digits overlap; for the maps of
the three ways, and for the true labels. Draws two figures. Takes half a minute on two cores.
Chapter: cnn/segmentation/README.md#count-and-find
"""

from chapter import OUTPUTS

from collections import Counter
from itertools import product

import matplotlib.pyplot as plt
import numpy as np

from cnn.segmentation.baselines import fit_pieces
from cnn.segmentation.measures import (
    MAPS,
    average_precision,
    find_boxes,
    match,
    overlaps,
    true_boxes,
    why_missed,
)
from cnn.segmentation.scenes import MOST, NAMES, SIZE, TILE, make_scenes
from cnn.segmentation.segment import OF_SCENES, label_all
from utils.figures import LINES, name_lines, save_figure
from utils.loading import load_model
from utils.options import make_parser, positive
from utils.runs import fail, find_run, make_folder, save_results

SCENES = 500
CHOOSING = 200  # scenes of the training writers, which choose the settings of each way
LEAST = [5, 10, 20, 30, 45, 60]  # pixels of a piece that may be a digit
BRIDGE = [0, 1, 2, 3]  # pixels by which pieces may grow to be one
OF_CHOOSING = 4  # what fixes these scenes, on which no network has learned
SHOWN = 6  # scenes of the figure of failures
NEIGHBOUR = {"same": "overlaps its like", "other": "overlaps another digit"}
OVERLAPS = [0, 0.001, 0.25, 0.5, 1.01]  # of a digit's box, what another one covers of it


def load_networks(run):
    """Return the U-Net and the classifier of a run of segment.py, or end with one line."""
    shapes = {"u_net": ((SIZE, SIZE, 1), (SIZE, SIZE, len(NAMES)))}
    shapes["classifier"] = ((TILE, TILE, 1), (len(NAMES),))
    networks = []
    for name, (inputs, outputs) in shapes.items():
        path = run / f"{name}.keras"
        network = load_model(path)
        if (network.input_shape, network.output_shape) != ((None, *inputs), (None, *outputs)):
            fail(
                f"{path} makes {network.output_shape[1:]} of {network.input_shape[1:]}, "
                f"not {outputs} of {inputs}. Name the folder of a run of segment.py."
            )
        networks.append(network)
    return networks


def choose(maps, truth):
    """Return the settings with the best F1: right boxes twice, over boxes found and digits."""
    reached = {}
    for settings in product(LEAST, BRIDGE):
        found = find_boxes(maps, *settings)
        right = sum(index is not None for index in match(found, truth))
        reached[settings] = 2 * right / (len(found) + len(truth))
    return max(reached, key=reached.get)


def judge(found, truth, scenes):
    """Return the measures of detection and of overlap, and the scenes with a missed digit."""
    matches = match(found, truth)
    seen = np.isin(np.arange(len(truth)), [index for index in matches if index is not None])
    counted, there = (
        np.bincount([box.scene for box in boxes], minlength=scenes) for boxes in (found, truth)
    )
    covered, alike = np.array(overlaps(truth)).T
    groups = {f"overlap_{i}": np.digitize(covered, OVERLAPS) == i + 1 for i in range(4)}
    groups |= {"same": (covered > 0) & (alike == 1), "other": (covered > 0) & (alike == 0)}
    missed = [truth[i] for i in np.flatnonzero(~seen)]
    of_scene = [[box for box in found if box.scene == scene] for scene in range(scenes)]
    measures = {
        "average_precision": average_precision(found, truth),
        "precision": float(seen.sum() / max(len(found), 1)),
        "recall": float(seen.mean()),
        "counted": float((counted == there).mean()),
        "counted_of": {
            str(count): float((counted == count)[there == count].mean())
            for count in np.unique(there)
        },
        "found_of": {
            name: float(seen[group].mean()) if group.any() else None
            for name, group in groups.items()
        },
        "digits_of": {name: int(group.sum()) for name, group in groups.items()},
        "missed": Counter(why_missed(box, of_scene[box.scene]) for box in missed),
    }
    return measures, sorted({box.scene for box in missed})


def show(results):
    """Print a line for each way."""
    print(f"{'':20}   AP  precision  recall  counted  found, by overlap, of same, other")
    for way, one in results.items():
        shares = "".join(f"{share or 0:7.1%}" for share in one["found_of"].values())
        print(
            f"{way:20}{one['average_precision']:6.3f}{one['precision']:10.1%}{one['recall']:8.1%}"
            f"{one['counted']:9.1%}{shares}"
        )


def draw(results, path):
    """Draw the share of scenes counted rightly, and of digits found, for each way."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4))
    for axes, key in zip(panels, ("counted_of", "found_of"), strict=True):
        axes.set_prop_cycle(LINES)
        for marker, (way, one) in zip("osD^", results.items(), strict=True):
            shares = [share for name, share in one[key].items() if name not in NEIGHBOUR]
            values = 100 * np.array(shares, float)  # None, for no digit, becomes nan: a gap
            axes.plot(range(len(values)), values, marker=marker, label=way)
        axes.set_ylim(0, 102)
    counts = list(one["counted_of"])
    panels[0].set(title="Counted rightly", ylabel="scenes (%)", xlabel="digits in the scene")
    panels[0].set_xticks(range(len(counts)), counts)
    panels[1].set(title="Found", ylabel="digits (%)", xlabel="share of its box in another's box")
    panels[1].set_xticks(range(4), ["none", "up to 25 %", "up to 50 %", "more (few)"])
    for axes in panels:
        name_lines(axes)
    save_figure(figure, path)


def draw_failures(scenes, maps, found, truth, missed, path):
    """Draw the first scenes of which a digit was missed: what is there, and what was found."""
    figure, panels = plt.subplots(2, SHOWN, figsize=(10, 3.8), squeeze=False)
    for column, scene in zip(panels.T, missed, strict=False):
        column[0].imshow(scenes.images[scene, ..., 0], cmap="gray")
        column[1].imshow(maps[scene].argmax(axis=-1), **MAPS)
        inks = [("white", "black"), ("black", "white")]  # of boxes and numbers, and behind them
        for axes, boxes, (ink, behind) in zip(column, (truth, found), inks, strict=True):
            for box in boxes:
                if box.scene == scene:
                    corner, sides = (box.left - 0.5, box.top - 0.5), (box.width, box.height)
                    axes.add_patch(plt.Rectangle(corner, *sides, fill=False, edgecolor=ink))
                    paper = {"facecolor": behind, "edgecolor": "none", "alpha": 0.7, "pad": 0.8}
                    axes.text(box.right, box.top, NAMES[box.label], color=ink, size=9, bbox=paper)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
    panels[0, 0].set_ylabel("what is there")
    panels[1, 0].set_ylabel("what was found")
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Count and find digits from the map of their labels.", OUTPUTS)
    add = parser.add_argument
    add("run", help="folder of a run of segment.py, or its name in outputs/")
    add("--scenes", type=positive(int, 5_000), default=SCENES)
    add("--most", type=positive(int, 8), default=MOST, help="digits in a scene")
    about = "whose writers' digits are in the scenes"
    add("--part", choices=["validation", "test"], default="validation", help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    networks = load_networks(find_run(args.run, OUTPUTS))
    choosing = make_scenes("train", CHOOSING, OF_CHOOSING)
    scenes = make_scenes(args.part, args.scenes, OF_SCENES[args.part], args.most)
    ways, pieces = [], fit_pieces(choosing)
    for part in (choosing, scenes):
        true = {"true labels": np.eye(len(NAMES), dtype="float32")[part.labels]}
        ways.append(true | label_all(*networks, pieces, part.images))
    truth, results = true_boxes(scenes), {}
    for way, maps in ways[1].items():
        settings = choose(ways[0][way], true_boxes(choosing))
        found = find_boxes(maps, *settings)
        measures, missed = judge(found, truth, args.scenes)
        results[way] = {"least": settings[0], "bridge": settings[1]} | measures
        if way == "U-Net":
            draw_failures(scenes, maps, found, truth, missed, folder / "find_failures.png")
    show(results)
    draw(results, folder / "find.png")
    results = {"ways": results, "digits": len(truth), "part": args.part}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
