"""Machinery: read images with masks from a folder, and say in one line what does not fit.

Beside folders images and masks may lie a file classes.txt, with a line for each value of the masks,
such as "1 road". What shares a subfolder of images belongs together, and is held out together.
Chapter: cnn/segmentation/README.md#your-own-masks
"""

import sys
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from PIL.ExifTags import Base
from sklearn.model_selection import GroupShuffleSplit

from cnn.photographs import PARTS, find_images, find_parts, join_copies, open_photo
from utils.files import read_text
from utils.pictures import open_picture
from utils.runs import fail, first_line, printable

MOST = 20  # values that masks may have, if no classes.txt names them
MODES = {"1", "L", "P", "I", "I;16"}  # of Pillow: one number for each pixel


class Labelled(NamedTuple):
    """Images with the class of each of their pixels."""

    images: np.ndarray  # (n, size, size, 3), uint8
    labels: np.ndarray  # (n, size, size), uint8: numbers of the classes, from 0


def read_data(folder, size, seed):
    """Return what is to learn from, what is held out, and the classes, {value: name}."""
    pairs = find_sides(folder, find_pairs, seed)
    arrays = [read_pairs(part, size) for part in pairs]
    classes = read_classes(folder) or classes_of([masks for _, masks in arrays])
    values = list(classes)
    for part, (_, masks) in zip(pairs, arrays, strict=True):
        for (_, path), mask in zip(part.values(), masks, strict=True):
            if strange := set(np.unique(mask).tolist()) - set(values):
                known = ", ".join(map(str, values))
                fail(f"{path} has the value {min(strange)} in it; known are {known}.")
    number = np.zeros(max(values) + 1, "uint8")  # of the class with this value
    number[values] = np.arange(len(values))
    known, held_out = (Labelled(images, number[masks]) for images, masks in arrays)
    return known, held_out, classes


def find_pairs(folder):
    """Return {name: (path of the image, path of its mask)}; names without their endings."""
    found = {}
    for kind in ("images", "masks"):
        paths = find_images([folder / kind]) if (folder / kind).is_dir() else []
        if not paths:
            fail(f"there is no folder {folder / kind} with images in it (PNG, for masks).")
        names = [path.relative_to(folder / kind).with_suffix("").as_posix() for path in paths]
        found[kind] = dict(zip(names, paths, strict=True))
        if len(found[kind]) < len(paths):
            twice = next(name for name in names if names.count(name) > 1)
            fail(f"{folder / kind} has two files called {twice}. Which one is it?")
    images, masks = found.values()
    for name in sorted(images.keys() ^ masks.keys()):
        missing = "masks" if name in images else "images"
        fail(f"{(images | masks)[name]} has no partner {name} in {folder / missing}.")
    return {name: (path, masks[name]) for name, path in images.items()}


def find_sides(folder, find, seed):
    """Return what is to learn from and what is held out: the two parts, or a fifth of the groups.

    find: a function from a folder to {name: (path of an image, what belongs to it)}. Folders called
    training and validation, or train and val, are the parts.
    """
    parts = find_parts(folder)
    return list(map(find, parts)) if parts else divide(find(folder), seed)


def divide(pairs, seed):
    """Return the pairs to learn from and a fifth that is held out; subfolders stay whole.

    Images that are copies of each other stay together, too.
    """
    names = list(pairs)
    groups = [name.partition("/")[0] for name in names]
    if parts := sorted(PARTS & {*groups} - {*names}):
        fail(f"{parts[0]} is a part: put folders images and masks into it, not it into them.")
    groups = join_copies(groups, [path for path, _ in pairs.values()])
    if len(set(groups)) < 2:
        fail("it takes images of at least two things, each in a subfolder of its own or in none.")
    sides = GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(names, groups=groups)
    return [{names[i]: pairs[names[i]] for i in side} for side in next(sides)]


def read_pairs(pairs, size):
    """Return images (n, size, size, 3) and masks (n, size, size), stretched to this size.

    Both are turned as their files say. A line counts pairs of which one is, and the sizes do not
    tell whether they fit.
    """
    images, masks, doubtful = [], [], []
    for path, mask_path in pairs.values():
        image, mask = read(open_photo, path), read(open_picture, mask_path)
        stored = open_picture(path)
        turns = [one.getexif().get(Base.Orientation, 1) for one in (stored, mask)]
        if turns[0] != turns[1] and stored.size == image.size:
            doubtful.append(path.name)
        mask = ImageOps.exif_transpose(mask)
        if mask.mode not in MODES:
            about = "not one number for each pixel. cnn/segmentation/README.md#your-own-masks has"
            fail(f"{mask_path} has colours ({mask.mode}), {about} lines that make it one.")
        if image.size != mask.size:
            sizes = [f"{width} x {height}" for width, height in (image.size, mask.size)]
            fail(f"{path} has {sizes[0]} pixels and its mask {sizes[1]}. They do not fit together.")
        images.append(np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)))
        masks.append(np.asarray(mask.resize((size, size), Image.Resampling.NEAREST)))
    if doubtful:
        about = f"{len(doubtful)} images are turned by their files and their masks are not, or"
        print(
            printable(f"{about} vice versa; see whether they fit: {doubtful[0]}"), file=sys.stderr
        )
    kind = np.result_type("uint8", *{mask.dtype for mask in masks})  # uint8 for truth values, too
    return np.stack(images), np.stack(masks, dtype=kind)


def read(how, path):
    """Return a Pillow image that is unpacked, or end the program with one line."""
    try:
        image = how(path)
        image.load()
    except Exception as error:  # Pillow raises many kinds for a broken file
        fail(f"{path} cannot be read ({first_line(error)}). Take it out of the folder.")
    return image


def read_classes(folder):
    """Return {value: name} of classes.txt in a folder, or None if there is no such file."""
    path = folder / "classes.txt"
    if not path.is_file():
        return None
    classes = {}
    try:
        for line in filter(str.strip, read_text(path).splitlines()):
            value, name = line.split(maxsplit=1)
            if int(value) in classes or int(value) < 0:
                raise ValueError(f"{value} is below 0 or has two names")
            classes[int(value)] = printable(name.strip())
        check_classes(classes)
    except ValueError as error:
        fail(f'{path} needs a line such as "1 road" for each value ({first_line(error)}).')
    return dict(sorted(classes.items()))


def classes_of(masks):
    """Return {value: name} of the values that masks have, each its own name."""
    values = sorted(set().union(*(np.unique(part).tolist() for part in masks)))
    if len(values) > MOST or max(values) > 255:
        fail(
            f"the masks have {len(values)} values, up to {max(values)}, and not one for each of a "
            "few classes. Save them as PNG, or name the values in classes.txt."
        )
    if len(values) < 2:
        fail(f"the masks have only the value {values[0]}. It takes two classes.")
    return {value: str(value) for value in values}


def check_classes(classes):
    """Return classes, {value in a mask: name}; a ValueError says that they are none."""
    if len({*classes.values()}) < max(len(classes), 2) or max(map(int, classes)) > 255:
        raise ValueError("not two classes or more, with values up to 255 and names of their own")
    return classes
