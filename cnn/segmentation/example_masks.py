"""Machinery: images with masks as a reader might have them, made of the book's emoji and photos.

Each image shows an emoji over a piece of a photograph; its mask says where the emoji is, and of
which class. The emoji that train and those that validate show different things, and so do the
pieces of photographs: left halves train, right halves validate.
Chapter: cnn/segmentation/README.md#your-own-masks
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from cnn.photographs import PHOTOS, load_emoji, split_emoji

SIZE = 128  # pixels, width and height of an image
SCALES = 80, 124  # pixels, between which the width of an emoji lies
WHITE = 30  # a pixel is of the paper if no colour is so much darker than white


def unpack_scenes(folder, seed=1):
    """Write folders training and validation, each with images, masks and classes.txt."""
    random, pictures = np.random.default_rng(seed), load_emoji()
    photos = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(PHOTOS.glob("*.jpg"))]
    held_out = split_emoji(pictures)
    lines = [f"{value} {name}" for value, name in enumerate(["nothing", *pictures.classes])]
    for part in ("training", "validation"):
        for kind in ("images", "masks"):
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for i, (emoji, name) in enumerate(zip(pictures.sources, pictures.names, strict=True)):
        part = "validation" if i in held_out else "training"
        photo = photos[random.integers(len(photos))]
        half = photo.shape[1] // 2
        photo = photo[:, half:] if part == "validation" else photo[:, :half]
        image, mask = paste(emoji, cut_piece(photo, random), random)
        Image.fromarray(image).save(folder / part / "images" / f"{name}.png")
        value = (mask * (pictures.labels[i] + 1)).astype("uint8")
        Image.fromarray(value).save(folder / part / "masks" / f"{name}.png")
    return folder


def cut_piece(photo, random):
    """Return a square piece of a photograph, scaled to the size of the images."""
    side = random.integers(SIZE, min(photo.shape[:2]) + 1)
    top, left = (random.integers(0, length - side + 1) for length in photo.shape[:2])
    piece = Image.fromarray(photo[top : top + side, left : left + side])
    return np.array(piece.resize((SIZE, SIZE)))


def paste(emoji, image, random):
    """Return an image with an emoji somewhere in it, and where that is, (height, width)."""
    ink = ndimage.binary_fill_holes(emoji.min(axis=-1) < 255 - WHITE)
    width = random.integers(*SCALES)
    emoji = np.asarray(Image.fromarray(emoji).resize((width, width)))
    ink = np.asarray(Image.fromarray(ink).resize((width, width)))
    top, left = random.integers(0, SIZE - width + 1, 2)
    window = slice(top, top + width), slice(left, left + width)
    mask = np.zeros((SIZE, SIZE), bool)
    mask[window] = ink
    image[mask] = emoji[ink]
    return image, mask
