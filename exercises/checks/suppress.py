import numpy as np
from hypothesis import strategies as st

from exercises.bench import expect

HINTS = [
    'Sort the numbers of the boxes: `np.argsort(-scores, kind="stable")`. Then a loop: the first '
    "of those that wait stays, and of the others only those go on waiting that it does not drop.",
    "What lies in both boxes reaches from the larger top to the smaller bottom, and from the "
    "larger left to the smaller right. A side that comes out negative is 0: the boxes do not meet.",
    "The area in one or both is the sum of the two areas less what lies in both, which would count "
    "twice. A box waits on if both / (sum - both) <= too_much.",
]
A, B = [0, 0, 10, 8], [5, 3, 9, 11]  # 20 in both, 92 in one or both


@st.composite
def inputs(draw):
    """Draw legal arguments: sides in whole numbers or in 32nds, so that an IoU is exact."""
    place, side = st.integers(-6, 6), st.integers(1, 8)
    count = draw(st.integers(0, 8))
    corners = [draw(st.tuples(place, place, side, side)) for _ in range(count)]
    boxes = [(top, left, top + high, left + wide) for top, left, high, wide in corners]
    scores = draw(st.lists(st.integers(-4, 8), min_size=count, max_size=count))
    too_much = draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
    boxes = np.array(boxes, float).reshape(count, 4) / draw(st.sampled_from([1, 32]))
    return boxes, np.array(scores) / 4, too_much


def check(ask):
    def kept(boxes, scores, too_much):
        found = ask(np.array(boxes, float).reshape(-1, 4), np.array(scores, float), float(too_much))
        expect(
            not any(isinstance(one, bool | np.bool_) for one in found),
            "It says of each box whether it stays; a list of the numbers of those that stay is "
            "asked for.",
        )
        expect(
            all(np.ndim(one) == 0 and one in range(len(scores)) for one in found),
            "The list holds something that is not the number of a box; of three boxes these are "
            "0, 1 and 2.",
        )
        expect(len({*found}) == len(found), "The number of a box is in the list more than once.")
        return found

    check_order(kept)
    check_overlap(kept)
    check_drops(kept)
    random = np.random.default_rng(1)
    corners = random.integers(0, 12, size=(30, 2))
    crowd = np.concatenate([corners, corners + random.integers(3, 9, size=(30, 2))], axis=1)
    scores = random.permutation(30) / 30
    found, right = kept(crowd, scores, 0.25), ask.solution(crowd, scores, 0.25)
    expect(
        found == right,
        f"In a crowd of thirty boxes {len({*found} - {*right})} stay that should not, and "
        f"{len({*right} - {*found})} do not that should. With two and three boxes it is right: "
        "does it go on until no box is left?",
    )


def check_order(kept):
    """Boxes that do not meet, and one that is there twice."""
    found = kept([[0, 0, 2, 2], [20, 20, 22, 22], [40, 40, 42, 42]], [0.2, 0.9, 0.5], 0.5)
    expect(found, "Of three boxes that do not meet all stay; it returns an empty list.")
    expect(
        len(found) == 3,
        f"Of three boxes that do not meet all stay; it returns {found}. A box that does not meet "
        "the surest one is left for the next turn; look at the comparison with too_much, too.",
    )
    expect(found != [0, 1, 2], "The boxes come in the order of their numbers; the surest is first.")
    expect(found != [0, 2, 1], "The least sure box comes first; it should be the surest.")
    expect(
        found == [1, 2, 0],
        f"With the scores 0.2, 0.9 and 0.5 the order is [1, 2, 0]; it returns {found}.",
    )
    found = kept([[0, 0, 2, 2], [0, 0, 2, 2]], [0.2, 0.9], 0.2)
    expect(len(found) < 2, "Of two boxes in the same place both stay. Their IoU is 1.", hint=3)
    expect(found == [1], "Of two boxes in the same place the less sure one stays.")


