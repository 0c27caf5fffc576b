from hypothesis import strategies as st

from exercises.bench import expect, match

RESULTS = ("last", "best")
HINTS = [
    "Go through the losses with `enumerate`, which can count from 1, and remember the epoch with "
    "the lowest loss so far. The first is the lowest so far, whatever it is.",
    "The epochs without a new lowest loss are those since the best one. A new best begins a new "
    "count.",
    "Look for a new best first, then whether patience has run out; if so, return both numbers at "
    "once. After the loop nothing has stopped the training.",
]


def check(ask):
    last, best = ask([0.5, 0.4, 0.3], 9)
    match(
        last,
        3,
        "The loss falls in each of three epochs, so all three are trained. It says that "
        f"the last one is {last}.",
        [(2, "Epochs count from 1, and it counts from 0.", 1)],
        hint=3,
    )
    match(
        best,
        3,
        f"The loss falls in each of three epochs, so the third is the best. It says {best}.",
        [(2, "The best epoch is the one with the lowest loss, and counts from 1; it says 2.")],
    )
    last, best = ask([0.5, 0.4, 0.45, 0.46, 0.47, 0.48, 0.49, 0.3], 3)
    match(
        last,
        5,
        f"With patience 3, and the best epoch 2, training ends after epoch 5. It says {last}.",
        [
            (8, "Training never stops before the list ends."),
            (6, "It stops one epoch too late: patience 3 waits for three epochs."),
            (4, "It stops one epoch too early: patience 3 waits for three epochs."),
            (3, "It stops at the first epoch that is not better; patience waits for more."),
        ],
        hint=2,
    )
    match(
        best,
        2,
        f"The best epoch is 2, and it says {best}.",
        [
            (8, "The best epoch comes after the end: training has never seen it.", 3),
            (5, "The best epoch is not the last one that was trained."),
        ],
    )
    last, best = ask([0.5, 0.4, 0.45, 0.46, 0.47, 0.3, 0.35], 4)
    match(
        last,
        7,
        "With patience 4 the new lowest loss in epoch 6 comes just in the fourth epoch "
        f"of waiting. That goes on; it says that the last epoch is {last}.",
        hint=3,
    )
    match(best, 6, f"The lowest loss of all is that of epoch 6, and was reached. It says {best}.")
    last, best = ask([0.5, 0.4, 0.45, 0.3999, 0.45, 0.3998, 0.45, 0.3997], 2)
    match(
        last,
        8,
        "Each second epoch has a new lowest loss, if only by 0.0001, so patience 2 never runs out. "
        f"It says that training ends after epoch {last}: the waiting must begin anew each time.",
        hint=2,
    )
    last, best = ask([0.5, 0.3, 0.6, 0.5, 0.4, 0.35], 3)
    match(
        last,
        5,
        "After the lowest loss in epoch 2 the loss falls again, but not below it: that "
        f"is no new lowest. Patience 3 ends in epoch 5, and it says {last}.",
    )
    last, best = ask([0.5, 0.4, 0.4, 0.4, 0.3], 2)
    match(
        last,
        4,
        f"The same loss again is not a new lowest one; it says that the last epoch is {last}.",
    )
    match(best, 2, f"Of epochs with the same loss the first is the best; it says {best}.")
    expect(tuple(ask([0.5], 1)) == (1, 1), "With a single epoch both numbers are 1.", hint=3)
    rising = ask([0.1, 0.2, 0.3, 0.4], 1)
    expect(
        tuple(rising) == (2, 1),
        "If the loss only rises, patience 1 ends training after epoch "
        f"2, and epoch 1 is the best; it says {tuple(rising)}.",
        hint=2,
    )
    large = tuple(ask([2930.0, 230.0, 190.0, 150.0], 2))
    expect(
        large == (4, 4),
        "A loss may be far above 1, and the first is always the lowest so far. If 2930 falls to "
        f"150 in four epochs, training goes on, and the last is the best; it says {large}.",
    )


@st.composite
def inputs(draw):
    tenths = draw(st.lists(st.integers(-10, 30), min_size=1, max_size=30))
    scale = draw(st.sampled_from([1, 0.01, 100]))
    return [tenth / 10 * scale for tenth in tenths], draw(st.integers(1, 12))
