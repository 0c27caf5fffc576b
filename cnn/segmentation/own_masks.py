"""A network that knows ImageNet learns to label the pixels of your images.

    python cnn/segmentation/own_masks.py                                 # emoji over photographs
    python cnn/segmentation/own_masks.py --data FOLDER                   # yours
    python cnn/segmentation/own_masks.py --data FOLDER --photos NEW.jpg  # and a new photograph

FOLDER has two folders: images, and masks with a PNG of the same name for each, in which every pixel
has the number of its class. EfficientNet-Lite0 is the way down of a U-Net, and stays as it is; only
the way up learns. You will see the intersection over union of each class on images held out, beside
that of gradient boosting on the colours around a pixel, and a figure. The network is saved. Takes
two minutes on two cores.
Chapter: cnn/segmentation/README.md#your-own-masks
"""

from chapter import OUTPUTS

import math
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from matplotlib.patches import Patch
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier

from cnn.photographs import find_images
from cnn.segmentation.example_masks import unpack_scenes
from cnn.segmentation.label import label_photos
from cnn.segmentation.masks import read_data
from cnn.segmentation.measures import MAPS, confusion, iou
from cnn.segmentation.u_net import convolve, load_way_down
from utils.figures import save_figure
from utils.options import make_parser, number, positive, seed, verbosity
from utils.runs import make_folder, save_network, save_results, write_json

SIZE = 192  # pixels, width and height to which images are stretched; a multiple of 32
EPOCHS = 12
FEW = 240  # images; with half as many there are twice the epochs
BATCH_SIZE = 16
LEARNING_RATE = 0.003  # at the beginning; it falls to 0 like half a wave
SEED = 1  # of the initial weights, the order of the images, and which of them are held out
FILTERS = [16, 24, 32, 48]  # of the way up
BOOSTING = {"max_iter": 50, "learning_rate": 0.1, "early_stopping": False}
BLURS = [1, 2, 4, 8, 16]  # pixels: how far around it the simpler method sees the colours of a pixel
PIXELS = 400  # of each image, from which the simpler method learns
SHOWN = 6  # images of the figure
KEYS = 8  # classes whose colours have a key, at most


def build(size, classes):
    """Return the two halves of a U-Net for images (n, size, size, 3), 0 to 255.

    The way down gives maps of five sizes, the way up takes them to (n, size, size, classes).
    """
    down = load_way_down(size)
    maps = [keras.Input(output.shape[1:]) for output in down.outputs]
    *levels, x = maps
    for filters, level in zip(FILTERS[::-1], levels[::-1], strict=True):
        x = layers.UpSampling2D(2)(convolve(x, filters, 1))
        x = convolve(layers.Concatenate()([x, level]), filters)
    x = layers.Conv2D(classes, 1)(x)  # half as wide as the image
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    return down, keras.Model(maps, layers.Softmax()(x))


def weigh(labels):
    """Return a weight for each pixel: the rarer its class, the more, but as the root of that."""
    counts = sum(np.bincount(one.ravel(), minlength=256) for one in labels)
    weights = np.sqrt(labels.size / np.maximum(counts, 1))  # of each class
    weights = (weights / (weights @ counts / labels.size)).astype("float32")
    return np.stack([weights[one] for one in labels])


def look_around(image):
    """Return for each pixel its colours, those around it, and its place: (pixels, 20)."""
    image = image.astype("float32")
    blurred = [ndimage.gaussian_filter(image, (blur, blur, 0)) for blur in BLURS]
    place = np.indices(image.shape[:2]).transpose(1, 2, 0)
    features = np.concatenate([image, *blurred, place], axis=-1)
    return features.reshape(-1, features.shape[-1])


def by_colour(known, images, seed):
    """Return the labels that gradient boosting gives to each pixel, by its own features alone."""
    random, parts = np.random.default_rng(seed), []
    for image, labels, weights in zip(*known, weigh(known.labels), strict=True):
        chosen = random.choice(labels.size, PIXELS)
        parts.append([x[chosen] for x in (look_around(image), labels.ravel(), weights.ravel())])
    boosting = HistGradientBoostingClassifier(**BOOSTING, random_state=seed)
    boosting.fit(*map(np.concatenate, zip(*parts, strict=True)))
    guess = [boosting.predict(look_around(image)) for image in images]
    return np.reshape(guess, images.shape[:3])


