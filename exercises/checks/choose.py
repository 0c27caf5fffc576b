import numpy as np
from hypothesis import strategies as st

from exercises.bench import expect, generators, short

HINTS = [
    "Three parts: at temperature 0 return the place of the largest logit; else keep the likeliest "
    "ones; then draw.",
    "`np.argsort` of the negative logits has the numbers of the tokens, the likeliest first. A "
    "slice keeps the first top_k of them, and with None all.",
    "`random.choice(numbers, p=probabilities)` draws. The probabilities are the softmax of the "
    "logits that are kept, each divided by the temperature, and sum to 1. Subtract the largest "
    "logit before you take powers of e.",
]
SHARES = np.array([0.15, 0.5, 0.05, 0.3])  # of the four tokens at temperature 1
DRAWS = 1500


def check(ask):
    logits = np.log(SHARES) + 2

    def draw(temperature, top_k, times=DRAWS):
        """Return how often each token is drawn, a share each."""
        tokens = ask.repeat(times, logits, temperature, top_k, np.random.default_rng(1))
        whole = all(float(token).is_integer() for token in tokens)
        expect(
            whole and min(tokens) >= 0 and max(tokens) < 4,
            "It returns something that is not the number of a token, such as "
            f"{short(max(tokens))}; with four tokens these are 0 to 3.",
            hint=3,
        )
        return np.bincount(np.array(tokens, int), minlength=4) / times

    coldest = {
        int(ask(logits, 0, top_k, np.random.default_rng(seed), free=True))
        for seed in range(20)
        for top_k in (None, 2)
    }
    expect(len(coldest) == 1, "At temperature 0 it draws: other generators give other tokens.")
    expect(
        coldest == {1},
        f"At temperature 0 it returns {coldest.pop()}, and not the number of the largest logit.",
    )
    twice = [ask(logits, 1.0, None, np.random.default_rng(3), free=True) for _ in range(20)]
    expect(
        len(set(twice)) == 1,
        "With a generator in the same state it draws another token each "
        "time: something is not drawn from `random`.",
        hint=3,
    )
    shares = draw(1.0, None)
    expect(
        shares.max() < 1, "At temperature 1 it always takes the same token; it should draw.", hint=3
    )
    expect(
        np.abs(shares - 0.25).max() > 0.06,
        "It draws all tokens equally often, whatever their logits.",
        hint=3,
    )
    expect(
        shares[1] > shares[2],
        "The likeliest token is drawn least: look at a sign, or at the order of the numbers.",
        hint=2,
    )
    expect(
        np.abs(shares - SHARES).max() < 0.06,
        "At temperature 1 the four tokens should be drawn "
        f"with the shares {short(SHARES)}. In {DRAWS} draws they are {short(shares)}.",
        hint=3,
    )
    cool, hot = draw(0.2, None), draw(2.0, None)
    expect(np.abs(cool - hot).max() > 0.05, "The temperature changes nothing.", hint=3)
    expect(
        cool[1] > hot[1],
        "The higher the temperature, the oftener the likeliest token is "
        "drawn. It should be the other way round: divide by it.",
        hint=3,
    )
    for found, temperature in ((cool, 0.2), (hot, 2.0)):
        right = SHARES ** (1 / temperature)
        right /= right.sum()
        expect(
            np.abs(found - right).max() < 0.06,
            f"At temperature {temperature} the shares are "
            f"{short(found)}, and should be {short(right)}: the logits are divided by it, "
            "before the softmax.",
            hint=3,
        )
    two = draw(1.0, 2)
    expect(
        (two > 0).sum() != 4,
        "top_k changes nothing: with 2 there are still four tokens that are drawn.",
        hint=2,
    )
    expect(
        two[0] == two[2] == 0,
        "With top_k 2 others than the two likeliest "
        f"tokens are drawn: the shares are {short(two)}.",
        hint=2,
    )
    expect(
        (two > 0).sum() == 2,
        f"With top_k 2 there are {(two > 0).sum()} tokens that are drawn.",
        hint=2,
    )
    expect(
        abs(two[1] - 0.625) < 0.06,
        "With top_k 2 the two likeliest tokens should be drawn in "
        f"the ratio 0.5 to 0.3, as before. The shares are {short(two)}.",
        hint=3,
    )
    expect(
        draw(1.0, 1, 50)[1] == 1,
        "With top_k 1 only the likeliest token is left; others are drawn.",
        hint=2,
    )
    even = np.linspace(0, 0.1, 60)  # of five draws each, less than one is left out by chance
    for top_k in (None, 50):
        drawn = {*map(int, ask.repeat(300, even, 1.0, top_k, np.random.default_rng(1)))}
        expect(
            (top_k or 60) - 9 < len(drawn) <= (top_k or 60),
            f"Of 60 tokens, nearly equally likely, only {len(drawn)} are drawn with top_k {top_k}.",
            hint=2,
        )
    rare = np.log([0.97, 0.012, 0.01, 0.008])  # of 1,500, none of the last: 6 times in a million
    counts = np.bincount(ask.repeat(DRAWS, rare, 1.0, None, np.random.default_rng(1)), minlength=4)
    expect(
        counts.all(),
        f"Tokens with the shares 0.012, 0.01 and 0.008 are drawn {short(counts[1:])} times in "
        f"{DRAWS}: a rare token is drawn now and then.",
        hint=3,
    )
    huge = np.array([5000.0, 4980.0, -5000.0, -5000.0])
    large = [ask(huge, 1.0, None, np.random.default_rng(seed), free=True) for seed in range(20)]
    expect(
        large == [0] * 20,
        "Of the logits 5000, 4980, -5000 and -5000 the first has all the probability, and another "
        "is drawn: subtract the largest logit first.",
        hint=3,
    )


@st.composite
def inputs(draw):
    size = draw(st.integers(1, 60))
    order = np.array(draw(st.permutations(range(size))), float)
    logits = order * draw(st.sampled_from([0.1, 1.0, 100.0])) - draw(st.integers(-2000, 2000))
    temperature = draw(st.sampled_from([0, 0.02, 0.1, 1.0, 5.0, 50.0]))
    return logits, temperature, draw(st.none() | st.integers(1, size)), draw(generators())


def holds(ask, logits, temperature, top_k, random):
    likeliest = np.argsort(-logits)[: 1 if temperature == 0 else top_k]
    for token in ask.repeat(5, logits, temperature, top_k, random):
        expect(
            token in likeliest,
            f"With {ask.show((logits, temperature, top_k, random))}, it returns {short(token)}; "
            f"only {short(likeliest)} can be.",
            hint=2,
        )
