"""Find images, read them whatever their form, and cut them to the size that a network takes.

`classify.py` and the studies read with `read_picture`: the middle square, the right way up, made
smaller with care. `transfer.py` lets Keras read, which cuts out the same square, but neither turns
nor smooths it; what a network of its own shall answer is read in that way, too.
Chapter: cnn/README.md#your-own-photographs
"""

import re
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from PIL import Image, ImageOps
from sklearn.model_selection import StratifiedGroupKFold

from utils.pictures import PictureError, open_picture
from utils.runs import fail, first_line

DATA = Path(__file__).resolve().parent / "data"
PHOTOS = DATA / "photos"
EMOJI = DATA / "emoji.npz"
KERAS_READS = {".bmp", ".gif", ".jpeg", ".jpg", ".png"}  # in image_dataset_from_directory


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

    What begins with a dot, or lies in a folder that does, is hidden, and left out.
    """
    if not path.is_dir():
        return [path]
    files = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in files if "/." not in f"/{file.relative_to(path).as_posix()}")


def read_picture(source, size):
    """Return the middle square of an image, (size, size, 3), values 0 to 255.

    source: the path of a file, or an array. Raises PictureError.
    """
    if isinstance(source, np.ndarray):
        return cut(Image.fromarray(source), size)
    try:
        image = open_picture(source)
        image.draft("RGB", (2 * size, 2 * size))  # lets a large JPEG be decoded small
        return cut(to_rgb(ImageOps.exif_transpose(image)), size)
    except Exception as error:  # Pillow raises many kinds for a broken file
        raise PictureError(f"{source} is left out: {first_line(error)}") from error


def read_like_keras(path, size):
    """Return the middle square as image_dataset_from_directory makes it: (size, size, 3), 0 to 255.

    A file that is no image has been refused before, by read_picture.
    """
    image = Image.open(path)
    image = to_rgb(image) if image.mode.startswith("I") else image.convert("RGB")
    return keras.preprocessing.image.smart_resize(np.asarray(image, "float32"), (size, size))


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


def check_photos(paths):
    """End the program with one line if one of these files is not an image."""
    for path in paths:
        try:
            read_picture(path, 32)
        except PictureError as error:
            fail(error)


def check_folder(folder):
    """End the program with one line if Keras could not read the images in a folder.

    It would decode them as is done here, but in the middle of the training.
    """
    import tensorflow as tf  # only here, because it is slow to import

    files = [path for path in folder.rglob("*") if is_image(path)]
    if not files:
        fail(f"there is no folder {folder} with images in it (JPEG, PNG, GIF or BMP).")
    for path in sorted(files):
        try:
            open_picture(path, still=True)
            str(path).encode()  # TensorFlow opens no file whose name is not UTF-8
            tf.io.decode_image(path.read_bytes(), channels=3, expand_animations=False)
        except (ValueError, OSError, tf.errors.OpError) as error:
            fail(f"{path} cannot be read ({first_line(error)}). Take it out of the folder.")


def check_level(folder):
    """End the program with one line if the classes seem to lie a level below this folder.

    All that Keras finds below a subfolder is of one class, however deep it lies.
    """
    inner = {path: find_folders(path) for path in find_folders(folder)}
    with_images = [path for path in inner if any(is_image(file) for file in path.iterdir())]
    if inner and not with_images and all(len(names) > 1 for names in inner.values()):
        first, names = next(iter(inner.items()))
        some = ", ".join(path.name for path in names[:3])
        fail(
            f"{folder} has folders of folders in it: {some} in {first.name}. If these are the "
            f"classes, name the folder above them: --data {first}. If each is of one thing, seen "
            "more than once, divide them into training and validation first."
        )


def find_folders(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def is_image(path):
    return path.suffix.lower() in KERAS_READS


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


def split_emoji(pictures):
    """Return the numbers of a fifth that is held out; what shows nearly the same is in or out."""
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=1)
    _, held_out = next(folds.split(pictures.labels, pictures.labels, pictures.groups))
    return set(held_out.tolist())


def unpack_emoji(folder, classes=None, parts=False):
    """Write the emoji as a reader's own images would lie, a subfolder for each class.

    classes: the names of some of them; None: all. With parts, there are two folders of these,
    training and validation, and a fifth of the images is in the latter. Drawings of nearly the same
    thing are in the same one.
    """
    folder, pictures = Path(folder), load_emoji()
    part = dict.fromkeys(range(len(pictures.labels)), "training" if parts else "")
    if parts:
        part |= dict.fromkeys(split_emoji(pictures), "validation")
    for i, pixels in enumerate(pictures.sources):
        if classes and pictures.classes[pictures.labels[i]] not in classes:
            continue
        path = folder / part[i] / pictures.classes[pictures.labels[i]] / f"{pictures.names[i]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder
