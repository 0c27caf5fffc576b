"""Count and find the digits of a scene: from the map of their labels, and with a detector.

    python cnn/segmentation/find.py SEGMENT BOXES

SEGMENT is the folder of a run of segment.py, BOXES that of a run of boxes.py. In a map, each
connected piece of a digit's pixels is one digit found. How large a piece must be, over which gap
two count as one, and how sure a box must be, is chosen on scenes of the training writers. You will
see average precision, precision and recall, how many scenes were counted rightly, and how all that
depends on how far digits overlap; for the maps of the three ways and the true labels, and for the
detector. Draws a figure. Takes half a minute on two cores.
Chapter: cnn/segmentation/README.md#count-and-find
"""

from chapter import OUTPUTS

from itertools import product

import matplotlib.pyplot as plt
import numpy as np

from cnn.segmentation.baselines import fit_pieces
from cnn.segmentation.boxes import STRIDE, detect
from cnn.segmentation.measures import (
    average_precision,
    choose_score,
    find_boxes,
    judge_boxes,
    match,
    overlaps,
    true_boxes,
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
NEIGHBOUR = {"same": "overlaps its like", "other": "overlaps another digit"}
OVERLAPS = [0, 0.001, 0.25, 0.5, 1.01]  # of a digit's box, what another one covers of it


def load_networks(run, detector):
    """Return the U-Net, the classifier and the detector of two runs, or end with one line."""
    scene, places = (SIZE, SIZE, 1), (SIZE // STRIDE, SIZE // STRIDE)
    shapes = {run / "u_net.keras": (scene, [(SIZE, SIZE, len(NAMES))])}
    shapes[run / "classifier.keras"] = ((TILE, TILE, 1), [(len(NAMES),)])
    shapes[detector / "boxes.keras"] = (scene, [(*places, 4), (*places, len(NAMES) - 1)])
    networks = []
    for path, (inputs, outputs) in shapes.items():
        network = load_model(path)
        made = [one.shape[1:] for one in network.outputs]
        if network.input_shape != (None, *inputs) or made != outputs:
            fail(
                f"{path} makes {made} of {network.input_shape[1:]}, not {outputs} of {inputs}. "
                "Name the folders of a run of segment.py and of one of boxes.py."
            )
        networks.append(network)
    return networks


def choose(maps, truth):
    """Return the settings with the best average precision."""
    score = lambda settings: average_precision(find_boxes(maps, *settings), truth)  # noqa: E731
    return max(product(LEAST, BRIDGE), key=score)


def judge(found, sure, truth, scenes):
    """Return the measures of detection and of overlap; boxes less than sure do not count."""
    counting = [box for box in found if box.score >= sure]
    matches = match(counting, truth)
    seen = np.isin(np.arange(len(truth)), [index for index in matches if index is not None])
    counted, there = (
        np.bincount([box.scene for box in boxes], minlength=scenes) for boxes in (counting, truth)
    )
    covered, alike = np.array(overlaps(truth)).T
    groups = {f"overlap_{i}": np.digitize(covered, OVERLAPS) == i + 1 for i in range(4)}
    groups |= {"same": (covered > 0) & (alike == 1), "other": (covered > 0) & (alike == 0)}
    return judge_boxes(found, truth) | {
        "sure": sure,
        "precision": float(seen.sum() / max(len(counting), 1)),
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
    }


def show(results):
    """Print a line for each way."""
    print(f"{'':20}   AP  COCO  precision  recall  counted  found, by overlap, of same, other")
    for way, one in results.items():
        shares = "".join(f"{share or 0:7.1%}" for share in one["found_of"].values())
        print(
            f"{way:20}{one['ap']:6.3f}{one['coco']:6.3f}{one['precision']:10.1%}{one['recall']:8.1%}"
            f"{one['counted']:9.1%}{shares}"
        )


def draw(results, path):
    """Draw the share of scenes counted rightly, and of digits found, for each way."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4))
    for axes, key in zip(panels, ("counted_of", "found_of"), strict=True):
        axes.set_prop_cycle(LINES)
        for marker, (way, one) in zip("osD^v", results.items(), strict=True):
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


def main(argv=None):
    parser = make_parser("Count and find digits.", OUTPUTS)
    add = parser.add_argument
    add("run", help="folder of a run of segment.py, or its name in outputs/")
    add("detector", help="folder of a run of boxes.py, or its name there")
    add("--scenes", type=positive(int, 5_000), default=SCENES)
    add("--most", type=positive(int, 8), default=MOST, help="digits in a scene")
    about = "whose writers' digits are in the scenes"
    add("--part", choices=["validation", "test"], default="validation", help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    runs = [find_run(name, OUTPUTS) for name in (args.run, args.detector)]
    *networks, detector = load_networks(*runs)
    choosing = make_scenes("train", CHOOSING, OF_CHOOSING)
    scenes = make_scenes(args.part, args.scenes, OF_SCENES[args.part], args.most)
    known, truth, results = true_boxes(choosing), true_boxes(scenes), {}
    ways, pieces = [], fit_pieces(choosing)
    for part in (choosing, scenes):
        true = {"true labels": np.eye(len(NAMES), dtype="float32")[part.labels]}
        ways.append(true | label_all(*networks, pieces, part.images))
    for way, maps in ways[1].items():
        settings = choose(ways[0][way], known)
        sure = choose_score(find_boxes(ways[0][way], *settings), known)
        measures = judge(find_boxes(maps, *settings), sure, truth, args.scenes)
        results[way] = {"least": settings[0], "bridge": settings[1]} | measures
    sure = choose_score(detect(detector, choosing.images), known)
    results["detector"] = judge(detect(detector, scenes.images), sure, truth, args.scenes)
    show(results)
    draw(results, folder / "find.png")
    results = {"ways": results, "digits": len(truth), "part": args.part}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