def judge(labels, guess, classes):
    """Return the IoU of each class, None where there is none, and their mean."""
    shares = iou(confusion(labels, guess, len(classes)))
    named = zip(classes.values(), shares.tolist(), strict=True)
    return {
        "iou": {name: None if np.isnan(share) else share for name, share in named},
        "mean_iou": float(np.nanmean(shares)),
    }


def show(results):
    """Print a line for each class, and one for the mean."""
    print(f"{'':20}" + "".join(f"{way:>20}" for way in results))
    for name in next(iter(results.values()))["iou"]:
        shares = [one["iou"][name] for one in results.values()]
        print(f"{name:20}" + "".join(f"{'' if s is None else f'{s:.3f}':>20}" for s in shares))
    print(f"{'mean':20}" + "".join(f"{one['mean_iou']:20.3f}" for one in results.values()))


def draw(held_out, guesses, classes, path):
    """Draw some images, their masks, and what each way makes of them; classes: {value: name}."""
    rows = {"image": held_out.images, "mask": held_out.labels} | guesses
    columns = min(SHOWN, len(held_out.images))
    figure, panels = plt.subplots(
        len(rows), columns, figsize=(1.5 * columns, 1.5 * len(rows) + 0.3), squeeze=False
    )
    how = MAPS
    if len(classes) > MAPS["cmap"].N:  # more than it has colours
        how = MAPS | {"cmap": "nipy_spectral", "vmax": len(classes) - 1}
    for (name, pictures), line in zip(rows.items(), panels, strict=True):
        for picture, axes in zip(pictures, line, strict=False):
            axes.imshow(picture, **({} if name == "image" else how))
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    if how is MAPS and len(classes) <= KEYS:
        named = zip(MAPS["cmap"].colors, classes.values(), strict=False)
        keys = [Patch(facecolor=color, edgecolor="0.6", label=name) for color, name in named]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Train a pretrained network on images with masks.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="with folders images and masks in it")
    add("--photos", nargs="+", type=Path, default=[], metavar="FILE", help="photographs to label")
    add("--epochs", type=positive(int), help="default: 12, and more if there are few images")
    add("--size", type=number(int, 32, 512), default=SIZE, help="pixels that images are scaled to")
    add("--seed", type=seed, default=SEED, help="fixes initial weights, order, what is held out")
    args = parser.parse_args(argv)
    if args.size % 32:
        parser.error("--size must be a multiple of 32: the maps are halved five times")
    folder = make_folder(args.outputs)

    keras.utils.set_random_seed(args.seed)
    photos = find_images(args.photos)
    data = args.data or unpack_scenes(folder / "emoji", args.seed)
    known, held_out, classes = read_data(data, args.size, args.seed)
    print(f"{len(known.images)} images to learn from, {len(held_out.images)} held out")
    down, up = build(args.size, len(classes))
    # The way down stays as it is, so what it makes of the images is computed once.
    maps, held_out_maps = (
        down.predict(part.images, batch_size=BATCH_SIZE, verbose=0) for part in (known, held_out)
    )
    epochs = args.epochs or round(EPOCHS * max(1, FEW / len(known.images)))
    steps = epochs * math.ceil(len(known.images) / BATCH_SIZE)
    falling = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    loss = "sparse_categorical_crossentropy"  # the mean over all pixels, weighted
    up.compile(keras.optimizers.Adam(falling), loss, metrics=["accuracy"])
    up.fit(
        maps,
        known.labels,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        sample_weight=weigh(known.labels),
        validation_data=(held_out_maps, held_out.labels),
        verbose=verbosity(),
    )
    guesses = {
        "U-Net": up.predict(held_out_maps, batch_size=BATCH_SIZE, verbose=0).argmax(axis=-1),
        "boosting on colours": by_colour(known, held_out.images, args.seed),
    }
    results = {way: judge(held_out.labels, guess, classes) for way, guess in guesses.items()}
    show(results)
    draw(held_out, guesses, classes, folder / "own_masks.png")
    (folder / "own_masks.json").unlink(missing_ok=True)  # never that of another network
    network = keras.Model(down.inputs[0], up(down.outputs))
    save_network(network, folder / "own_masks.keras")
    write_json(classes, folder / "own_masks.json")
    results |= {"known": len(known.images), "held_out": len(held_out.images)}
    results["photos"] = label_photos(network, classes, photos, folder)
    then = "cnn/segmentation/label.py RUN/own_masks.keras PHOTO"
    return save_results(results, folder, __file__, argv, then=then)


if __name__ == "__main__":
    main()
