import numpy as np
from hypothesis import strategies as st

from exercises.bench import apart, expect, match, numbers

RESULTS = ("weights", "mean", "square")
HINTS = [
    "Four lines, as in the chapter: the new mean, the new mean of the squares, the rate, and the "
    "new weights from these three. What a running mean keeps and what it takes sum to 1.",
    "The step goes downhill: the rate times the new mean, divided by the root of the new mean of "
    "the squares. The 1e-7 stands beside the root, and not under it.",
    "Both means start at 0 and are too small at first. Of the mean, 0.9 is missing after step 1, "
    "0.9 * 0.9 after step 2, and so on; of that of the squares 0.999, then 0.999 * 0.999. Divide "
    "each by what is there, 1 minus that: the squares under their root.",
]


def check(ask):
    random = np.random.default_rng(1)
    weights, gradient, mean = random.normal(size=(3, 3)) * [[1], [1e4], [1e4]]
    square = random.uniform(0.5e8, 2e8, size=3)
    for step in (1, 7):
        found, new_mean, new_square = ask(weights, gradient, mean, square, step, 0.01)
        match(
            new_mean,
            0.9 * mean + 0.1 * gradient,
            "`mean` is wrong: it keeps nine tenths of what it was and takes one tenth of the "
            "gradient.",
            [
                (
                    0.1 * mean + 0.9 * gradient,
                    "`mean` keeps one tenth and takes nine; it should be the other way round.",
                ),
                (0.1 * gradient, "`mean` forgets the gradients before this one."),
                (
                    (0.9 * mean + 0.1 * gradient) / (1 - 0.9**step),
                    "`mean` is corrected for its start at 0 already. Correct only the step, or "
                    "the next call corrects it again.",
                    3,
                ),
            ],
        )
        match(
            new_square,
            0.999 * square + 0.001 * gradient**2,
            "`square` is wrong: it keeps 0.999 of what it was and takes 0.001 of the squared "
            "gradient.",
            [
                (
                    0.999 * square + 0.001 * gradient,
                    "`square` takes the gradient itself, and not its square.",
                ),
                (
                    0.9 * square + 0.1 * gradient**2,
                    "`square` keeps 0.9, as the mean does; it should keep 0.999.",
                ),
                (
                    0.999 * square + 0.001 * new_mean**2,
                    "`square` takes the square of the mean, and not that of the gradient.",
                ),
                (
                    (0.999 * square + 0.001 * gradient**2) / (1 - 0.999**step),
                    "`square` is corrected for its start at 0 already. Correct only the step, or "
                    "the next call corrects it again.",
                    3,
                ),
            ],
        )
        by_mean, root = 1 - 0.9**step, np.sqrt(1 - 0.999**step)
        plain = 0.01 * new_mean / np.sqrt(new_square)
        right = root / by_mean * plain
        moves, should = apart(found[0] - weights[0], -right[0])
        match(
            weights - found,
            right,
            "`mean` and `square` are right, the step that is made of "
            f"them is not: the first weight moves by {moves}, and should move by {should}.",
            [
                (-right, "The step goes uphill.", 2),
                (
                    plain,
                    "The step is not corrected for the means having started at 0: the first steps "
                    "come out wrong.",
                ),
                (
                    plain / by_mean,
                    "Only the mean is corrected for its start at 0, not the mean of the squares.",
                ),
                (
                    plain * root,
                    "Only the mean of the squares is corrected for its start at 0, not the mean.",
                ),
                (
                    right / np.sqrt(new_square),
                    "The root is missing: the step divides by the mean square itself.",
                    2,
                ),
                (
                    right / np.sqrt(new_square) * root,
                    "The root is missing: the step divides by the corrected mean square itself.",
                    2,
                ),
                (
                    right / new_mean * gradient,
                    "The step is made of this gradient alone, and not of the running mean.",
                    2,
                ),
                (100 * right, "The learning rate is left out.", 2),
                *(
                    (
                        0.01 * one / np.sqrt(two) * root / by_mean,
                        "The step is made of the old means; first bring them up to date.",
                        2,
                    )
                    for one in (mean, new_mean)
                    for two in (square, new_square)
                ),
                *(
                    (
                        plain * np.sqrt(1 - 0.999**other) / (1 - 0.9**other),
                        f"Step {step} is corrected for the start at 0 as if it were step {other}.",
                    )
                    for other in (1, step - 1, step + 1)
                ),
                *(
                    (
                        0.01 * np.sign(one),
                        "Only the signs are left in the step: it divides by the size of what "
                        "stands above, and not by the root of the running mean of the squares.",
                        2,
                    )
                    for one in (gradient, new_mean)
                ),
                *(
                    (
                        right * np.sqrt(new_square / one),
                        "All weights are divided by one and the same root; each has a mean of its "
                        "squares of its own.",
                        2,
                    )
                    for one in (new_square.mean(), new_square.sum(), new_square.max())
                ),
            ],
            hint=3,
        )
    zeros = np.zeros(2)
    at_rest = ask(zeros, zeros, zeros, zeros, 1, 0.1)[0]
    expect(
        np.isfinite(at_rest).all(),
        "If all gradients were 0, it divides 0 by 0: the 1e-7 is "
        "missing, or under the fraction's line it does not help.",
        hint=2,
    )
    tiny = ask(zeros, zeros + 1e-4, zeros, zeros, 1, 0.1, free=True)[0]
    expect(
        np.allclose(tiny, -0.1, rtol=0.2),
        "With a gradient of 0.0001 the first step should "
        "still be about as long as the learning rate: what is added to the root is too large, "
        "or is added under it.",
        hint=2,
    )
    expect(
        (np.abs(tiny) <= 0.1).all(),
        "With a gradient of 0.0001 the first step is longer than the learning rate: what is added "
        "to the root makes a step shorter, never longer.",
        hint=2,
    )
    roots = np.sqrt(1e-11), 1e-4  # of the mean square, as it is and corrected
    expect(
        any(np.allclose(tiny, -0.1 * root / (root + 1e-7), rtol=1e-4) for root in roots),
        "The first step with a gradient of 0.0001 shows that something other than 1e-7 is added to "
        "the root.",
        hint=2,
    )


@st.composite
def inputs(draw):
    size = draw(st.integers(1, 8))
    weights = numbers(draw, size)
    gradient, mean = numbers(draw, size, 100.0), numbers(draw, size, 100.0)
    square = np.square(np.abs(numbers(draw, size, 100.0)) + 50)  # so that 1e-7 does not matter
    rate = draw(st.sampled_from([0.001, 0.01, 0.5]))
    return weights, gradient, mean, square, draw(st.integers(1, 50)), rate
