import numpy as np
from hypothesis import strategies as st

from exercises.bench import MILD, close, expect, match, numbers, short

RESULTS = ("taken", "keys", "values")
HINTS = [
    "First let the cache grow, then look: `np.vstack([keys, key])` puts the new key under the old "
    "ones, also if there are none. The values likewise.",
    "`keys @ query / np.sqrt(len(query))` has a number for each token, the new one included. There "
    "is one query, so there is one row of matches, and no mask: nobody stands later.",
    "Subtract the largest match, take the powers of e, divide by their sum; the shares @ values "
    "are what the token takes. The keys and values that you return are the grown ones.",
]


@st.composite
def inputs(draw):
    """Draw legal arguments; large matches are equal or far apart, so that float32 will do."""
    known, size, other = draw(st.integers(0, 12)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    scale = draw(st.sampled_from(MILD))
    query, key, keys = (numbers(draw, shape, scale) for shape in [size, size, (known, size)])
    if draw(st.booleans()):
        query, key, keys = 100 * np.round(query), np.round(key), np.round(keys)
    else:
        query = query / 10
    value, values = numbers(draw, (other,), 0.1), numbers(draw, (known, other), 0.1)
    if draw(st.booleans()):
        keys, values = (np.round(10 * kept).astype(int) for kept in (keys, values))
    return query, key, value, keys, values


def check(ask):
    check_cache(ask)
    random = np.random.default_rng(1)
    query, key, keys = (random.normal(size=size) for size in (16, 16, (4, 16)))
    marks = np.eye(7)[:5]  # of which each token has one, so that what is taken are the shares
    shares = ask(query, key, marks[4], keys, marks[:4])[0]
    check_shares(shares[:5], query, key, np.vstack([keys, key]))
    values = random.normal(size=(5, 3))
    taken, *_ = ask(query, key, values[4], keys, values[:4])
    match(
        taken,
        shares[:5] @ values,
        "The shares are right, the mixture is not: each value by its share, all added up.",
        hint=3,
    )
    first = ask(query, key, values[4], keys[:0], values[:0])[0]
    match(first, values[4], "The first token can look at itself only: it takes its own value.")
    large = ask(3000 * query, key, values[4], keys, values[:4])[0]
    expect(
        np.isfinite(large).all(),
        "With large matches the softmax overflows: subtract the largest match first.",
        hint=3,
    )
    check_text(ask, random.normal(size=(3, 6, 2)))


def check_cache(ask):
    """What is kept, and who is looked at, if all keys match equally."""
    key, value = np.array([3.0, 4.0]), np.array([5.0, 1.0, 2.0])
    before = np.array([[1.0, 2.0], [5.0, 6.0]]), np.array([[7.0, 1.0, 0.0], [9.0, 4.0, 1.0]])
    query = np.array([0.5, -0.5])
    taken, keys, values = ask(query, key, value, *before)
    expect(
        not close(keys[-1], query),
        "The query is kept; it is of use for this token alone. It is the key that is kept.",
    )
    for found, old, new, name in (
        (keys, before[0], key, "key"),
        (values, before[1], value, "value"),
    ):
        match(
            found,
            np.vstack([old, new]),
            f"The {name}s that it returns should be the old ones, and the new {name} as the last "
            "row.",
            [
                (np.vstack([new, old]), f"The new {name} comes first; it belongs at the end."),
                (np.vstack([old, 0 * new]), f"The new row of the {name}s holds zeros."),
                (np.vstack([old, old[-1]]), f"The last old {name} is there twice."),
            ],
            hint=1,
        )  # fmt: skip
    everybody = np.vstack([before[1], value])
    for mistake, why in (
        (before[1].mean(axis=0), "The new token does not look at itself: its key and value come "
         "into the cache too late."),
        (value, "The new token looks at itself only, and not at those that were kept."),
        (everybody.sum(axis=0), "It adds up the values; it should take a share of each."),
        (everybody[1:].mean(axis=0), "The oldest token is left out."),
    ):  # fmt: skip
        expect(not close(taken, mistake), why, hint=1)


def check_shares(shares, query, key, keys):
    """The shares of five tokens, of which the last is the new one."""
    expect(np.isfinite(shares).all(), "Some shares are nan or infinite.", hint=3)
    plain = keys @ query

    def softmax(matches):
        powers = np.exp(matches - matches.max())
        return powers / powers.sum()

    match(
        shares,
        softmax(plain / 4),
        "What the token takes of each is wrong: the shares should be the softmax of the query's "
        f"products with all keys, divided by the root of the size. They are {short(shares)}.",
        [
            (softmax(plain), "The matches are not divided by the root of the size."),
            (softmax(plain / 16), "The matches are divided by the size; its root is meant."),
            (
                softmax(plain / np.sqrt(5)),
                "The matches are divided by the root of the number of tokens; the root of the size "
                "of a query is meant.",
            ),
            (
                softmax(plain / np.sqrt(7)),
                "The matches are divided by the root of the size of a value; that of a query is "
                "meant.",
            ),
            (softmax(plain * 4), "The matches are multiplied by the root; divide by it."),
            (softmax(-plain / 4), "The better a key matches, the less is taken: look at a sign."),
            (softmax(keys @ key / 4), "The new key is compared with all keys, and not the query."),
            (plain / 4, "What it takes of each is the match itself; the softmax is missing."),
            (plain / plain.sum(), "It divides the matches by their sum; the powers of e are "
             "missing."),
            (np.full(5, 0.2), "It takes as much of each token, whatever the matches are."),
            (np.exp(plain / 4), "The powers of e are not divided by their sum."),
            (np.eye(5)[plain.argmax()], "It takes the best match only; softmax gives a share to "
             "each."),
            (np.append(softmax(plain[:4] / 4), 0), "The new token does not look at itself."),
            (np.exp(plain / 4) / np.exp(plain / 4)[:4].sum(), "The sum of the powers leaves out "
             "the new token."),
        ],
        hint=2,
    )  # fmt: skip


def check_text(ask, text):
    """Read a text token by token: the same as attention over all of it."""
    queries, all_keys, all_values = text
    keys, values = np.zeros((0, 2)), np.zeros((0, 2))
    for place in range(len(queries)):
        given = queries[place], all_keys[place], all_values[place], keys, values
        taken, keys, values = ask(*given)
        match(
            taken,
            ask.solution(*given)[0],
            f"If a text is read token by token, number {place} (from 0) takes something else than "
            "with attention over the whole text.",
        )
