"""A detector: boxes around the digits of a scene, or around the things in images of your own.

    python cnn/segmentation/boxes.py                                # the scenes of the chapter
    python cnn/segmentation/boxes.py --data FOLDER --photos NEW.jpg # yours, and a new photograph

FOLDER has images and a file boxes.csv with the columns file, label, left, top, right, bottom, in
pixels. The network says for every fourth pixel of each row and column whether the middle of a thing
is there, and how large that is (CenterNet; Zhou, Wang and Krähenbühl, 2019). For your images, its
way down has learned from ImageNet. You will see average precision on images held out, and a figure.
The network is saved. Takes three to four minutes on two cores.
Chapter: cnn/segmentation/README.md#boxes
"""

from chapter import OUTPUTS

import math
from functools import partial
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from cnn.photographs import find_images
from cnn.segmentation.box_files import MOST, draw, find_in_photos, read_folder, read_scenes, vary
from cnn.segmentation.measures import Box, average_precision, judge_boxes
from cnn.segmentation.scenes import NAMES
from cnn.segmentation.u_net import convolve, go_down, load_way_down
from utils.comparisons import tune
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import make_folder, save_network, save_results, write_json

SCENES = 6_000  # to learn from
HELD_OUT = 500  # scenes of other writers
PARTS = ["train", "validation"]
EPOCHS = 6
COPIES = 4  # of each image of one's own: squares of it, half of them mirrored
BATCH_SIZE = 16
LEARNING_RATE, OWN_RATE = 0.01, 0.003  # of Adam at first, for scenes and for images of one's own
SIZE = 192  # pixels to which images of one's own are stretched; a multiple of 32
SEED = 1
STRIDE = 4  # pixels from one place of the heat map to the next
FILTERS = 48  # maps before the heat map
HILL = 0.1  # the standard deviation of a hill, as a share of the box
TOO_MUCH = 0.5  # the IoU of two boxes of one label of which only the surer one stays


def build_detector(shape, classes):
    """Return a network from images to heat, (n, h / 4, w / 4, classes), and boxes, (..., 4)."""
    images = keras.Input(shape)
    *levels, x = go_down(images) if shape[-1] == 1 else load_way_down(shape[0])(images)
    while x.shape[1] < shape[0] / STRIDE:
        x = layers.UpSampling2D(2)(convolve(x, FILTERS, 1))
        x = convolve(layers.Concatenate()([x, levels.pop()]), FILTERS)
    rare = keras.initializers.Constant(-4.6)  # before it learns, all heat is 0.01
    heat = layers.Conv2D(classes, 1, activation="sigmoid", bias_initializer=rare, name="heat")
    boxes = layers.Conv2D(4, 1, name="boxes")
    return keras.Model(images, {"heat": heat(convolve(x, 64)), "boxes": boxes(convolve(x, 64))})


def make_targets(boxes, count, places, classes):
    """Return what the network should say: heat (n, places, places, classes) and numbers (..., 5).

    In the middle of a box the heat is 1, and falls like a hill as wide as the box is. The numbers
    there: how far below the place and to the right of it the middle lies, the logarithms of height
    and width, all counted in places, and a 1, which says that there is a middle.
    """
    heat = np.zeros((count, places, places, classes), "float32")
    numbers = np.zeros((count, places, places, 5), "float32")
    for box in boxes:
        sides = np.array([box.height, box.width]) / STRIDE
        middle = np.array([box.top + box.bottom, box.left + box.right]) / 2 / STRIDE
        place = middle.astype(int)
        away = (np.arange(places) - place[:, None]) / (HILL * sides[:, None])
        map_ = heat[box.scene, ..., box.label - 1]
        np.maximum(map_, np.outer(*np.exp(-(away**2) / 2)), out=map_)
        numbers[box.scene, *place] = [*(middle - place), *np.log(sides), 1]
    return {"heat": heat, "boxes": numbers}


def focal_loss(true, heat):
    """Cross-entropy in which what is nearly right weighs little, for each middle of a box.

    The nearer to a middle, the less is heat an error. Source: Law and Deng, "CornerNet", 2018.
    """
    heat = ops.clip(heat, 1e-4, 1 - 1e-4)
    middle = ops.cast(ops.equal(true, 1), heat.dtype)
    there = middle * (1 - heat) ** 2 * ops.log(heat)
    elsewhere = (1 - true) ** 4 * heat**2 * ops.log(1 - heat)
    return -ops.sum(there + elsewhere) / ops.maximum(ops.sum(middle), 1)


def box_loss(true, numbers):
    """The sum of the four absolute errors, for each middle of a box; elsewhere nothing counts."""
    middle = true[..., 4:]
    wrong = middle * ops.abs(true[..., :4] - numbers)
    return ops.sum(wrong) / ops.maximum(ops.sum(middle), 1)


