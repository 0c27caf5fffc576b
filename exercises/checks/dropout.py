import numpy as np
from hypothesis import strategies as st

from exercises.bench import apart, close, expect, generators, match, numbers, short, sizes

HINTS = [
    "Two cases: in inference return x. In training draw a number for each number of x.",
    "`random.uniform` draws numbers from 0 to 1, as many as its `size` says. Each is below 0.3 "
    "with a probability of 0.3.",
    "`np.where(kept, a, b)` takes from a where kept is True, else from b. What is kept is divided "
    "by the probability of being kept.",
]


def check(ask):
    x = np.random.default_rng(1).uniform(1, 200, size=(200, 50)) * np.resize([-1, 1, 1], 50)

    def train(rate, seed=2):
        return ask(x, rate, True, np.random.default_rng(seed), free=True)

    match(
        ask(x, 0.4, False, np.random.default_rng(2)),
        x,
        "In inference the numbers should pass unchanged.",
        [
            (
                0.6 * x,
                "In inference the numbers are multiplied by 1 - rate. That is how it was once "
                "done; here training makes up for it, and inference changes nothing.",
            )
        ],
    )
    found = train(0.3)
    expect(
        found.shape == x.shape, f"In training the shape {x.shape} becomes {found.shape}.", hint=3
    )
    expect(np.isfinite(found).all(), "In training some numbers become nan or infinite.", hint=3)
    dropped = found == 0
    expect(dropped.any(), "In training nothing is dropped.", hint=2)
    expect(not dropped.all(), "In training everything is dropped.", hint=2)
    expect(dropped[x < 0].any(), "Negative numbers are never dropped.", hint=2)
    factors = (found / x)[~dropped]
    expect(
        not close(factors, 1),
        "The numbers that are kept stay as they are; they should make up "
        "for those that are dropped.",
        hint=3,
    )
    expect(
        close(factors, factors[0]),
        "The numbers that are kept should all be multiplied by one and the same factor.",
        hint=3,
    )
    share = dropped.mean()
    expect(
        not 0.65 < share < 0.75,
        "With the rate 0.3 about 0.7 of the numbers are dropped: the "
        "rate is the probability of being dropped.",
        hint=2,
    )
    expect(
        0.25 < share < 0.35, f"With the rate 0.3, {share:.2f} of the numbers are dropped.", hint=2
    )
    expect(
        close(factors[0], 1 / 0.7),
        "The numbers that are kept are multiplied by "
        f"{apart(factors[0], 1 / 0.7)[0]}. With the rate 0.3 that does not keep the expected sum "
        "the same.",
        hint=3,
    )
    expect(
        not (dropped == dropped[0]).all(),
        "Every row loses the same neurons; each number is to be dropped by itself.",
        hint=2,
    )
    expect(
        not (dropped == dropped[:, :1]).all(),
        "Rows are dropped as a whole; each number is to be dropped by itself.",
        hint=2,
    )
    for neighbours in (dropped[1:] == dropped[:-1], dropped[:, 1:] == dropped[:, :-1]):
        expect(  # 0.7 * 0.7 + 0.3 * 0.3 = 0.58 of them, by chance
            neighbours.mean() < 0.65,
            "Neighbours are dropped together; each number is to be dropped by itself.",
            hint=2,
        )
    counts = dropped.sum(axis=1)
    expect(
        counts.std() > 1,
        "Every row loses equally many numbers. Each is to be dropped by "
        "itself, so that their number varies.",
        hint=2,
    )
    expect(
        (train(0.3) == found).all(),
        "With a generator in the same state it drops other "
        "numbers: something is not drawn from `random`.",
        hint=2,
    )
    expect(
        (train(0.3, seed=5) != found).any(),
        "With another generator the same numbers are dropped: they are not drawn from `random`.",
        hint=2,
    )
    totals = {int((train(0.3, seed) == 0).sum()) for seed in range(9)}
    expect(
        len(totals) > 1,
        f"With nine generators {min(totals)} numbers are dropped each time. Each is to be dropped "
        "by itself, so that their number varies.",
        hint=2,
    )
    for rate in (0.5, 0.25, 0.07):
        share = (train(rate) == 0).mean()
        said = f"With the rate {rate}, {share:.2f} of the numbers are dropped."
        expect(abs(share - rate) < 0.025, said, hint=2)
    square = np.arange(1.0, 37.0).reshape(6, 6)
    many = ask.repeat(400, square, 0.5, True, np.random.default_rng(1))
    lost = np.array([(one == 0).ravel() for one in many], float)
    shares = lost.mean(axis=0)
    expect(
        (np.abs(shares - 0.5) < 0.2).all(),
        "In 400 arrays of 6 x 6 numbers, with the rate 0.5, the number at one place is dropped "
        f"{shares.min():.0%} of the times, that at another {shares.max():.0%}. Each has the same "
        "chance, wherever it stands and however large it is.",
        hint=2,
    )
    together = np.corrcoef(lost.T) - np.eye(36)  # by chance up to 0.2
    expect(
        np.abs(together).max() < 0.4,
        "In an array of 6 x 6 two numbers are dropped together, or always one in place of the "
        "other; each is to be dropped by itself.",
        hint=2,
    )
    match(train(0.0), x, "With the rate 0 all numbers should stay as they are.", hint=2)


@st.composite
def inputs(draw):
    x = numbers(draw, (draw(sizes(9)), draw(sizes(9))))
    return x, draw(st.integers(0, 9)) / 10, draw(st.booleans()), draw(generators())


def holds(ask, x, rate, training, random):
    found = ask(x, rate, training, random, free=True)
    kept = x / (1 - rate) if training else x
    right = close(np.where(found == 0, 0, found), np.where(found == 0, 0, kept))
    dropped = training and rate > 0
    expect(
        found.shape == x.shape and right and (dropped or close(found, x)),
        f"With {ask.show((x, rate, training, random))}, it returns {short(found)}.",
    )
