"""Machinery of the book: a diagram of the U-Net, and some scenes with their labels."""

import matplotlib.pyplot as plt
from matplotlib.patheffects import withStroke

from book.figures.concepts import BLUE, GREEN, GREY, ORANGE, arrow, box, canvas, write
from cnn.segmentation.measures import true_boxes
from cnn.segmentation.scenes import NAMES, SIZE, make_scenes
from cnn.segmentation.segment import MAPS
from cnn.segmentation.u_net import BOTTOM, FILTERS

SHOWN = 5  # scenes


def block(axes, x, y, size, maps, color, side):
    """Draw the maps of a level, as high as they are large, and write beside it what they are."""
    height, width = size / 40 + 0.25, 0.25 + maps / 120
    box(axes, x - width / 2, y - height / 2, width, height, color)
    how = {"left": (-1, "right"), "right": (1, "left"), "below": (0, "center")}[side]
    place = x + how[0] * (width / 2 + 0.05), y + (height / 2 + 0.3) * (side == "below")
    write(axes, *place, f"{size} × {size},\n{maps} maps", ha=how[1], size=9)
    return width / 2 + 0.08, height / 2 + 0.03  # from the middle to beside it, and to below it


def draw_network():
    """Draw the way down on the left, the way up on the right, and the skips between them."""
    figure, axes = canvas(11, 6.9)
    y, before = 1.2, None
    for level, filters in enumerate([*FILTERS, BOTTOM]):
        size, lowest = SIZE // 2**level, level == len(FILTERS)
        left, right = (5.5, 5.5) if lowest else (1.9 + 1.1 * level, 9.1 - 1.1 * level)
        side = "below" if lowest else "left"
        wide, high = block(axes, left, y, size, filters, GREY if lowest else BLUE, side)
        if not lowest:
            block(axes, right, y, size, filters, ORANGE, "right")
            arrow(axes, (left + wide, y), (right - wide, y), GREEN)
            write(axes, 5.5, y - 0.18, "skip connection", GREEN, size=9)
        if before:
            apart = 0.25 * lowest
            arrow(axes, (before[0], before[2]), (left - apart, y - high), BLUE)
            arrow(axes, (right + apart, y - high), (before[1], before[2]), ORANGE)
        before = left, right, y + high
        y += high + 1.05 - 0.13 * level
    write(axes, 1.9, 0.12, "scene", size=10)
    write(axes, 9.1, 0.12, "labels", size=10)
    write(axes, 0.3, 6.0, "down: convolutions and pooling", BLUE, ha="left", size=9.5)
    write(axes, 10.7, 6.0, "up: upsampling and convolutions", ORANGE, ha="right", size=9.5)
    return figure


def draw_scenes():
    """Draw scenes above their true labels."""
    scenes = make_scenes("train", SHOWN, 1)
    figure, panels = plt.subplots(2, SHOWN, figsize=(8.5, 3.6))
    for i, (above, below) in enumerate(panels.T):
        above.imshow(scenes.images[i, ..., 0], cmap="gray")
        below.imshow(scenes.labels[i], **MAPS)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
    halo = [withStroke(linewidth=2.5, foreground=figure.get_facecolor())]
    for one in true_boxes(scenes):
        place = one.right, one.top
        panels[1, one.scene].text(*place, NAMES[one.label], size=9, va="center", path_effects=halo)
    return figure


def draw():
    return {"u_net": draw_network(), "scenes": draw_scenes()}, {}
