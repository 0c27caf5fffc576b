"""Machinery: find images, read them whatever their form, and cut them to what a network takes.

All scripts that take a reader's images read them here: the right way up, on white where they are
transparent, made smaller with care. What they leave out they count and name.
Chapter: cnn/README.md#your-own-photographs
"""

import contextlib
import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from scipy.cluster.hierarchy import DisjointSet

from utils.files import file_sha256
from utils.pictures import PictureError, open_picture
from utils.runs import fail, first_line, printable

DATA = Path(__file__).resolve().parent / "data"
PHOTOS = DATA / "photos"
PHOTOGRAPHS = DATA / "photographs"  # 314 in seven classes
EMOJI = DATA / "emoji.npz"
READ = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
KNOWN, HELD_OUT = {"train", "training"}, {"val", "valid", "validation"}  # names of folders
PARTS = KNOWN | HELD_OUT | {"test", "testing"}


class Pictures(NamedTuple):
    """Images with labels: where each is read from, its name, its class by number, all classes.

    Images of one group are of the same thing, or nearly so: they are held out together.
    """

    sources: list  # paths, or arrays (height, width, 3) of values 0 to 255
    names: list
    labels: np.ndarray
    classes: list
    groups: list  # a name for each image


def find_images(paths):
    """Return the images among files and in folders; a line counts what else lies in the folders.

    What begins with a dot, or lies in a folder that does, is hidden. A file comes back as it is;
    if there is none, the program ends with one line.
    """
    found, others = [], Counter()
    for path in paths:
        if not path.is_dir():
            if not path.exists():
                fail(f"there is no file or folder {path}.")
            found.append(path)
            continue
        for file in find_files(path):
            ending = file.suffix.lower()
            if ending in READ:
                found.append(file)
            else:
                others[ending or "no ending"] += 1
    if others:
        named = ", ".join(f"{count} x {ending}" for ending, count in others.most_common())
        known = "JPEG, PNG, WebP, GIF, TIFF or BMP"
        print(printable(f"left out: {named}; save images as {known}"), file=sys.stderr)
    return found


def find_files(folder):
    """Return all files below a folder that are not hidden."""
    names = {file: f"/{file.relative_to(folder).as_posix()}" for file in folder.rglob("*")}
    return sorted(file for file, name in names.items() if file.is_file() and "/." not in name)


def find_parts(folder):
    """Return the folders to learn from and to hold out, such as train and val, or None."""
    inside = find_folders(folder) if folder.is_dir() else []
    parts = [[one for one in inside if one.name.lower() in names] for names in (KNOWN, HELD_OUT)]
    if list(map(len, parts)) != [1, 1]:
        return None
    if others := [one.name for one in inside if [one] not in parts]:
        print(printable(f"left out: the folders {', '.join(others)}"), file=sys.stderr)
    return [part for (part,) in parts]


def load_folder(folder):
    """Return the images in the subfolders of a folder; each subfolder is a class.

    A folder within a class is a group, with all in it and in folders of this name within other
    classes; a file that lies in none is one by itself.
    """
    if not folder.is_dir():
        fail(f"there is no folder {folder}.")
    found = find_images([folder])
    sources = [path for path in found if path.parent != folder]
    if loose := len(found) - len(sources):
        print(f"left out: {loose} images beside the subfolders, of no class", file=sys.stderr)
    names = [path.relative_to(folder).as_posix() for path in sources]
    kinds = [name.partition("/")[0] for name in names]
    classes = sorted(set(kinds))
    for path in find_folders(folder):
        if path.name not in classes and find_files(path):
            fail(f"{path} has files, but no images. Save them as JPEG, or take the folder out.")
    parts = [name for name in classes if name.lower() in PARTS]
    if len(parts) > 1 or any(find_folders(folder / part) for part in parts):
        fail(
            f"{folder} has {', '.join(parts)} in it, which seem to be parts, not classes. Call one "
            "train and one val, or, if they are classes, give them other names."
        )
    labels = np.array([classes.index(kind) for kind in kinds], dtype="int32")
    parts, first = [name.split("/") for name in names], {}
    groups = ["/".join(part[:2]) for part in parts]
    for i in (i for i, part in enumerate(parts) if len(part) > 2):
        groups[i] = first.setdefault(parts[i][1], groups[i])  # of its name in the first class
    names, classes = ([printable(name) for name in some] for some in (names, classes))
    return Pictures(sources, names, labels, classes, join_copies(groups, sources))


