import numpy as np
from hypothesis import strategies as st

from exercises.bench import close, expect, match, numbers

HINTS = [
    "Begin with an array of zeros of the right shape, and fill it place by place, with a loop "
    "over rows in a loop over columns.",
    "At each place cut out what the window sees: `size` rows and `size` columns, with all "
    "channels. The first row is the row of the map times the stride, the first column the same.",
    "What it sees has the shape (size, size, channels), as each filter has. Multiply and add up "
    "everything, then add the bias. `np.tensordot` does it for all filters at once, if you name "
    "how many axes it adds up over.",
]


def check(ask):
    random = np.random.default_rng(1)
    image = random.normal(size=(6, 6, 1))
    kernels = random.normal(size=(3, 3, 1, 1))
    right = ask.solution(image, kernels, np.zeros(1), 1)
    match(
        ask(image, kernels, np.zeros(1), 1),
        right,
        "With one channel, one filter and stride 1 the map is wrong. At each place, every pixel "
        "of the window is multiplied by its own weight, and all of it is added up.",
        [
            (
                ask.solution(image, kernels[::-1, ::-1], np.zeros(1), 1),
                "The kernel is turned around, as mathematicians do. Here it lies on the window "
                "as it is.",
            ),
            (
                ask.solution(image, kernels.transpose(1, 0, 2, 3), np.zeros(1), 1),
                "Rows and columns of the kernel have changed places.",
            ),
            (right / 9, "It takes the mean over the window; the products are added up."),
            (
                np.maximum(right, 0),
                "Negative values are cut off: relu comes after a convolution, and is not part of "
                "it.",
            ),
            (right.transpose(1, 0, 2), "Rows and columns of the map have changed places.", 2),
            (np.trunc(right), "Only whole numbers are left in the map: see its dtype.", 1),
        ],
        hint=3,
    )
    moved = ask(image, kernels, np.array([5.0]), 1) - right
    expect(not close(moved, 0), "The bias is left out.", hint=3)
    expect(
        not close(moved, 45),
        "The bias is added to each pixel of the window; it is added once.",
        hint=3,
    )
    expect(close(moved, 5), "The bias should be added to each value of the map, once.", hint=3)
    match(
        ask(image, kernels, np.zeros(1), 2),
        right[::2, ::2],
        "With stride 2 the map should be every second row and column of that with stride 1.",
        [
            (
                right[:2, :2],
                "With stride 2 the window still moves by one pixel; there are only fewer places.",
            )
        ],
        hint=2,
    )
    image = random.normal(size=(5, 7, 1))
    match(
        ask(image, kernels, np.zeros(1), 2),
        ask.solution(image, kernels, np.zeros(1), 2),
        "With a square image it is right, with one of 5 x 7 pixels and stride 2 it is not.",
        hint=2,
    )
    image, kernels = random.normal(size=(5, 6, 3)), random.normal(size=(2, 2, 3, 4))
    match(
        ask(image, kernels[..., :1], np.zeros(1), 1),
        ask.solution(image, kernels[..., :1], np.zeros(1), 1),
        "With one channel it is right, with three it is not: what the kernels "
        "find in the channels is added up, each channel with its own kernel.",
        [
            (
                ask.solution(image[..., :1], kernels[:, :, :1, :1], np.zeros(1), 1),
                "Only the first channel is looked at.",
            )
        ],
        hint=3,
    )
    match(
        ask(image, kernels, np.arange(4.0), 1),
        ask.solution(image, kernels, np.arange(4.0), 1),
        "With one filter it is right, with four it is not: each filter makes a map of its own, "
        "with its own bias.",
        hint=3,
    )


@st.composite
def inputs(draw):
    size, stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    channels, filters = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    height, width = (size + draw(st.integers(0, 5)) for _ in range(2))
    shapes = (height, width, channels), (size, size, channels, filters), (filters,)
    return *(numbers(draw, shape) for shape in shapes), stride
