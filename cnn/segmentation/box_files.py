"""Machinery: images with boxes from a folder or from scenes; what was found, as CSV and drawn.

A folder has a folder images in it and a file boxes.csv, with a row for each box. What shares a
subfolder of images belongs together, and is held out together.
Chapter: cnn/segmentation/README.md#your-own-boxes
"""

import csv
import math
import sys
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from cnn.photographs import find_images, open_photo
from cnn.segmentation.masks import find_sides, read
from cnn.segmentation.measures import ENOUGH, Box, match, true_boxes
from cnn.segmentation.segment import make_part
from utils.figures import save_figure
from utils.pictures import PictureError
from utils.runs import fail, printable, replacing, writing_to
from utils.tables import read_rows

MOST = 20  # things that are found in an image
COLUMNS = ["file", "label", "left", "top", "right", "bottom"]
BEYOND = 1  # pixels that a box may reach beyond its image: programs round in different ways
LEAST = 0.6  # of the side of an image is in a varied copy
MIRRORED = 0.5  # of the copies; 0 for what has a right and a left, such as digits
SURE = 0.3  # the score of a box that is drawn, or written down for a photograph
SHOWN = 3  # columns of the figure with the first images, and as many with errors


class Boxed(NamedTuple):
    """Images, and what is in them."""

    images: np.ndarray  # (n, height, width, channels)
    boxes: list  # of Box; its scene is the number of the image, its label one from 1 on


def read_scenes(part, count):
    """Return the first scenes of a part, Boxed."""
    scenes = make_part(part, count)
    return Boxed(scenes.images, true_boxes(scenes))


def read_folder(folder, size, seed):
    """Return Boxed images to learn from, others held out, and names: those of labels from 1 on.

    All images are stretched to squares of this size.
    """
    sides = find_sides(folder, read_part, seed)
    labels, held_out = ({row[0] for _, rows in side.values() for row in rows} for side in sides)
    if alone := sorted(held_out - labels):
        fail(f"all boxes of {alone[0]} are held out, none is left to learn from. Add images of it.")
    if (most := max(len(rows) for side in sides for _, rows in side.values())) > MOST:
        print(f"{most} boxes in an image: {MOST} are found at most. Set MOST in box_files.py.")
    names = ["nothing", *sorted(labels)]
    return *(load_part(side, names, size) for side in sides), names


def read_part(folder):
    """Return {name: (path of the image, its rows of boxes.csv: label and four numbers)}."""
    path, inside = folder / "boxes.csv", folder / "images"
    paths = find_images([inside]) if inside.is_dir() else []
    if not paths:
        fail(f"there is no folder {inside} with images in it.")
    if not path.is_file():
        fail(f"there is no file {path}, with the columns {', '.join(COLUMNS)}.")
    images = {file.relative_to(inside).as_posix(): file for file in paths}
    table, *_ = read_rows(path)
    if missing := [column for column in COLUMNS if column not in table]:
        fail(f"{path} has no column {missing[0]}. It needs {', '.join(COLUMNS)}.")
    boxes = {name: [] for name in images}
    for number, (file, label, *corners) in enumerate(table[COLUMNS].to_numpy(), start=2):
        where = f"line {number} of {path}"
        if file not in images:
            file = file.replace("\\", "/")  # as programs on Windows write it
        if file not in images:
            fail(f"{where} names {file}, which is not an image in {inside}.")
        if not label:
            fail(f"{where} has no label.")
        try:
            left, top, right, bottom = map(float, corners)
            if not all(map(math.isfinite, (left, top, right, bottom))):
                raise ValueError
        except ValueError:
            fail(f"{where} has {', '.join(corners)} and not four numbers.")
        if right <= left or bottom <= top:
            fail(f"{where}: right must be more than left, and bottom more than top. Swapped?")
        boxes[file].append((printable(label), top, left, bottom, right, where))
    if empty := sum(not rows for rows in boxes.values()):
        print(f"{empty} of {len(images)} images have no box: nothing is in them", file=sys.stderr)
    return {name: (file, boxes[name]) for name, file in images.items()}


def load_part(pairs, names, size):
    """Return Boxed images of this size; the boxes are stretched with them."""
    squares, boxes = [], []
    for scene, (name, (path, rows)) in enumerate(pairs.items()):
        photo = read(open_photo, path)
        width, height = photo.size
        for label, *corners, where in rows:
            inside = np.clip(corners, 0, [height, width, height, width]).tolist()
            if np.abs(np.subtract(inside, corners)).max() > BEYOND:
                fail(f"{where} has a box that reaches out of {name}, of {width} x {height} pixels.")
            box = Box(scene, names.index(label), 1.0, *inside)
            boxes.append(stretch(box, size / width, size / height))
        squares.append(np.asarray(photo.resize((size, size), Image.Resampling.BICUBIC)))
    return Boxed(np.stack(squares), boxes)


