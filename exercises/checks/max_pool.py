import numpy as np
from hypothesis import strategies as st

from exercises.bench import expect, match, numbers

HINTS = [
    "A loop over the rows and columns of the result will do. The square at (row, column) begins "
    "at row * size and column * size; with `//` only whole squares count.",
    "The largest value of each channel by itself: `max` can take the axes of height and width "
    "alone, and leave that of the channels.",
    "Without a loop: cut off what is left over, reshape to (rows, size, columns, size, channels), "
    "and take the largest over two of the five axes.",
]


def check(ask):
    random = np.random.default_rng(1)
    image = random.permutation(np.arange(36.0)).reshape(6, 6, 1)
    right = ask.solution(image, 2)
    squares = image.reshape(3, 2, 3, 2, 1)
    match(
        ask(image, 2),
        right,
        "With one channel and squares of 2 the result is wrong: some "
        "value is not the largest of its square.",
        [
            (
                squares.mean(axis=(1, 3)),
                "It keeps the mean of each square, and not the largest value.",
                2,
            ),
            (squares.min(axis=(1, 3)), "It keeps the smallest value of each square.", 2),
            (
                image[::2, ::2],
                "It keeps the first value of each square, and does not look at the others.",
                2,
            ),
            (squares.sum(axis=(1, 3)), "It adds up each square.", 2),
            (
                np.array([[image[r : r + 2, c : c + 2].max() for c in range(3)] for r in range(3)])[
                    ..., None
                ],
                "The squares overlap: they move by one pixel, and should lie side by side.",
            ),
            (
                image.reshape(3, 3, 2, 2, 1).max(axis=(2, 3)),
                "The squares are not squares: each is made of values that do not lie together.",
                3,
            ),
        ],
    )
    negative = ask(image - 1000, 2)
    expect(
        (negative < 0).all(),
        "Of squares with negative values only it keeps something that is "
        "not among them, such as 0.",
        hint=2,
    )
    match(
        ask(image, 3),
        ask.solution(image, 3),
        "With squares of 2 it is right, with squares of 3 it is not.",
    )
    several = random.normal(size=(6, 4, 3))
    found = ask(several, 2)
    expect(
        not (found == found[..., :1]).all(),
        "All channels of the result are equal: the largest "
        "value is to be found in each channel by itself.",
        hint=2,
    )
    match(
        found,
        ask.solution(several, 2),
        "With one channel, or a square image, it is right; with "
        "three channels of 6 x 4 values it is not. Each channel stays by itself, and height and "
        "width may differ.",
        hint=2,
    )
    over = random.normal(size=(5, 7, 2))
    match(
        ask(over, 2),
        ask.solution(over, 2),
        "With 5 rows and 7 columns and squares of 2, one of "
        "each is left over at the end, and is to be dropped. The result is wrong.",
    )
    match(
        ask(over, 3),
        ask.solution(over, 3),
        "With 5 rows and 7 columns and squares of 3, two rows and one column are left over at the "
        "end, and are to be dropped. The result is wrong.",
    )


@st.composite
def inputs(draw):
    size, scale = draw(st.integers(1, 5)), draw(st.sampled_from([None, 10_000.0]))
    height, width = (size + draw(st.integers(0, 9)) for _ in range(2))
    return numbers(draw, (height, width, draw(st.integers(1, 6))), scale), size
