"""Transfer learning: a network that knows ImageNet learns to tell your images apart.

    python cnn/transfer.py                                 # 409 emoji in six classes
    python cnn/transfer.py --data FOLDER                   # yours, one subfolder for each class
    python cnn/transfer.py --data FOLDER --photos NEW.jpg  # and what it makes of a new photograph

Trains a new last layer, then the last blocks of the network, too. You will see the accuracy on
images that it did not learn from after each of the two steps, and the class that it predicts for
each photograph. The network is saved. Takes less than a minute on two cores.
Chapter: cnn/README.md#transfer-learning
"""

from chapter import OUTPUTS

import shutil
from pathlib import Path

import keras
import numpy as np
from keras import layers

from cnn.efficientnet_lite import build_network
from cnn.photographs import (
    PHOTOS,
    check_folder,
    check_level,
    check_photos,
    find_files,
    find_folders,
    is_image,
    only_these,
    read_like_keras,
    unpack_emoji,
)
from utils.options import make_parser, number, positive, seed
from utils.runs import (
    fail,
    first_line,
    make_folder,
    printable,
    save_network,
    save_results,
    write_json,
)
from utils.statistics import describe_share, share_right

SIZE = 128  # pixels, width and height to which the images are scaled; the network learned from 224
EPOCHS = 8  # of training the new last layer
LEARNING_RATE = 0.003
FINE_EPOCHS = 4  # of training the last blocks, too
FINE_RATE = 0.00001
LOSS = "sparse_categorical_crossentropy"  # the labels are numbers, 0 for the first class
FROZEN = "block_11_project_norm"  # up to this layer nothing ever learns
SEED = 1  # of the initial weights, the order of the images, and which of them are held out


def divide(folder, parts, seed):
    """Make folders "training" and "validation" in parts: a fifth of each class is held out.

    The files in them are the same as in the folder (hard links) where the disk can do that.
    """
    random = np.random.default_rng(seed)
    for kind in find_folders(folder):
        files = [path for path in find_files(kind) if is_image(path)]
        if len(files) < 2:
            fail(f"{kind} should have two images or more, of which one is held out.")
        held_out = random.permutation(len(files)) < max(1, round(len(files) / 5))
        for path, out in zip(files, held_out, strict=True):
            new = parts / ("validation" if out else "training") / path.relative_to(folder)
            new.parent.mkdir(parents=True, exist_ok=True)
            try:
                new.hardlink_to(path)
            except OSError:
                shutil.copy(path, new)
    return parts


def build(size, classes):
    """Return the whole network and its base, which is pretrained and frozen."""
    base = build_network(size, include_top=False)
    base.trainable = False
    images = keras.Input((size, size, 3))
    features = base(images, training=False)  # batch normalization as in use, now and later
    outputs = layers.Dense(classes, activation="softmax", name="head")(features)
    return keras.Model(images, outputs), base


def thaw(base):
    """Let the last blocks learn, but not their batch normalization."""
    base.trainable = True
    names = [layer.name for layer in base.layers]
    for i, layer in enumerate(base.layers):
        normalizes = isinstance(layer, layers.BatchNormalization)
        layer.trainable = i > names.index(FROZEN) and not normalizes


def judge(fitted, images):
    """Print and return how many of the images held out were right after the last epoch of fit."""
    scores = share_right(round(fitted.history["val_accuracy"][-1] * images), images)
    print(f"of those held out {describe_share(scores)}")
    return scores


def predict(network, path, classes):
    """Return the most probable class of one photograph, and its probability."""
    pixels = read_like_keras(path, network.input_shape[1])  # as the images learned from
    probabilities = network.predict(pixels[None], verbose=0)[0]
    return classes[probabilities.argmax()], float(probabilities.max())


def count_labels(data):
    """Return how many images there are of each class."""
    labels = np.concatenate([labels for _, labels in data])
    return np.bincount(labels, minlength=len(data.class_names)).tolist()


def main(argv=None):
    parser = make_parser("Train a pretrained network on a few images of your own.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="one subfolder of images for each class")
    about = "to classify; with the emoji four of the book"
    add("--photos", nargs="+", type=Path, default=[], metavar="FILE", help=about)
    add("--epochs", type=positive(int), default=EPOCHS, help="of training the last layer")
    add("--fine-epochs", type=number(int, 0), default=FINE_EPOCHS, help="of the last blocks")
    add("--size", type=number(int, 32, 1024), default=SIZE, help="pixels that images are cut to")
    add("--seed", type=seed, default=SEED, help="fixes initial weights, order, what is held out")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    keras.utils.set_random_seed(args.seed)
    data = args.data or unpack_emoji(folder / "emoji", parts=True)
    photos = args.photos or ([] if args.data else sorted(PHOTOS.glob("*.jpg")))
    check_folder(data)
    check_photos(photos)
    if not all((data / part).is_dir() for part in ("training", "validation")):
        check_level(data)
        data = divide(data, folder / "images", args.seed)
    how = {"image_size": 2 * (args.size,), "crop_to_aspect_ratio": True, "seed": args.seed}
    try:
        known, held_out = (
            keras.utils.image_dataset_from_directory(data / part, **how)
            for part in ("training", "validation")
        )
    except (ValueError, OSError) as error:  # no images in a part
        fail(f"{data}: {first_line(error)}")
    classes, counts = known.class_names, count_labels(held_out)
    if len(classes) < 2 or classes != held_out.class_names or 0 in count_labels(known):
        fail(f"it takes images of at least two classes, the same in both parts: {data}.")
    classes = list(map(printable, classes))
    results = {"classes": classes, "held_out": sum(counts), "majority": max(counts) / sum(counts)}
    name = classes[np.argmax(counts)]
    print(f"always {name}: {results['majority']:.1%} right of those held out")

    # First the head alone. (The data sets shuffle themselves, so fit need not.)
    network, base = build(args.size, len(classes))
    network.compile(keras.optimizers.Adam(LEARNING_RATE), LOSS, metrics=["accuracy"])
    fitting = {"validation_data": held_out, "shuffle": False, "verbose": 2}
    fitted = network.fit(known, epochs=args.epochs, **fitting)
    results["head"] = judge(fitted, sum(counts))
    if args.fine_epochs:  # then the last blocks, too
        thaw(base)
        network.compile(keras.optimizers.Adam(FINE_RATE), LOSS, metrics=["accuracy"])
        fitted = network.fit(known, epochs=args.fine_epochs, **fitting)
        results["fine_tuned"] = judge(fitted, sum(counts))

    (folder / "transfer.json").unlink(missing_ok=True)  # never the classes of another network
    save_network(network, folder / "transfer.keras")
    write_json(classes, folder / "transfer.json")
    results["photos"] = {}
    if photos:
        print(only_these(classes))
    for photo in photos:
        name, probability = results["photos"][photo.name] = predict(network, photo, classes)
        print(f"{printable(photo.name)}: {name} ({probability:.0%})")
    return save_results(results, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
