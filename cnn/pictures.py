"""Find images, read them whatever their form, and cut them to the size that a network takes.

The scripts that classify photographs and that learn from them both read with `read_picture`, so
a network is used on images prepared exactly like those that it learned from.
Chapter: cnn/README.md#your-own-photographs
"""

import re
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from utils.runs import fail, first_line

DATA = Path(__file__).resolve().parent / "data"
PHOTOS = DATA / "photos"
EMOJI = DATA / "emoji.npz"
BATCH_SIZE = 32  # images that are read and computed at a time

# Above this many pixels Pillow warns that a small file unfolds to gigabytes. Twice as many are
# an error, which read_picture reports; panoramas below that are welcome.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


class NoPictureError(ValueError):
    """A file is not an image, or only a part of one; the message says why."""


class Pictures(NamedTuple):
    """Images with labels: where each is read from, its name, its class by number, all classes.

    Images of one group are of the same thing, or nearly so: they are held out together.
    """

    sources: list  # paths, or arrays (height, width, 3) of values 0 to 255
    names: list
    labels: np.ndarray
    classes: list
    groups: list  # a name for each image


def find_files(path):
    """Return the files in a folder and its subfolders by their names; a file comes back as it is.

    What begins with a dot is hidden, and left out.
    """
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and file.name[0] != ".")


def read_picture(source, size):
    """Return the middle square of an image, (size, size, 3), values 0 to 255.

    source: the path of a file, or an array. Raises NoPictureError.
    """
    if isinstance(source, np.ndarray):
        return cut(Image.fromarray(source), size)
    try:
        with Image.open(source) as image:
            image.draft("RGB", (2 * size, 2 * size))  # lets a large JPEG be decoded small
            return cut(to_rgb(ImageOps.exif_transpose(image)), size)
    except Exception as error:  # Pillow raises many kinds for a broken file
        reason = getattr(error, "strerror", None) or first_line(error)
        if isinstance(error, UnidentifiedImageError):
            reason = "not an image"
        raise NoPictureError(f"{source} is left out: {reason}") from error


def to_rgb(image):
    """Return a Pillow image in red, green and blue; what is transparent becomes white."""
    if image.mode.startswith("I"):  # 16 bits of grey, which convert would cut off at 255
        image = Image.fromarray((np.asarray(image) / 257).astype("uint8"))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def cut(image, size):
    """Return the middle square of a Pillow image, scaled, as an array (size, size, 3)."""
    return np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC))


def read_batches(pictures, size):
    """Yield the images in batches: their numbers, and float32 of (count, size, size, 3).

    An image that cannot be read is left out, with a line that says so.
    """
    for start in range(0, len(pictures.sources), BATCH_SIZE):
        read = {}
        for i, source in enumerate(pictures.sources[start : start + BATCH_SIZE], start):
            try:
                read[i] = read_picture(source, size)
            except NoPictureError as error:
                print(error, file=sys.stderr)
        if read:
            yield list(read), np.stack(list(read.values())).astype("float32")


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


def load_folder(folder):
    """Return the files in the subfolders of a folder; each subfolder is a class.

    A folder within a class is a group; a file that lies in none is one by itself.
    """
    if not folder.is_dir():
        fail(f"there is no folder {folder}.")
    files = {path.name: find_files(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    classes = [name for name, found in files.items() if found and name[0] != "."]
    sources = [path for name in classes for path in files[name]]
    names = [path.relative_to(folder).as_posix() for path in sources]
    labels = [label for label, name in enumerate(classes) for _ in files[name]]
    groups = [name if name.count("/") == 1 else name.rpartition("/")[0] for name in names]
    return Pictures(sources, names, np.array(labels, dtype="int32"), classes, groups)


def keep(pictures, kept):
    """Return the images of these numbers, without classes of which no image is left."""
    labels = pictures.labels[kept]
    left, labels = np.unique(labels, return_inverse=True)
    return Pictures(
        [pictures.sources[i] for i in kept],
        [pictures.names[i] for i in kept],
        labels.astype("int32"),
        [pictures.classes[i] for i in left],
        [pictures.groups[i] for i in kept],
    )


def count_groups(labels, groups):
    """Return how many groups there are of each class."""
    groups = np.array(groups)
    return np.array([len(set(groups[labels == label])) for label in np.unique(labels)])
