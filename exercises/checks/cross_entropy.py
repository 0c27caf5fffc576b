import numpy as np
from hypothesis import strategies as st

from exercises.bench import expect, match, short, sizes

HINTS = [
    "What did the network give to the right answer? The prediction where the target is 1; where "
    "it is 0, what is left to 1.",
    "`np.where(condition, a, b)` chooses between two arrays, number by number. `np.log` is ln, "
    "below 0 for a probability, and `np.mean` counts each example once.",
    "`np.clip(predictions, low, high)` moves what is outside to the border. Do it first.",
]


def check(ask):
    ones, zeros = np.ones(2), np.zeros(2)
    match(
        ask(ones, np.array([0.9, 0.9])),
        -np.log(0.9),
        "With the target 1 and the prediction 0.9, twice, the loss should be -ln 0.9 = 0.105. It "
        "is something else.",
        [
            (
                np.log(0.9),
                "The loss is negative: ln of a probability is below 0, so a minus belongs before "
                "it.",
                2,
            ),
            (
                -np.log10(0.9),
                "That is a logarithm of another base: the cross-entropy takes the natural one, ln.",
                2,
            ),
            (
                -np.log2(0.9),
                "That is a logarithm of base 2: the cross-entropy takes the natural one, ln.",
                2,
            ),
            (0.01, "That is the squared error, and not a logarithm.", 2),
            (-2 * np.log(0.9), "The losses are added up; their mean is asked for.", 2),
            (
                -np.log(0.1),
                "With the target 1 and the prediction 0.9 the right answer got 0.9. The loss is "
                "that of 0.1: 0 and 1 are mixed up.",
            ),
        ],
    )
    match(
        ask(zeros, np.array([0.2, 0.2])),
        -np.log(0.8),
        "With the target 0 and the prediction 0.2 the right answer got 0.8, so the loss should be "
        "-ln 0.8 = 0.223. It is not.",
        [
            (0.0, "Examples whose target is 0 do not count in the loss."),
            (
                -np.log(0.2),
                "With the target 0 and the prediction 0.2 the right answer, no, got 0.8. The loss "
                "is that of 0.2.",
            ),
        ],
    )
    small = np.array([1.0]), np.array([1e-4])
    match(
        ask(*small),
        ask.solution(*small),
        "A prediction of 0.0001 is moved, too; only what is within 1e-7 of 0 or 1 should be.",
        hint=3,
    )
    close_to = zeros + 1e-12
    for targets, predictions in [
        *[(ones, zeros), (zeros, ones), (ones, ones), (zeros, zeros)],
        *[(ones, close_to), (zeros, 1 - close_to), (ones.astype(int), zeros.astype(int))],
    ]:
        loss = ask(targets, predictions, free=True)  # 1e-7 may also have been added
        expect(
            np.isfinite(loss),
            f"For the target {targets[0]:.0f} and a prediction of {short(predictions[0])} the loss "
            f"is {loss}: some logarithm is infinite.",
            hint=3,
        )
        right = ask.solution(targets, predictions)
        expect(
            abs(loss - right) < 0.01 or abs(loss - 15.942) < 0.01 < right,  # the second in 32 bits
            f"For a prediction of {short(predictions[0])} the loss is {loss:.2f}, and not what "
            "comes from moving it to within 1e-7 of 0 or 1.",
            hint=3,
        )
    mixed = np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.4])
    match(
        ask(*mixed),
        ask.solution(*mixed),
        "Examples with the target 1 alone are right, those "
        "with 0 alone, too. Mixed they are not: each counts once in the mean.",
        hint=2,
    )


@st.composite
def inputs(draw):
    size = draw(sizes(12))
    targets = draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=size, max_size=size))
    shares = draw(st.lists(st.integers(1, 999), min_size=size, max_size=size))
    return np.array(targets), np.array(shares) / 1000
