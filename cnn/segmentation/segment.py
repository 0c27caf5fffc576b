"""A label for every pixel: a U-Net, beside two ways that do without.

    python cnn/segmentation/segment.py

Makes scenes of digits that cross each other over clutter, trains a small U-Net to say for each
pixel which digit is there, and compares it with nearest mean digits and with a classifier slid over
the scenes: by intersection over union, on scenes by people whose digits it never saw. You will see
the measure for each digit, and a figure. The networks are saved. Takes two to three minutes on two
cores.
Chapter: cnn/segmentation/README.md#a-label-for-every-pixel
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np

from cnn.segmentation.baselines import (
    WINDOWS,
    fit_pieces,
    label_by_sliding,
    label_pieces,
    train_classifier,
)
from cnn.segmentation.measures import MAPS, confusion, find_boxes, iou, mean_iou
from cnn.segmentation.scenes import NAMES, make_scenes
from cnn.segmentation.u_net import build_u_net
from utils.figures import save_figure
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import make_folder, save_network, save_results

SCENES = 6_000  # to learn from
HELD_OUT = 500  # scenes, of other writers
EPOCHS = 4
BATCH_SIZE = 16
LEARNING_RATE = 0.004  # at the beginning; it falls to 0 like half a wave
SEED = 1
OF_SCENES = {"train": 1, "validation": 2, "test": 3}  # what fixes the scenes of a part
SHOWN = 6  # scenes of the figure


def make_part(part, count):
    """Return the first scenes of a part, always the same."""
    return make_scenes(part, count, OF_SCENES[part])


def label_all(u_net, classifier, pieces, images):
    """Return {way: probabilities (n, 64, 64, 11)} for images (n, 64, 64, 1)."""
    return {
        "U-Net": u_net.predict(images, batch_size=50, verbose=0),
        "classifier as FCN": label_by_sliding(classifier, images),
        "ink, nearest mean": label_pieces(pieces, images),
    }


def judge(scenes, probabilities):
    """Return the share of right pixels, the IoU of each class, and that of any digit: of ink."""
    matrix = confusion(scenes.labels, probabilities.argmax(axis=-1), len(NAMES))
    return {
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "iou": dict(zip(NAMES, iou(matrix).tolist(), strict=True)),
        "mean_iou": mean_iou(matrix),
        "ink": float(matrix[1:, 1:].sum() / max(matrix.sum() - matrix[0, 0], 1)),
    }


def show(results):
    """Print a line for each way: right pixels, the mean IoU of the digits, and that of each."""
    print(f"{'':24} right    mean" + "".join(f"{name:>5}" for name in NAMES[1:]))
    for way, one in results.items():
        each = "".join(f"{one['iou'][name]:5.2f}" for name in NAMES[1:])
        print(f"{way:24}{one['accuracy']:6.1%}{one['mean_iou']:8.3f}{each}")


def draw(scenes, maps, path):
    """Draw some scenes, their true labels, and what each way makes of them, {way: probabilities}.

    A digit stands beside each larger piece of its pixels.
    """
    rows = {"scene": None, "true labels": np.eye(len(NAMES))[scenes.labels[:SHOWN]]} | maps
    figure, panels = plt.subplots(len(rows), SHOWN, figsize=(9, 1.55 * len(rows)))
    for (name, probabilities), line in zip(rows.items(), panels, strict=True):
        for i, axes in enumerate(line):
            axes.set(xticks=[], yticks=[])
            if probabilities is None:
                axes.imshow(scenes.images[i, ..., 0], cmap="gray")
                continue
            axes.imshow(probabilities[i].argmax(axis=-1), **MAPS)
            for box in find_boxes(probabilities[i : i + 1], least=20, bridge=0):
                axes.text(box.right, box.top, NAMES[box.label], ha="center", va="center", size=8)
        line[0].set_ylabel(name.replace(", ", ",\n"), size=9)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Label every pixel of scenes with digits.", OUTPUTS)
    add = parser.add_argument
    add("--scenes", type=positive(int, 20_000), default=SCENES, help="to learn from")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--windows", type=positive(int, 200_000), default=WINDOWS, help="for the classifier")
    add("--seed", type=seed, default=SEED, help="fixes initial weights and the order of the scenes")
    about = "look at scenes by the writers of the test images, too"
    add("--test", action="store_true", help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    keras.utils.set_random_seed(args.seed)
    known, held_out = make_part("train", args.scenes), make_part("validation", HELD_OUT)
    u_net = build_u_net()
    steps = args.epochs * math.ceil(args.scenes / BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    u_net.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",  # the mean over all pixels
        metrics=["accuracy"],
    )
    fitted = u_net.fit(
        known.images,
        known.labels,
        batch_size=BATCH_SIZE,
        epochs=args.epochs,
        validation_data=(held_out.images, held_out.labels),
        verbose=verbosity(),
    )
    classifier = train_classifier(known, args.windows, seed=args.seed)
    pieces = fit_pieces(known)
    results = {"history": fitted.history, "threshold": pieces.threshold, "least": pieces.least}
    results |= {"parameters": u_net.count_params(), "of_classifier": classifier.count_params()}
    save_network(u_net, folder / "u_net.keras")
    save_network(classifier, folder / "classifier.keras")

    for part in ["validation"] + ["test"] * args.test:
        scenes = make_part(part, HELD_OUT)
        maps = label_all(u_net, classifier, pieces, scenes.images)
        nothing = {
            "always nothing": np.eye(len(NAMES), dtype="float32")[np.zeros_like(scenes.labels)]
        }
        results[part] = {way: judge(scenes, guess) for way, guess in (maps | nothing).items()}
        print(f"{len(scenes.images)} scenes, {part}:")
        show(results[part])
        if part == "validation":
            results["nothing"] = results[part]["always nothing"]["accuracy"]
            draw(scenes, maps, folder / "segment.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
