"""How good a map of labels is, and how good what was found with it.

Maps are compared by intersection over union (IoU), what was found by the average precision of its
boxes, as COCO has it (Lin and others, "Microsoft COCO: Common Objects in Context", 2014).
Chapter: cnn/segmentation/README.md#how-good-is-a-map
"""

from typing import NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap
from scipy import ndimage

from utils.figures import COLORS

NEIGHBOURS = np.ones((3, 3))  # of a pixel: also those that touch its corners
ENOUGH = 0.5  # the IoU of two boxes from which on they count as the same
# How maps of labels are drawn: a colour for nothing, and one for each class.
CLASSES = ListedColormap(["#fcfcfa", *COLORS, "#b4b4b0"])
MAPS = {"cmap": CLASSES, "vmin": 0, "vmax": 10, "interpolation": "nearest"}


class Box(NamedTuple):
    """A digit in a scene: where it is, and how sure that is; bottom and right lie beyond it."""

    scene: int
    label: int
    score: float
    top: int
    left: int
    bottom: int  # the first row below it
    right: int

    @property
    def height(self):
        return self.bottom - self.top

    @property
    def width(self):
        return self.right - self.left

    @property
    def area(self):
        return self.height * self.width

    def shared(self, other):
        """Return how many pixels are in both boxes."""
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        width = min(self.right, other.right) - max(self.left, other.left)
        return max(height, 0) * max(width, 0)

    def iou(self, other):
        both = self.shared(other)
        return both / (self.area + other.area - both)


def confusion(truth, guess, classes):
    """Return how many pixels of each class (rows) got each label (columns)."""
    pairs = truth.ravel().astype(int) * classes + guess.ravel()
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def iou(matrix):
    """Return intersection over union of each class; nan if nothing is of it and nothing called so.

    The intersection are the pixels of a class that got its label; the union are those that are of
    it, or got its label, or both.
    """
    right = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - right
    return np.where(union, right / np.maximum(union, 1), np.nan)


def mean_iou(matrix):
    """Return the mean over all classes but the first, which is nothing."""
    return float(np.nanmean(iou(matrix)[1:]))


def true_boxes(scenes):
    """Return a Box for each digit of which something is to be seen."""
    boxes = []
    for scene, (owners, labels) in enumerate(zip(scenes.owners, scenes.labels, strict=True)):
        for number, window in enumerate(ndimage.find_objects(owners), start=1):
            if window is not None:
                label = labels[owners == number][0]
                boxes.append(make_box(scene, label, 1.0, window))
    return boxes


def make_box(scene, label, score, window):
    (top, bottom), (left, right) = ((side.start, side.stop) for side in window)
    return Box(scene, int(label), float(score), top, left, bottom, right)


def find_boxes(probabilities, least, bridge):
    """Return a Box for each connected piece of a digit's pixels in maps (n, 64, 64, 11).

    least: pixels of a piece that counts. bridge: so many pixels may each of two pieces grow to
    touch, and so to be one. The score is the mean probability.
    """
    boxes = []
    for scene, map_ in enumerate(probabilities):
        labels = map_.argmax(axis=-1)
        for label in np.unique(labels[labels > 0]):
            here = labels == label
            grown = ndimage.binary_dilation(here, NEIGHBOURS, bridge) if bridge else here
            pieces, _ = ndimage.label(grown, NEIGHBOURS)
            pieces *= here
            for number, window in enumerate(ndimage.find_objects(pieces), start=1):
                inside = pieces[window] == number
                if inside.sum() >= least:
                    score = map_[window][inside, label].mean()
                    boxes.append(make_box(scene, label, score, window))
    return boxes


def match(found, truth, enough=ENOUGH):
    """Return for each box found, from the surest on, which true one it is: an index, or None.

    It is one of the same scene and label, with an IoU that is enough, that no surer box has taken.
    """
    there = {}
    for index, box in enumerate(truth):
        there.setdefault((box.scene, box.label), []).append(index)
    taken, matches = set(), []
    for box in sorted(found, key=lambda box: -box.score):
        free = [i for i in there.get((box.scene, box.label), []) if i not in taken]
        best = max(free, key=lambda i: box.iou(truth[i]), default=None)
        if best is not None and box.iou(truth[best]) < enough:
            best = None
        taken.add(best)
        matches.append(best)
    return matches


def average_precision(found, truth, enough=ENOUGH):
    """Return the mean over the labels of the area under precision over recall.

    Going from the surest box to the least sure one, precision is the share of boxes that are right,
    and recall the share of things that were found. At each of 101 recalls from 0 to 1 counts the
    highest precision that is reached with that recall or more, as in COCO.
    """
    areas = []
    for label in sorted({box.label for box in truth}):
        there = [box for box in truth if box.label == label]
        matches = match([box for box in found if box.label == label], there, enough)
        right = np.cumsum([i is not None for i in matches])
        precision, recall = right / np.arange(1, len(right) + 1), right / len(there)
        highest = np.maximum.accumulate(precision[::-1])[::-1]
        first = np.searchsorted(recall, np.linspace(0, 1, 101))  # box that reaches each recall
        areas.append(np.append(highest, 0)[first].mean())
    return float(np.mean(areas))


def judge_boxes(found, truth):
    """Return average precision at an IoU of 0.5, and its mean over those from 0.5 to 0.95."""
    each = [average_precision(found, truth, enough) for enough in np.arange(10, 20) / 20]
    return {"ap": each[0], "coco": float(np.mean(each))}


def choose_score(found, truth):
    """Return the score from which on boxes should count: that with the best F1.

    F1 is twice the right boxes over all that count and all that are there.
    """
    right = np.cumsum([i is not None for i in match(found, truth)])
    scores = sorted((box.score for box in found), reverse=True)
    shares = 2 * right / (np.arange(1, len(found) + 1) + len(truth))
    return scores[int(np.argmax(shares))] if scores else 1.0


def overlaps(truth):
    """Return for each digit what share of its box another one's covers, and whether it is alike.

    Of several others, the one that covers most counts.
    """
    covered = []
    for box in truth:
        others = [other for other in truth if other.scene == box.scene and other is not box]
        shares = [(box.shared(other) / box.area, other.label == box.label) for other in others]
        covered.append(max(shares, default=(0, False)))
    return covered