def vary(part, copies, seed):
    """Return Boxed images, so many for each: a square of it, or of its mirror image, made larger.

    A box of which less than half is left is dropped.
    """
    random, size = np.random.default_rng(seed), part.images.shape[1]
    images, boxes = [], []
    for number, image in enumerate(np.repeat(part.images, copies, axis=0)):
        side = random.integers(round(LEAST * size), size + 1)
        top, left = random.integers(0, size - side + 1, 2)
        mirrored, zoom = random.random() < MIRRORED, size / side
        for box in part.boxes:
            if box.scene == number // copies:
                if mirrored:
                    box = box._replace(left=size - box.right, right=size - box.left)
                moved = np.clip(np.subtract(box[3:], [top, left, top, left]), 0, side)
                cut = stretch(Box(number, box.label, 1.0, *moved.tolist()), zoom, zoom)
                if cut.area > box.area * zoom**2 / 2:
                    boxes.append(cut)
        square = (image[:, ::-1] if mirrored else image)[top : top + side, left : left + side]
        images.append(np.asarray(Image.fromarray(square).resize((size, size))))
    return Boxed(np.stack(images), boxes)


def find_in_photos(find, paths, size, names, folder):
    """Write what is found in photographs to found.csv, like boxes.csv with a score, and draw it.

    find: a function from squares (n, size, size, 3) to a list of Box. Return {name: labels}.
    """
    rows, seen = [[*COLUMNS, "score"]], {}
    for path in paths:
        try:
            photo = open_photo(path)
        except PictureError as error:
            print(printable(f"left out: {error}"), file=sys.stderr)
            continue
        square = np.asarray(photo.resize((size, size), Image.Resampling.BICUBIC))
        found = [box for box in find(square[None]) if box.score >= SURE]
        boxes = [stretch(box, *np.divide(photo.size, size)) for box in found]
        for box in boxes:
            corners = [round(side, 1) for side in (box.left, box.top, box.right, box.bottom)]
            rows.append([path.name, names[box.label], *corners, round(box.score, 3)])
        figure, axes = plt.subplots(figsize=(6, 6 * photo.height / photo.width))
        axes.imshow(photo)
        draw_boxes(axes, boxes, names)
        axes.set_axis_off()
        name = f"{len(seen) + 1}_{printable(path.stem)}.png"
        seen[name] = [names[box.label] for box in boxes]
        save_figure(figure, folder / name)
        print(printable(f"{path.name}: {', '.join(seen[name]) or 'nothing'}"))
    with writing_to(folder):
        save_rows(rows, folder / "found.csv")
    return seen


def save_rows(rows, path):
    """Write rows as CSV, whole or not at all."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def stretch(box, wide, high):
    """Return a box in an image that is so many times as wide and as high."""
    top, bottom, left, right = box.top * high, box.bottom * high, box.left * wide, box.right * wide
    return box._replace(top=top, bottom=bottom, left=left, right=right)


def draw_boxes(axes, boxes, names, ink="white", behind="black"):
    """Draw boxes over an image, each with its name; those of nearly one place as one box.

    It has all their names, the surest first, above the corner, as far as that is in the image.
    """
    paper = {"facecolor": behind, "edgecolor": "none", "alpha": 0.7, "pad": 0.8}
    (_, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    left = sorted(boxes, key=lambda box: -box.score)
    while left:
        box, *others = left
        left = [other for other in others if box.iou(other) < ENOUGH]
        called = [names[one.label] for one in [box, *others] if one not in left]
        corner, sides = (box.left - 0.5, box.top - 0.5), (box.width, box.height)
        axes.add_patch(plt.Rectangle(corner, *sides, fill=False, edgecolor=ink))
        below = corner[1] - top < (bottom - top) / 9
        place = min(box.right - 0.5, right), max(corner[1], top)
        how = {"ha": "right", "va": "top" if below else "bottom", "color": ink, "size": 8}
        axes.text(*place, " / ".join(called), bbox=paper, **how)


def draw(part, found, network, names, path):
    """Draw images with the true boxes, the heat of a network, and what it found.

    First come the first images, then the first ones with an error.
    """
    found = [box for box in found if box.score >= SURE]
    matches = match(found, part.boxes)
    missed = {part.boxes[i].scene for i in {*range(len(part.boxes))} - {*matches}}
    ordered = sorted(found, key=lambda box: -box.score)
    wrong = {box.scene for box, i in zip(ordered, matches, strict=True) if i is None}
    first = range(min(SHOWN, len(part.images)))
    shown = [*first, *[i for i in sorted(missed | wrong) if i not in first][:SHOWN]]
    figure, panels = plt.subplots(3, len(shown), figsize=(1.7 * len(shown), 5.1), squeeze=False)
    heat = network.predict(part.images[shown], verbose=0)["heat"].max(axis=-1)
    for scene, map_, column in zip(shown, heat, panels.T, strict=True):
        for axes, boxes in ((column[0], part.boxes), (column[2], found)):
            axes.imshow(part.images[scene].squeeze(), cmap="gray")
            draw_boxes(axes, [box for box in boxes if box.scene == scene], names)
        column[1].imshow(map_, vmin=0, vmax=1, interpolation="nearest")
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
    for axes, name in zip(panels[:, 0], ("what is there", "heat", "what was found"), strict=True):
        axes.set_ylabel(name)
    save_figure(figure, path)
