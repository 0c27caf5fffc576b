"""Reads pictures, and finds them in a folder with a subfolder for each class."""

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]  # of others, EPS would start a program
MOST = 50_000_000  # pixels of a picture
PARTS = {"train", "training", "val", "valid", "validation", "test", "testing"}


def read(file, size):
    """Return the middle square of a picture, the right way up, (size, size, 3), 0 to 255.

    file: a path, or an open one. ValueError: it is none that can be read.
    """
    try:
        image = Image.open(file, formats=FORMATS)
        if image.width * image.height > MOST:
            raise ValueError
        image = ImageOps.exif_transpose(image).convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
        return np.asarray(ImageOps.fit(image, (size, size)))
    except Exception as error:  # Pillow raises many kinds for a broken file
        raise ValueError("no picture that can be read, or a huge one") from error


def find(folder, size):
    """Return all pictures (n, size, size, 3), the class of each, and what belongs together.

    A subfolder of a class is one person, place or day: its pictures belong together, also with
    those of a subfolder of this name in another class. Outside of subfolders, equal pictures do.
    """
    found, left_out = [], []
    for path in sorted(path for path in Path(folder).glob("*/**/*") if path.is_file()):
        kind, *inner, name = path.relative_to(folder).parts
        try:
            if name.startswith("."):
                raise ValueError("hidden")
            picture = read(path, size)
            belongs = "/".join(inner) or sha256(picture.tobytes()).hexdigest()
            found.append((picture, kind, belongs))
        except ValueError as error:
            left_out.append(f"{path}: {error}")
    if left_out:
        print(f"left out: {len(left_out)} files", *left_out[:10], sep="\n  ")
    kinds = {kind for _, kind, _ in found}
    if len({kind.lower() for kind in kinds} & PARTS) > 1:
        sys.exit(f"{folder} has parts, {', '.join(sorted(kinds))}: put them together by class.")
    if len(kinds) < 2:
        sys.exit(f"{folder} needs two subfolders with pictures, or more: one for each class.")
    x, kinds, groups = zip(*found, strict=True)
    return np.stack(x), np.array(kinds), np.array(groups)
