import numpy as np
from hypothesis import strategies as st

from exercises.bench import close, expect, match

RESULTS = ("rate", "beyond")
HINTS = [
    "First put inf in the place of each loss that is not a number: `np.where(np.isfinite(losses), "
    "losses, np.inf)`. Then a median takes care of runs that diverged.",
    "`np.median(losses, axis=1)` has a number for each rate. `rates[medians == medians.min()]` are "
    "the rates that share the lowest one; take the lowest of them.",
    "Whether to go on beyond the best rate is a question about rates, and not about their places: "
    "compare it with `rates.min()` and `rates.max()`.",
]
FOUR = np.array([0.001, 0.003, 0.01, 0.03])


@st.composite
def inputs(draw):
    """Draw legal arguments: losses in quarters or smaller parts, so that medians are exact."""
    count, seeds = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    steps = draw(st.lists(st.integers(-9, 1), min_size=count, max_size=count, unique=True))
    least = draw(st.sampled_from([0, 0, 1000]))
    quarters = st.integers(least, least + draw(st.sampled_from([3, 40])))
    part = draw(st.sampled_from([4, 4096]))
    loss = st.one_of(quarters.map(lambda n: n / part), st.sampled_from([np.nan, np.inf]))
    losses = draw(st.lists(loss, min_size=count * seeds, max_size=count * seeds))
    return 3.0 ** np.array(steps), np.array(losses, float).reshape(count, seeds)


def check(ask):
    check_one_run(ask)
    check_order(ask)
    check_seeds(ask)
    check_diverged(ask)
    same = np.array([[0.5], [0.3], [0.3], [0.3], [0.4]])
    match(
        ask(np.array([0.01, 0.003, 0.001, 0.03, 0.0003]), same)[0],
        0.001,
        "Three rates have the same median. It should take the lowest of these rates, wherever it "
        "stands.",
        hint=2,
    )
    nothing = ask(FOUR[[1, 0, 3, 2]], np.array([[np.nan], [np.inf], [np.nan], [np.nan]]))
    match(
        nothing[0],
        0.001,
        "If all runs diverged all medians are inf, and equal: the lowest rate should be taken.",
        hint=2,
    )
    expect(nothing[1], "If all runs diverged the sweep should go on, at lower rates.", hint=3)
    alone = ask(np.array([0.01]), np.array([[0.3, 0.4]]))
    expect(close(alone, (0.01, True)), "A single rate is the lowest and the highest, too.", hint=3)


def check_one_run(ask):
    """The rates in their order, and a single run of each."""
    rate, beyond = ask(FOUR, np.array([[0.5], [0.25], [0.3], [0.4]]))
    match(
        rate,
        0.003,
        "With one run of each rate it should take the rate of the lowest loss.",
        [
            (1, "It returns the place of the best rate; the rate itself is asked for."),
            (0.25, "It returns the lowest loss; the rate that has it is asked for."),
            (0.001, "It takes the rate with the highest loss, or the lowest of the rates."),
            (0.03, "It takes the highest rate, whatever the losses are."),
        ],
        hint=2,
    )
    expect(
        not beyond,
        "The best of four rates is the second, and it says that the sweep should go on beyond it: "
        "there is a worse one on either side.",
        hint=3,
    )
    for place, name in ((0, "lowest"), (3, "highest")):
        losses = np.array([[0.5], [0.6], [0.7], [0.5]])
        losses[place] = 0.2
        rate, beyond = ask(FOUR, losses)
        match(rate, FOUR[place], f"The {name} rate has the lowest loss, and is not taken.", hint=2)
        expect(
            beyond,
            f"The best rate is the {name}: a still better one may lie beyond it, and it says that "
            "the sweep is done.",
            hint=3,
        )