def check_overlap(kept):
    """Find out what it takes for the overlap of two boxes: above it, too_much lets both stay."""

    def overlap(first, second):
        low, high = 0.0, 1.0
        for _ in range(11):
            middle = (low + high) / 2
            both = len(kept([first, second], [0.9, 0.8], middle)) == 2
            low, high = (low, middle) if both else (middle, high)
        return middle

    pair, turned = overlap(A, B), overlap(B, A)
    causes = [
        (20 / 32, 20 / 80, "It divides what lies in both by the area of the less sure box alone."),
        (20 / 80, 20 / 32, "It divides what lies in both by the area of the surer box alone."),
        (20 / 32, 20 / 32, "It divides what lies in both by the area of the smaller box."),
        (20 / 80, 20 / 80, "It divides what lies in both by the area of the larger box."),
        (20 / 112, 20 / 112, "It divides by the sum of the areas, where what lies in both counts "
         "twice."),
        (40 / 112, 40 / 112, "It divides twice what lies in both by the sum of the areas: that is "
         "Dice, and not IoU."),
        (30 / 114, 30 / 114, "It adds 1 to the sides, as if bottom and right were the last pixels "
         "of the box. They are where it ends: the height is bottom - top."),
        (4 / 10, 4 / 10, "It looks at the tops and bottoms alone, and not at the widths."),
        (5 / 11, 5 / 11, "It looks at the lefts and rights alone, and not at the heights."),
        (25 / 154, 25 / 154, "It reads the last two numbers of a box as its height and width; they "
         "are its bottom and right."),
        (20 / 72, 20 / 72, "It divides by the area that lies in one box only; what lies in both "
         "belongs to it, too."),
        (0, 0, "It lets both stay even if too_much is 0."),
        (1, 1, "It drops one of them even if too_much is 0.99."),
    ]  # fmt: skip
    for *found, why in causes:
        same = np.allclose(found, [pair, turned], rtol=0, atol=0.002)
        expect(not same, f"Two boxes have the areas 80 and 32, and 20 lie in both. {why}", hint=3)
    expect(
        np.allclose([pair, turned], 20 / 92, rtol=0, atol=0.002),
        "Two boxes have the areas 80 and 32, and 20 lie in both: their IoU is 20 / 92, or 0.217. "
        f"It takes them for {pair:.3f}, and for {turned:.3f} if the smaller is surer.",
        hint=3,
    )
    expect(
        len(kept([[0, 0, 4, 4], [0, 0, 4, 2]], [0.9, 0.8], 0.5)) == 2,
        "If the IoU of two boxes is as large as too_much, and not above it, both stay; here one is "
        "dropped.",
        hint=3,
    )
    for place, words in (([6, 0], "below"), ([0, 6], "beside"), ([5, 5], "below and beside")):
        moved = [[0, 0, 4, 4], [*place, place[0] + 4, place[1] + 4]]
        expect(
            len(kept(moved, [0.9, 0.8], 0)) == 2,
            f"Of two boxes one lies {words} the other, without touching it, and one of them is "
            "dropped. A side of what lies in both is 0 if it comes out negative. (The product of "
            "two negative sides is positive.)",
            hint=2,
        )
    expect(
        len(kept([[0, 0, 4, 4], [0, 4, 4, 8]], [0.9, 0.8], 0)) == 2,
        "Of two boxes that share a side only, one is dropped: they have no area in common, and an "
        "IoU of 0 is not above a too_much of 0.",
        hint=2,
    )
    expect(
        len(kept([[0, 0, 2, 2], [0, 0, 2, 2]], [0.2, 0.9], 1)) == 2,
        "With too_much = 1 no box is dropped: not even the IoU of a box with itself is above 1.",
        hint=3,
    )


def check_drops(kept):
    """Which boxes drop others, and in what order."""
    # The IoU of neighbours is 7 / 13, that of the others 1 / 4.
    chain = [[0, 6, 4, 16], [0, 3, 4, 13], [0, 0, 4, 10]]
    found = kept(chain, [0.5, 0.7, 0.9], 0.4)
    expect(
        found != [2],
        "The surest box overlaps the second too much, which is dropped, and the second the third. "
        "The third stays, since what has been dropped drops no other; here it is dropped.",
    )
    expect(
        found == [2, 0],
        "The surest box overlaps the second too much, and the third only a little: the first and "
        f"the third of these stay, [2, 0]. It returns {found}.",
    )
    found = kept(chain, [0.5, 0.9, 0.7], 0.4)
    expect(
        found == [1],
        f"The surest box overlaps two others too much, and drops both. It returns {found}.",
    )
    twice = [[0, 0, 4, 4], [9, 9, 13, 13], [0, 0, 4, 4], [9, 9, 13, 13]]
    found = kept(twice, [0.6, 0.7, 0.8, 0.9], 0.4)
    expect(
        found == [3, 2],
        "Two boxes in one place and two in another: of each pair the surer one stays, [3, 2]. It "
        f"returns {found}. Does it go on with the surest of those that are left?",
    )
    found = kept(twice, [0.5, 0.5, 0.5, 0.5], 0.4)
    expect(
        found == [0, 1],
        "Of equally sure boxes the first counts as the surest. Of four the first two stay, "
        f"[0, 1], and it returns {found}: in what order does a sort leave what is equal?",
    )
    found = kept(twice, [-3.0, -2.0, -2.5, -4.0], 0.4)
    expect(
        found == [1, 2],
        f"Scores may be negative. It returns {found} where -2 and -2.5 are the highest of each "
        "pair, [1, 2].",
    )
    expect(
        kept(np.subtract(twice, 20), [9, 8, 7, 6], 0.4) == [0, 1],
        "Boxes may lie anywhere, also at negative places: moved by 20, they give another result.",
        hint=2,
    )
    expect(kept([], [], 0.5) == [], "Of no boxes the list should be empty.")
