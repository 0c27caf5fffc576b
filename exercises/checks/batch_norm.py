import numpy as np
from hypothesis import strategies as st

from exercises.bench import apart, close, expect, match, numbers, sizes

RESULTS = ("answers", "moving_mean", "moving_variance")
HINTS = [
    "First decide which mean and variance count, a number for each channel: those of the batch, "
    "over its rows, or the moving ones.",
    "The formula for the answers is the same in both cases, with another mean and variance in it: "
    "subtract, divide by the root, multiply by gamma, add beta.",
    "Only in training do the moving ones change. Each keeps nearly all of what it was, and takes "
    "a hundredth of the same mean, or variance, that the answers were made with.",
]


def check(ask):
    random = np.random.default_rng(1)
    x = random.normal(3, 2, size=(8, 3))
    gamma, beta, moving_mean = random.normal(size=(3, 3)) + 2
    moving = gamma, beta, moving_mean, np.array([4.0, 9.0, 0.5])
    one, zero = np.ones(3), np.zeros(3)

    answers = ask(x, one, zero, moving[2], moving[3], True)[0]
    expect(
        np.abs(answers.mean(axis=0)).max() < 1e-5,
        "In training each channel of the answers should have "
        "the mean 0 (before beta). Is it the mean of the batch that is subtracted, and of each "
        "channel?",
    )
    deviations, right = answers.std(axis=0), np.sqrt(x.var(axis=0) / (x.var(axis=0) + 0.001))
    match(
        deviations,
        right,
        "In training each channel of the answers should have the standard deviation 1, or hardly "
        "less, {1}. It has {0}.".format(*apart(deviations, right)),
        [
            (
                x.std(axis=0) / (x.var(axis=0) + 0.001),
                "It divides by the variance; the root is missing.",
            ),
            (np.ones(3), "The 0.001 is missing under the root."),
            (
                x.std(axis=0) / (x.std(axis=0) + 0.001),
                "The 0.001 is added to the standard deviation, and not to the variance.",
            ),
            (
                x.std(axis=0) / np.sqrt(moving[3] + 0.001),
                "It divides by the moving variance, in training.",
                1,
            ),
        ],
        hint=2,
    )
    full = ask(x, *moving, True)
    expect(not close(full[0], answers), "gamma and beta are left out.", hint=2)
    match(
        full[0],
        gamma * answers + beta,
        "In training gamma and beta are not applied as they "
        "should be: multiply by gamma, then add beta.",
        [
            (answers + beta, "gamma is left out."),
            (gamma * answers, "beta is left out."),
            (gamma * (answers + beta), "beta is added before gamma multiplies."),
        ],
        hint=2,
    )
    match(
        full[1],
        0.99 * moving[2] + 0.01 * x.mean(axis=0),
        "In training the new moving mean is wrong.",
        [
            (moving[2], "In training the moving mean stays as it was."),
            (
                0.01 * moving[2] + 0.99 * x.mean(axis=0),
                "The moving mean keeps 0.01 and takes 0.99; it should be the other way round.",
            ),
            (
                x.mean(axis=0),
                "The moving mean becomes that of this batch, and forgets those before.",
            ),
        ],
        hint=3,
    )
    match(
        full[2],
        0.99 * moving[3] + 0.01 * x.var(axis=0),
        "In training the new moving variance is wrong.",
        [
            (moving[3], "In training the moving variance stays as it was."),
            (
                0.99 * moving[3] + 0.01 * x.std(axis=0),
                "The moving variance takes the standard deviation, and not the variance.",
            ),
            (
                0.01 * moving[3] + 0.99 * x.var(axis=0),
                "The moving variance keeps 0.01 and takes 0.99; it should be the other way round.",
            ),
        ],
        hint=3,
    )
    answers, mean, variance = ask(x, *moving, False)
    alone = ask(x[:1], *moving, False)[0]
    expect(
        close(alone, answers[:1]),
        "In inference the answer for a row depends on the other rows "
        "of the batch. It should come from the moving mean and variance.",
    )
    match(
        answers,
        ask.solution(x, *moving, False)[0],
        "In inference the answers are wrong: they should come from the moving mean and variance "
        "that were given.",
        [
            (
                (x - moving[2]) / np.sqrt(moving[3] + 0.001),
                "In inference gamma and beta are left out.",
                2,
            ),
            (x, "In inference nothing is normalized.", 2),
        ],
    )
    expect(
        close(mean, moving[2]) and close(variance, moving[3]),
        "In inference the moving mean or variance changes. Only training may do that.",
        hint=3,
    )


@st.composite
def inputs(draw):
    rows, channels = draw(sizes(12)), draw(sizes(far=7))
    x, gamma, beta, mean = (numbers(draw, shape) for shape in ((rows, channels), *[channels] * 3))
    variance = np.abs(numbers(draw, channels)) + 0.1
    return x, gamma, beta, mean, variance, draw(st.booleans())