def check_order(ask):
    """The rates in another order."""
    mixed = np.array([0.003, 0.03, 0.001, 0.01])
    rate, beyond = ask(mixed, np.array([[0.2], [0.5], [0.6], [0.4]]))
    match(
        rate,
        0.003,
        "If the rates come in another order it is wrong: row i of the losses belongs to rates[i].",
        hint=2,
    )
    expect(
        not beyond,
        "The rates may come in any order. If the best comes first, but there are a lower and a "
        "higher one, the sweep is done.",
        hint=3,
    )
    for place, name in ((1, "highest"), (2, "lowest")):
        losses = np.array([[0.5], [0.6], [0.7], [0.5]])
        losses[place] = 0.2
        expect(
            ask(mixed, losses)[1],
            f"The rates may come in any order: here the best one is the {name} of all, though not "
            "the first or last in the list, and it says that the sweep is done.",
            hint=3,
        )


def check_seeds(ask):
    """Several runs of each rate."""
    table = np.array([
        [5, 4.1, 4.1, 4.1, 4.1],  # the lowest mean
        [6, 1, 6, 6, 6],  # the lowest loss
        [40, 4, 4, 3, 4],  # the lowest median
        [4.5, 4.5, 4.5, 4.5, 4.5],  # the lowest of the worst
        [4.2, 7, 2, 7, 7],
    ])  # fmt: skip
    match(
        ask(np.array([0.001, 0.003, 0.01, 0.03, 0.1]), table)[0],
        0.01,
        "With several runs of each rate it is wrong: it should compare the medians of the rows.",
        [
            (0.001, "It compares the means, which one bad run can spoil; compare the medians."),
            (
                0.003,
                "It takes the rate of the lowest loss of all runs, which may be luck; compare the "
                "medians.",
            ),
            (0.03, "It compares the worst runs of the rates; compare the medians."),
        ],
        hint=2,
    )
    even = np.array([[5, 5, 5, 5], [1, 3.4, 3.4, 9], [1, 2.9, 3.5, 9], [0, 2, 6, 7]])
    match(
        ask(FOUR, even)[0],
        0.01,
        "With four runs the median is the mean of the two in the middle, and not one of the two.",
        hint=2,
    )


def check_diverged(ask):
    """Runs with nan or inf."""
    one = np.array([[0.5, 0.5, 0.5], [0.4, 0.4, 0.4], [0.3, 0.2, 0.1], [0.6, 0.6, 0.6]])
    for lost in (np.nan, np.inf):
        bad = one.copy()
        bad[3, 0] = lost
        match(
            ask(FOUR, bad)[0],
            0.01,
            f"One of three runs of a bad rate has the loss {lost}, and it does not take the best "
            "of the others.",
            [
                (
                    0.03,
                    f"One of three runs of a bad rate has the loss {lost}, and it takes this rate. "
                    "(For numpy the median of numbers and nan is nan, and argmin takes nan for the "
                    "lowest.)",
                ),
            ],
            hint=1,
        )
        table = one.copy()
        table[2, 0] = lost
        match(
            ask(FOUR, table)[0],
            0.01,
            f"One of three runs of the best rate has the loss {lost}. The median of that and two "
            "numbers is the higher of the two, so the rate stays the best, and is not taken.",
            hint=1,
        )
        table[2, 1] = lost
        match(
            ask(FOUR, table)[0],
            0.003,
            f"Of three runs of a rate two have the loss {lost}: most diverged. It takes another "
            "rate than the best of the others.",
            [
                (
                    0.01,
                    f"Of three runs of a rate two have the loss {lost}, and it still takes this "
                    "rate. A run that diverged is not left out: it is worse than any other.",
                ),
            ],
            hint=1,
        )
    halves = np.array([[5, 6], [3, 4], [1, np.nan], [2, np.inf]])
    match(
        ask(FOUR, halves)[0],
        0.003,
        "If one of two runs diverged the median is inf: the mean of a number and inf. It takes "
        "such a rate, or the wrong one of the others.",
        hint=1,
    )
    large = np.array([[5e6, np.nan], [4e6, 4.5e6], [6e6, 6e6], [np.inf, np.inf]])
    match(
        ask(FOUR, large)[0],
        0.003,
        "Losses may be some millions, and a run that diverged is still worse than these.",
        hint=1,
    )
