SORT = '    waiting, kept = np.argsort(-scores, kind="stable"), []\n'
UNION = "both / (areas - both)"

MUTANTS = [
    ("order of their numbers", "return kept", "return sorted(kept)"),
    ("order of their numbers", 'np.argsort(-scores, kind="stable")', "np.arange(len(scores))"),
    ("should be the surest", 'np.argsort(-scores, kind="stable")', "np.argsort(scores)"),
    ("equally sure", 'np.argsort(-scores, kind="stable")', "np.argsort(scores)[::-1]"),
    ("not the number", "kept.append(int(waiting[0]))", "kept.append(float(scores[waiting[0]]))"),
    ("not the number", "kept.append(int(waiting[0]))", "kept.append(boxes[waiting[0]])"),
    ("whether it stays", "return kept", "return [i in kept for i in range(len(scores))]"),
    ("left for the next turn", "<= too_much", "> too_much"),
    ("as large as", "<= too_much", "< too_much"),
    ("less sure box alone", UNION, "both / np.prod(others[:, 2:] - others[:, :2], axis=1)"),
    ("surer box alone", UNION, "both / np.prod(best[2:] - best[:2])"),
    (
        "smaller box",
        UNION,
        "both / np.minimum(np.prod(others[:, 2:] - others[:, :2], axis=1), "
        "np.prod(best[2:] - best[:2]))",
    ),
    ("counts twice", UNION, "both / areas"),
    ("Dice", UNION, "2 * both / areas"),
    ("one box only", UNION, "both / np.maximum(areas - 2 * both, 1e-9)"),
    (
        "adds 1",
        "        both = np.prod(np.maximum(sides, 0), axis=1)\n"
        "        areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + "
        "np.prod(best[2:] - best[:2])",
        "        both = np.prod(np.maximum(sides + 1, 0), axis=1)\n"
        "        areas = np.prod(others[:, 2:] - others[:, :2] + 1, axis=1)\n"
        "        areas = areas + np.prod(best[2:] - best[:2] + 1)",
    ),
    (
        "height and width",
        SORT,
        "    boxes = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)\n" + SORT,
    ),
    ("widths", SORT, "    boxes = boxes * [1, 0, 1, 0] + [0, 0, 0, 1]\n" + SORT),
    ("heights", SORT, "    boxes = boxes * [0, 1, 0, 1] + [0, 0, 1, 0]\n" + SORT),
    ("negative", "np.maximum(sides, 0)", "sides"),
    ("negative", "np.maximum(sides, 0)", "np.abs(sides)"),
    (
        "dropped drops no other",
        "        waiting = waiting[1:][both / (areas - both) <= too_much]\n    return kept",
        "        gone = locals().get('gone', set())\n"
        "        for i in waiting[1:][both / (areas - both) > too_much]:\n"
        "            gone.add(int(i))\n        waiting = waiting[1:]\n"
        "    return [i for i in kept if i not in gone]",
    ),
    ("empty list", "return kept", "return []"),
    ("left for the next turn", "return kept", "return kept[:1]"),
    ("until no box", "return kept", "return kept[:3]"),
    ("Scores may be negative", SORT, SORT + "    waiting = waiting[scores[waiting] > -2.2]\n"),
    (
        "anywhere",
        "np.maximum(best[:2], others[:, :2])",
        "np.maximum(np.maximum(best[:2], others[:, :2]), 0)",
    ),
    ("more than once", "return kept", "return kept + kept"),
    ("None", "    return kept\n", ""),
    ("both stay", "<= too_much", "<= max(too_much, 0.3)"),
]

UNSEEN = [
    (
        "negative",
        "kept.append(int(waiting[0]))",
        "kept += [int(waiting[0])] * int(scores[waiting[0]] > 0)",
    ),
    (
        "drops both",
        "waiting[1:][both / (areas - both) <= too_much]",
        "waiting[1:][(both / (areas - both) <= too_much) | (np.arange(len(both)) > 0)]",
    ),
    (
        "stay",
        "waiting = waiting[1:][both / (areas - both) <= too_much]",
        "waiting = waiting[1:][both / (areas - both) <= too_much][: len(scores) - 2]",
    ),
    ("as large as", "<= too_much", "<= too_much - 1e-6"),
    ("alone", "areas - both", "np.prod(best[2:] - best[:2])"),
]

OTHER = """
def iou(one, two):
    height = min(one[2], two[2]) - max(one[0], two[0])
    width = min(one[3], two[3]) - max(one[1], two[1])
    if height <= 0 or width <= 0:
        return 0
    areas = [(b - t) * (r - l) for t, l, b, r in (one, two)]
    return height * width / (sum(areas) - height * width)

def suppress(boxes, scores, too_much):
    kept = []
    for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
        if all(iou(boxes[i], boxes[j]) <= too_much for j in kept):
            kept.append(i)
    return kept
"""
