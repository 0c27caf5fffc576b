import numpy as np
from hypothesis import strategies as st

from exercises.bench import WHOLE, close, expect, match, numbers, short

HINTS = [
    "Cut x into its halves: `first, second = x[:, :half], x[:, half:]`. A pair has the same column "
    "in both, so two lines turn all pairs at once.",
    "`places[:, None] * speeds` has a row for each token and a column for each pair. The speeds "
    "are 10000 ** (-i / half), for i from 0 to half - 1: 1 for the first pair, then ever less.",
    "The new first half is `first * cos - second * sin`, the new second half `second * cos + first "
    "* sin`, made of the old first half; `np.concatenate` puts them side by side.",
]


@st.composite
def inputs(draw):
    """Draw legal arguments."""
    tokens, size = draw(st.integers(1, 5)), 2 * draw(st.integers(1, 4))
    places = draw(st.lists(st.integers(0, 30), min_size=tokens, max_size=tokens))
    return numbers(draw, (tokens, size), draw(st.sampled_from([0.01, 0.1, WHOLE]))), np.array(
        places
    )


def check(ask):
    check_turn(ask)
    check_pairs(ask)
    random = np.random.default_rng(1)
    x, places = random.normal(size=(4, 6)), np.array([5, 2, 9, 4])
    right = ask.solution(x, places)
    match(
        ask(x, places),
        right,
        "Each token alone is turned rightly. Of four at the places 5, 2, 9 and 4 some are not.",
        [
            (
                ask.solution(x, np.arange(4)),
                "It turns the tokens by the number of their row in x, and not by `places`.",
            ),
            (ask.solution(x, places - places[0]), "It counts the places from that of the first."),
            (
                ask.solution(x, np.sort(places)),
                "It sorts the places; each belongs to the token in the same row.",
            ),
            (ask.solution(x, np.repeat(5, 4)), "It turns all tokens by the place of the first."),
        ],
        hint=2,
    )
    distant = np.array([127, 128, 2049, 5000])
    expect(
        np.allclose(ask(x, distant), ask.solution(x, distant), atol=0.02),  # in 32 bits, too
        "At the places 127, 128, 2049 and 5000 tokens are not turned as they are at lower ones: a "
        "text may be long.",
        hint=2,
    )
    far = ask(x, places + 50)
    expect(
        close(far @ far.T, right @ right.T),
        "Moved by 50 places the tokens should match each other as before: only how far apart they "
        "are counts. Here their products change.",
        hint=2,
    )


def check_turn(ask):
    """A single pair."""
    pair, (cos, sin) = np.array([[3.0, 4.0]]), (np.cos(1), np.sin(1))
    found = ask(pair, np.array([0]))
    match(
        found,
        pair,
        "At place 0 the angle is 0, and a token should stay as it is. Of the numbers 3 and 4 it "
        f"makes {short(found[0])}.",
        [
            (pair[:, ::-1], "At place 0 a token should stay as it is; its halves change places."),
            (
                ask.solution(pair, np.array([1])),
                "At place 0 it turns by the angle of place 1: places count from 0.",
            ),
        ],
        hint=2,
    )
    found = ask(pair, np.array([1]))
    straight, crossed = pair[0] * cos, pair[0, ::-1] * sin
    degrees = np.pi / 180
    match(
        found,
        straight + crossed * [-1, 1],
        "A single pair, 3 and 4, at place 1 is turned by the angle 1. It should become 3 cos 1 - 4 "
        f"sin 1 and 4 cos 1 + 3 sin 1, and becomes {short(found[0])}.",
        [
            (
                straight + crossed * [1, -1],
                "It turns the wrong way: the minus belongs to the first half.",
            ),
            (straight + crossed, "Nothing is subtracted: the first half is a cos - b sin."),
            (straight - crossed, "In the second half a sin is added, and here it is subtracted."),
            (
                [straight[0] - crossed[0], straight[1] + (straight[0] - crossed[0]) * sin],
                "The second half is made of the new first half; it should be made of the old one.",
            ),
            (
                pair[0] * np.cos(degrees) + [-4 * np.sin(degrees), 3 * np.sin(degrees)],
                "It takes the angle for degrees; it is in radians, as numpy's cos and sin want it.",
            ),
            (straight, "The sines are left out: a pair becomes shorter, and is not turned."),
            (
                pair,
                "At place 1 it leaves a single pair as it is. Is the angle made of `places`, or of "
                "the number of the row in x?",
            ),
            (
                pair[0] + np.array([-4, 3]) * 1e-4,
                "The first pair has the speed 1, at whatever size; the pairs count from 0.",
            ),
            (pair[0] * [cos, sin], "It multiplies a by cos and b by sin, and mixes nothing."),
            (pair[0] + [sin, cos], "It adds sine and cosine, as older networks add positions; here "
             "pairs are turned."),
        ],
        hint=3,
    )  # fmt: skip
    twice = ask(pair, np.array([2]))
    match(
        twice,
        ask.solution(pair, np.array([2])),
        "At place 1 a pair is turned rightly, and at place 2 not by twice the angle.",
        hint=2,
    )


def check_pairs(ask):
    """Which numbers are a pair, and by what angle each pair is turned."""
    partners = []
    for column in range(6):
        found = ask(np.eye(6)[[column]], np.array([1]))[0]
        partners.append(np.flatnonzero(np.abs(found) > 1e-9))
    for column, pair in enumerate(partners):
        expect(
            len(pair) == 2,
            f"Of 6 numbers only number {column} is not 0. After a turn two should not be, those of "
            f"its pair; here {len(pair)} are not.",
        )
    apart = [[*pair] for pair in partners] == [[0, 3], [0, 3], [1, 4], [1, 4], [2, 5], [2, 5]]
    expect(
        [*partners[0]] != [0, 1] and not apart,
        "It makes pairs of neighbours, as some books do. Here number i of the first half and "
        "number i of the second half are a pair.",
    )
    for column, pair in enumerate(partners):
        expect(
            [*pair] == [column % 3, column % 3 + 3],
            f"Of 6 numbers, counted from 0, only number {column} is not 0. Its pair are the "
            f"numbers {column % 3} and {column % 3 + 3}, and after a turn {pair[0]} and {pair[1]} "
            "are not 0.",
        )
    found = ask(np.array([[1.0, 1, 1, 0, 0, 0]]), np.array([1]))[0]
    angles, number = np.arctan2(found[3:], found[:3]), np.arange(3)
    match(
        angles,
        10_000 ** (-number / 3),
        "Three pairs at place 1 should be turned by the angles 1, 0.0464 and 0.0022. They are "
        f"turned by {short(angles)}.",
        [
            (np.ones(3), "All pairs are turned by the same angle; the second should be slower."),
            (
                10_000 ** (-number / 6),
                "The exponent is -i / size: the slowest pair is too fast. It should be -i / half.",
            ),
            (
                10_000 ** (-2 * number / 3),
                "The exponent is -2 i / half; it should be -i / half.",
            ),
            (10_000 ** (-number / 2), "The exponent ends at -1, and should end before: -i / half."),
            (
                10_000 ** (-number[::-1] / 3),
                "The first pair is the slowest; it should be the last.",
            ),
            (1_000 ** (-number / 3), "The speeds are powers of 1000; they should be of 10000."),
            (1 - number / 3, "The speeds fall in equal steps; they are powers of 10000."),
            (
                np.angle(np.exp(1j * 10_000 ** (number / 3))),
                "Each pair is turned faster than the one before: the exponent lacks its minus.",
            ),
        ],
        hint=2,
    )
