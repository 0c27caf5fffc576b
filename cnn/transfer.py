"""Transfer learning: a network that knows ImageNet learns to tell your images apart.

    python cnn/transfer.py                                 # 314 photographs in seven classes
    python cnn/transfer.py --data FOLDER                   # yours, one subfolder for each class
    python cnn/transfer.py --data FOLDER --photos NEW.jpg  # and what it makes of new photographs

Trains a new last layer, then the whole network, on images that are changed a little each time. You
will see the accuracy on images that it did not learn from after each of the two steps, and the
class that it predicts for each photograph. Two figures show what it learned from and what it
misread. The network is saved. Takes two minutes on two cores.
Chapter: cnn/README.md#transfer-learning
"""

from chapter import OUTPUTS

import math
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import GroupShuffleSplit
from sklearn.utils.class_weight import compute_class_weight

from cnn.efficientnet_lite import build_network
from cnn.photographs import (
    PHOTOGRAPHS,
    PHOTOS,
    check_level,
    find_images,
    find_parts,
    keep,
    keep_readable,
    load_folder,
    only_these,
    read_pictures,
)
from utils.figures import draw_sheet
from utils.options import make_parser, number, positive, seed
from utils.runs import fail, make_folder, printable, save_network, save_results, write_json
from utils.statistics import describe_share, share_right

SIZE = 160  # pixels, width and height to which the images are scaled; the network learned from 224
EPOCHS = 10  # of training the new last layer
LEARNING_RATE = 0.005
FINE_EPOCHS = 5  # of training the whole network
FINE_RATE = 0.00003  # at first; it falls to 0
BATCH_SIZE = 16
FEW = 240  # images; with half as many there are twice the epochs
LOSS = "sparse_categorical_crossentropy"  # the labels are numbers, 0 for the first class
DRAWN, COLUMNS = 16, 8  # images that it misread, at most, and those of each class, in figures
SEED = 1  # of the initial weights, the order of the images, and which of them are held out


def load_parts(folder, seed):
    """Return the images to learn from, and those held out: a fifth of each class, by groups.

    More, if groups are in several classes. Folders called train and val are the two parts.
    """
    if parts := find_parts(folder):
        return [load_folder(part) for part in parts]
    pictures, held_out = load_folder(folder), []
    check_level(folder)
    groups = np.array(pictures.groups)
    for label, name in enumerate(pictures.classes):
        numbers = np.flatnonzero(pictures.labels == label)
        if len(set(groups[numbers])) < 2:
            fail(f"{name} needs two images or more, of different things: one is held out.")
        sides = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
        held_out += numbers[next(sides.split(numbers, groups=groups[numbers]))[1]].tolist()
    aside = np.isin(groups, groups[held_out])  # also those of a group in other classes
    return [keep(pictures, np.flatnonzero(side)) for side in (~aside, aside)]


def read(pictures, size):
    """Return images (n, size, size, 3), their labels, and what is left of the pictures."""
    kept, pixels = read_pictures(pictures.sources, size)
    pictures = keep_readable(pictures, kept)
    return pixels, pictures.labels, pictures


def augment():
    """Return layers that mirror, turn, enlarge and move images a little, and only in training."""
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.05, fill_mode="nearest"),  # of a full turn, to either side
            layers.RandomZoom((-0.2, 0.0), fill_mode="nearest"),
            layers.RandomTranslation(0.05, 0.05, fill_mode="nearest"),
        ]
    )


def build(size, classes):
    """Return the whole network and its base, which is pretrained and frozen."""
    base = build_network(size, include_top=False)
    base.trainable = False
    images = keras.Input((size, size, 3))
    features = base(augment()(images), training=False)  # batch normalization as in use, always
    outputs = layers.Dense(classes, activation="softmax", name="head")(features)
    return keras.Model(images, outputs), base


def thaw(base):
    """Let all layers learn but batch normalization, which keeps its averages and its weights."""
    base.trainable = True
    for layer in base.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)


def judge(fitted, images):
    """Print and return how many of the images held out were right after the last epoch of fit."""
    scores = share_right(round(fitted.history["val_accuracy"][-1] * images), images)
    print(f"of those held out {describe_share(scores)}")
    return scores


