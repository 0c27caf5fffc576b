import numpy as np


def suppress(boxes, scores, too_much):
    waiting, kept = np.argsort(-scores, kind="stable"), []
    while len(waiting):
        kept.append(int(waiting[0]))
        best, others = boxes[waiting[0]], boxes[waiting[1:]]
        sides = np.minimum(best[2:], others[:, 2:]) - np.maximum(best[:2], others[:, :2])
        both = np.prod(np.maximum(sides, 0), axis=1)
        areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(best[2:] - best[:2])
        waiting = waiting[1:][both / (areas - both) <= too_much]
    return kept