def join_copies(groups, paths):
    """Return the groups, one of all that hold a file with the same bytes; a line counts copies."""
    joined, first, copies = DisjointSet(groups), {}, 0
    for group, path in zip(groups, paths, strict=True):
        with contextlib.suppress(OSError):  # whoever reads it names it
            content = file_sha256(path)
            copies += content in first
            joined.merge(first.setdefault(content, group), group)
    if copies:
        print(f"{copies} images are copies of others, and stay with them", file=sys.stderr)
    return [joined[group] for group in groups]


def keep(pictures, kept):
    """Return the images of these numbers, without classes of which no image is left."""
    left, labels = np.unique(pictures.labels[kept], return_inverse=True)
    return Pictures(
        [pictures.sources[i] for i in kept],
        [pictures.names[i] for i in kept],
        labels.astype("int32"),
        [pictures.classes[i] for i in left],
        [pictures.groups[i] for i in kept],
    )


def keep_readable(pictures, kept):
    """Return the images that could be read, or end the program if a class has none of them."""
    left = keep(pictures, kept)
    if left.names and (lost := sorted({*pictures.classes} - {*left.classes})):
        fail(f"no image of {', '.join(lost)} can be read. Save them as JPEG.")
    return left


def open_photo(path, draft=None):
    """Return the image in a file as Pillow has it: in colour, the right way up, gaps on white.

    draft: so many pixels in width and height are enough. Raises PictureError.
    """
    try:
        image = open_picture(path)
        if draft:
            image.draft("RGB", (draft, draft))  # lets a large JPEG be decoded small
        return to_rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # Pillow raises many kinds for a broken file
        raise PictureError(f"{path} cannot be read ({first_line(error)})") from error


def read_picture(source, size):
    """Return the middle square of an image, (size, size, 3), values 0 to 255.

    source: the path of a file, or an array. Raises PictureError.
    """
    of_array = isinstance(source, np.ndarray)
    image = Image.fromarray(source) if of_array else open_photo(source, 2 * size)
    return np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC))


def read_pictures(sources, size):
    """Return the numbers of the images that can be read, and their middle squares as an array.

    A line names each that cannot.
    """
    squares = {}
    for number, source in enumerate(sources):
        try:
            squares[number] = read_picture(source, size)
        except PictureError as error:
            print(printable(f"left out: {error}"), file=sys.stderr)
    return list(squares), np.reshape([*squares.values()], (-1, size, size, 3)).astype("uint8")


def to_rgb(image):
    """Return a Pillow image in red, green and blue; what is transparent becomes white."""
    if image.mode[0] in "IF":  # more than 8 bits of grey, which convert would cut off at 255
        values = np.nan_to_num(np.asarray(image, "float64"), posinf=0).clip(0)
        most = values.max() if image.mode == "F" else max(values.max(), 2**16 - 1)
        image = Image.fromarray((values / (most / 255 or 1)).astype("uint8"))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def check_level(folder):
    """End the program with one line if the classes seem to lie a level below this folder.

    They do if most of the names that folders within its folders have are in each of its folders.
    """
    inner = {path: {inside.name for inside in find_folders(path)} for path in find_folders(folder)}
    shared = set.intersection(*inner.values()) if inner else ()
    if 2 * len(shared) > len(set().union(*inner.values())):
        first, names = next(iter(inner.items()))
        some = ", ".join(sorted(names if len(inner) == 1 else shared)[:3])
        fail(
            f"{folder} has folders of folders in it: {some} in {first.name}. If these are the "
            f"classes, name the folder above them: --data {first}, or call two folders train "
            "and val. If each is of one thing, give different things different names; if each is "
            "in most classes, as patients may be, put some, whole, into val, others into train."
        )


def find_folders(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def only_these(classes):
    """Return what a reader should know before a network of some classes names a photograph."""
    names = ", ".join(classes[:10]) + (" ..." if len(classes) > 10 else "")
    return f"It knows nothing but {names}, and calls whatever it sees one of these."


def thing(name):
    """Return what a name is about: apple for "red apple", dog for "dog face" and "service dog".

    That is the last word before "with", "of", "in" or "on", without "face" and without the s of a
    plural. A rule so simple puts some together that are not alike (a hot dog is a dog, too).
    """
    words = re.split(" (?:with|of|in|on) ", name)[0].removesuffix(" face").split()
    return words[-1].removesuffix("s")


def load_emoji(artist="noto"):
    """Return 409 small drawings in six classes, by one of two artists: noto or twemoji.

    A group is made of those whose names are about the same thing.
    """
    with np.load(EMOJI) as arrays:
        names, labels = arrays["name"].tolist(), arrays["label"].astype("int32")
        classes, groups = arrays["classes"].tolist(), list(map(thing, names))
        return Pictures(list(arrays[artist]), names, labels, classes, groups)