def name_photos(network, classes, paths, pixels):
    """Print and return the likeliest class of each photograph and its probability."""
    print(only_these(classes))
    named = {}
    for path, row in zip(paths, network.predict(pixels, verbose=0), strict=True):
        label = path.as_posix() if path.name in named else path.name  # folders may share names
        named[label] = classes[row.argmax()], float(row.max())
        print(f"{printable(label)}: {classes[row.argmax()]} ({row.max():.0%})")
    return named


def draw_known(pixels, labels, classes, path):
    """Draw a row of images of each class, as the network sees them."""
    chosen, titles = [], []
    for label, name in enumerate(classes):
        numbers = np.flatnonzero(labels == label)
        some = numbers[np.unique(np.linspace(0, len(numbers) - 1, COLUMNS).round().astype(int))]
        chosen += [pixels[i] for i in some] + [None] * (COLUMNS - len(some))
        titles += [name.replace("_", " "), *[""] * (COLUMNS - 1)]
    draw_sheet(chosen, titles, path, COLUMNS)


def main(argv=None):
    parser = make_parser("Train a pretrained network on a few images of your own.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="one subfolder of images for each class")
    add("--photos", nargs="+", type=Path, default=[], help="files and folders to classify")
    add("--epochs", type=positive(int), default=EPOCHS, help="of training the last layer")
    add("--fine-epochs", type=number(int, 0), default=FINE_EPOCHS, help="of the whole network")
    add("--size", type=number(int, 32, 1024), default=SIZE, help="pixels that images are cut to")
    add("--seed", type=seed, default=SEED, help="fixes initial weights, order, what is held out")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    keras.utils.set_random_seed(args.seed)
    photos = find_images(args.photos or ([] if args.data else [PHOTOS]))
    readable, photo_pixels = read_pictures(photos, args.size)
    photos = [photos[i] for i in readable]
    known, held_out = load_parts(args.data or PHOTOGRAPHS, args.seed)
    x, y, known = read(known, args.size)
    x_val, y_val, held_out = read(held_out, args.size)
    if len(classes := known.classes) < 2 or classes != held_out.classes:
        fail(f"it takes images of at least two classes, the same in both parts: {args.data}.")
    draw_known(x, y, classes, folder / "known.png")
    results = {"classes": classes, "known": len(y), "held_out": len(y_val)}
    most = np.bincount(y_val).argmax()
    results["majority"] = float((y_val == most).mean())
    print(f"always {classes[most]}: {results['majority']:.1%} right of those held out")

    # First the head alone. The fewer images a class has, the more each of them counts.
    network, base = build(args.size, len(classes))
    network.compile(keras.optimizers.Adam(LEARNING_RATE), LOSS, metrics=["accuracy"])
    weights = compute_class_weight("balanced", classes=np.unique(y), y=y)
    fitting = {"validation_data": (x_val, y_val), "class_weight": dict(enumerate(weights))}
    fitting |= {"batch_size": BATCH_SIZE, "verbose": 2}
    more = max(1, FEW / len(y))
    fitted = network.fit(x, y, epochs=math.ceil(more * args.epochs), **fitting)
    results["head"] = judge(fitted, len(y_val))
    if args.fine_epochs:  # then all of it, slowly
        thaw(base)
        epochs = math.ceil(more * args.fine_epochs)
        steps = epochs * math.ceil(len(y) / BATCH_SIZE)
        rate = keras.optimizers.schedules.CosineDecay(FINE_RATE, steps)
        network.compile(keras.optimizers.Adam(rate), LOSS, metrics=["accuracy"])
        fitted = network.fit(x, y, epochs=epochs, **fitting)
        results["fine_tuned"] = judge(fitted, len(y_val))

    (folder / "transfer.json").unlink(missing_ok=True)  # never the classes of another network
    save_network(network, folder / "transfer.keras")
    write_json(classes, folder / "transfer.json")
    predicted = network.predict(x_val, verbose=0).argmax(axis=1)
    wrong = np.flatnonzero(predicted != y_val)
    results["misread"] = {held_out.names[i]: classes[predicted[i]] for i in wrong}
    if len(wrong):
        names = [f"{classes[predicted[i]].replace('_', ' ')}?" for i in wrong]
        draw_sheet(x_val[wrong[:DRAWN]], names, folder / "misread.png")
    results["photos"] = name_photos(network, classes, photos, photo_pixels) if photos else {}
    then = "cnn/classify.py --model RUN/transfer.keras PHOTO"
    return save_results(results, folder, __file__, argv, then=then)


if __name__ == "__main__":
    main()
