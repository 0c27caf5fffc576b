import numpy as np
from hypothesis import strategies as st

from exercises.bench import MILD, WHOLE, apart, close, expect, match, numbers, short, sizes

HINTS = [
    "Two lines: the powers of e, and the powers divided by their sum over the row.",
    "`sum` over the axis 1 adds up each row. With `keepdims=True` the sums have the shape (rows, "
    "1), so each row is divided by its own sum.",
    "If you subtract the largest number of a row from the whole row, no power exceeds 1. All "
    "powers shrink by the same factor, and so does their sum. `max` can take an axis and "
    "keepdims, as `sum` does.",
]


def check(ask):
    logits = np.array([[0.0, 1.0, 2.0], [3.0, -1.0, 0.5]])
    found, right = ask(logits), ask.solution(logits)
    expect(
        (found > 0).all(),
        "Some of what it returns is not positive. A power of e is, and so is "
        "a probability. (The logarithm of one is not.)",
    )
    expect(
        not close(found.sum(), 1), "All rows together sum to 1; each row should, by itself.", hint=2
    )
    expect(
        not close(found.sum(axis=0), 1), "The columns sum to 1; it is the rows that should.", hint=2
    )
    expect(
        not close(found.max(axis=1), 1),
        "The largest probability of each row is 1: what is it divided by? The row should sum to 1.",
    )
    sums = found.sum(axis=1)
    expect(close(sums, 1), f"The rows do not sum to 1, but to {apart(sums, np.ones(2))[0]}.")
    expect(
        found[0, 0] < found[0, 2],
        "The smallest number gets the largest probability: look at a sign.",
    )
    match(
        found,
        right,
        "The rows sum to 1, but from 0 to 1 to 2 a probability should grow by the "
        f"factor e, 2.718, each time. In yours these are {short(found[0])}.",
    )
    for far in (1000.0, -1000.0):
        moved = ask(logits + far)
        expect(
            np.isfinite(moved).all(),
            f"With numbers around {far:.0f} it overflows: a power of "
            "e is infinite, or all powers are 0, and their ratio is nan.",
            hint=3,
        )
        expect(
            close(moved, right),
            f"With {far:.0f} added to all numbers the probabilities should "
            "stay the same; they change.",
            hint=3,
        )
    far_apart = ask(np.array([[1000.0, 999.0], [-1000.0, -999.0]]))
    expect(
        np.isfinite(far_apart).all(),
        "Two rows, one around 1000 and one around -1000, overflow "
        "together: each row needs a number of its own that is subtracted.",
        hint=3,
    )
    wide = ask(np.array([[-1000.0, 0.0, 700.0]]))
    expect(
        np.isfinite(wide).all() and close(wide, [[0, 0, 1]]),
        "A row from -1000 to 700 overflows or loses its largest number: which number is "
        "subtracted?",
        hint=3,
    )


@st.composite
def inputs(draw):
    shape = draw(sizes()), draw(sizes(12))
    scale = draw(st.sampled_from([*MILD, WHOLE]))
    return (numbers(draw, shape, scale) + draw(st.sampled_from([0, 1000, -1000])),)