def suppress(boxes, scores, too_much):
    """Return the numbers of the boxes that stay: none lies too much in a surer one.

    Non-maximum suppression. boxes: (n, 4), top, left, bottom, right.
    """
    waiting, kept = np.argsort(-scores, kind="stable"), []
    while len(waiting):
        kept.append(waiting[0])
        best, others = boxes[waiting[0]], boxes[waiting[1:]]
        sides = np.minimum(best[2:], others[:, 2:]) - np.maximum(best[:2], others[:, :2])
        both = np.prod(np.maximum(sides, 0), axis=1)
        areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(best[2:] - best[:2])
        waiting = waiting[1:][both / (areas - both) <= too_much]
    return kept


def find_peaks(heat, numbers):
    """Return scores (n,), labels (n,) and boxes (n, 4) of one image, the surest first."""
    around = ops.convert_to_numpy(ops.max_pool(heat[None], 3, strides=1, padding="same"))[0]
    peaks = np.where(heat == around, heat, 0)  # no neighbour is higher
    surest = np.argsort(-peaks, axis=None, kind="stable")[:MOST]
    rows, columns, labels = np.unravel_index(surest, peaks.shape)
    numbers = numbers[rows, columns]
    middles = np.stack([rows, columns], axis=1) + numbers[:, :2]
    sides = np.exp(np.minimum(numbers[:, 2:4], 10))
    corners = np.concatenate([middles - sides / 2, middles + sides / 2], axis=1)
    return peaks.ravel()[surest], labels + 1, corners * STRIDE


def detect(network, images, too_much=TOO_MUCH):
    """Return a Box for each thing found, of the surest ones in each image."""
    maps, found = network.predict(images, batch_size=50, verbose=0), []
    for scene, of_scene in enumerate(zip(maps["heat"], maps["boxes"], strict=True)):
        scores, labels, boxes = find_peaks(*of_scene)
        for label in np.unique(labels):
            of_label = np.flatnonzero(labels == label)
            for i in of_label[suppress(boxes[of_label], scores[of_label], too_much)]:
                found.append(Box(scene, int(label), float(scores[i]), *boxes[i].tolist()))
    return found


def train(known, held_out, classes, rate, epochs):
    """Return a detector that has learned from images with boxes, and its history."""
    size, *_ = shape = known.images.shape[1:]
    network = build_detector(shape, classes)
    answers, others = (
        make_targets(part.boxes, len(part.images), size // STRIDE, classes)
        for part in (known, held_out)
    )
    steps = epochs * math.ceil(len(known.images) / BATCH_SIZE)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(keras.optimizers.Adam(falling), {"heat": focal_loss, "boxes": box_loss})
    how = {"batch_size": BATCH_SIZE, "epochs": epochs, "verbose": verbosity()}
    fitted = network.fit(known.images, answers, validation_data=(held_out.images, others), **how)
    return network, fitted.history


def main(argv=None):
    parser = make_parser("Train a detector.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="with images and boxes.csv in it")
    add("--photos", nargs="+", type=Path, default=[], metavar="FILE", help="to find things in")
    add("--scenes", type=positive(int, 20_000), default=SCENES, help="to learn from")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--rates", type=positive(float), nargs="+", help="of Adam; the best of several is kept")
    add("--seed", type=seed, default=SEED, help="fixes initial weights, order, what is held out")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    photos, networks = find_images(args.photos), {}
    if args.data:
        known, held_out, names = read_folder(args.data, SIZE, args.seed)
    else:
        known, held_out, names = *map(read_scenes, PARTS, (args.scenes, HELD_OUT)), NAMES
    print(f"{len(known.images)} images to learn from, {len(held_out.images)} held out")
    if args.data:
        known = vary(known, COPIES, args.seed)

    def loss(rate):
        keras.utils.set_random_seed(args.seed)
        networks[rate] = train(known, held_out, len(names) - 1, rate, args.epochs)
        return networks[rate][1]["val_loss"][-1]

    usual = OWN_RATE if args.data else LEARNING_RATE
    results = tune(loss, {"rate": args.rates or [usual]})
    network, results["history"] = networks[results["best"]["rate"]]
    found = detect(network, held_out.images)
    results |= judge_boxes(found, held_out.boxes) | {"parameters": network.count_params()}
    results["peaks"] = average_precision(detect(network, held_out.images, 1), held_out.boxes)
    print(f"average precision {results['ap']:.3f}, from 0.5 to 0.95 {results['coco']:.3f}")
    draw(held_out, found, network, names, folder / "boxes.png")
    save_network(keras.Model(network.input, network.output), folder / "boxes.keras")
    write_json(dict(enumerate(names)), folder / "boxes.json")
    if photos:
        results["photos"] = find_in_photos(partial(detect, network), photos, SIZE, names, folder)
    then = "cnn/segmentation/label.py RUN/boxes.keras PHOTO" if args.data else None
    return save_results(results, folder, __file__, argv, then=then)


if __name__ == "__main__":
    main()
