import numpy as np
from hypothesis import strategies as st

from exercises.bench import apart, close, expect, match, sizes

RESULTS = ("precision", "recall", "f1")
HINTS = [
    "Count three things: those who are 1 and were reported, all who were reported, all who are 1.",
    "`&` between two comparisons, each in parentheses, is True where both are; `np.sum` counts "
    "what is True. Precision and recall divide the hits, each by another number.",
    "Before you divide, look whether the divisor is 0. F1 has the divisor precision + recall.",
]


def check(ask):
    # 2 hits, 3 false alarms, 4 missed, 6 rightly left alone.
    truth = np.array([1] * 2 + [0] * 3 + [1] * 4 + [0] * 6)
    predicted = np.array([1] * 2 + [1] * 3 + [0] * 4 + [0] * 6)
    precision, recall, f1 = ask(truth, predicted)
    match(
        precision,
        2 / 5,
        "Of five who were reported two are 1, so the precision should be {1}; it is {0}.".format(
            *apart(float(precision), 2 / 5)
        ),
        [
            (
                2 / 6,
                "Precision and recall have changed places: precision asks about those who were "
                "reported.",
                2,
            ),
            (8 / 15, "That is the accuracy, the share of right answers, and not the precision."),
            (
                2 / 15,
                "The precision divides by all examples, and not by those who were reported.",
                2,
            ),
            (
                2 / 3,
                "The precision divides by the false alarms alone; the hits were reported, too.",
                2,
            ),
        ],
    )
    match(
        recall,
        2 / 6,
        "Of six who are 1 two were reported, so the recall should be {1}; it is {0}.".format(
            *apart(float(recall), 2 / 6)
        ),
        [
            (8 / 15, "That is the accuracy, and not the recall."),
            (2 / 15, "The recall divides by all examples, and not by those who are 1.", 2),
            (6 / 9, "The recall is that of the zeros."),
            (2 / 5, "The recall is the precision once more.", 2),
            (2 / 4, "The recall divides by those who were missed alone; the hits are 1, too.", 2),
        ],
    )
    match(
        f1,
        2 * (2 / 5) * (2 / 6) / (2 / 5 + 2 / 6),
        "Precision and recall are right, F1 is not: put them into the formula.",
        [
            (
                (2 / 5 + 2 / 6) / 2,
                "F1 is the ordinary mean of the two; it should be closer to the smaller one.",
            ),
            ((2 / 5) * (2 / 6) / (2 / 5 + 2 / 6), "F1 lacks its factor 2."),
            ((4 / 30) ** 0.5, "F1 is the geometric mean of the two, the root of their product."),
        ],
        hint=3,
    )
    none, ones = np.zeros(4, int), np.array([1, 1, 0, 0])
    for case, arguments in {
        "nobody was reported": (ones, none),
        "nobody is 1": (none, ones),
        "all who were reported are 0": (ones, 1 - ones),
        "nobody is 1 and nobody was reported": (none, none),
    }.items():
        found = ask(*arguments)
        for name, score in zip(RESULTS, found, strict=True):
            expect(
                np.isfinite(score),
                f"If {case}, {name} is {score}: something was divided by 0.",
                hint=3,
            )
            expect(score == 0, f"If {case}, {name} should be 0; it is {float(score):.7g}.", hint=3)
    one = np.array([1, 0, 0])
    for name, score in zip(RESULTS, ask(one, one), strict=True):
        expect(
            close(score, 1),
            f"If one of three is 1, and is reported, {name} should be 1; it is "
            f"{apart(float(score), 1.0)[0]}.",
        )
    expect(np.allclose(ask(ones, ones), 1), "If every answer is right, all three should be 1.")


@st.composite
def inputs(draw):
    size = draw(sizes(20))
    answers = st.lists(st.integers(0, 1), min_size=size, max_size=size)
    return np.array(draw(answers)), np.array(draw(answers))
