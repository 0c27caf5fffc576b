import numpy as np
from hypothesis import strategies as st

from exercises.bench import MILD, WHOLE, apart, close, expect, numbers

RESULTS = ("mixture", "shares")
HINTS = [
    "One product of two matrices has the matches of all pairs: row i has those of step i with "
    "each step. For that the keys are turned, with `.T`. Then comes the root of how many numbers "
    "a query has.",
    "Before the softmax put minus infinity where a step would see a later one; e to the power "
    "of it is 0. `np.triu` keeps what is above the diagonal, or from it on, as its `k` says.",
    "Then softmax over each row, with the largest match of the row subtracted; `keepdims=True` "
    "keeps a number for each row. The mixture is a product of matrices, too: each row of the "
    "shares weights the values.",
]


def check(ask):
    random = np.random.default_rng(1)
    query, key, value = random.normal(size=(5, 16)), random.normal(size=(5, 16)), np.eye(5)[:, :3]
    value = value + random.normal(size=value.shape)
    mixture, shares = ask(query, key, value)
    expect(
        np.isfinite(shares).all(),
        "Some shares are nan: is there a step that may look at "
        "nothing, not even at itself? Or has minus infinity met 0?",
        hint=2,
    )
    expect((shares >= 0).all(), "Some shares are negative.", hint=3)
    later = np.argwhere(np.triu(shares, k=1) > 1e-12)
    expect(
        not later.size,
        "The mask lets step {} see step {}: no step may see a later one.".format(
            *(later[0] + 1 if later.size else (0, 0))
        ),
        hint=2,
    )
    sums = shares.sum(axis=1)
    expect(
        close(sums, 1) or not close(shares.sum(axis=0), 1),
        "The columns of the shares sum to 1; each row, what one step looks at, should.",
        hint=3,
    )
    expect(
        close(sums, 1) or not close(np.diag(shares), np.diag(ask.solution(query, key, value)[1])),
        "Each share is divided by the sum of another row: numpy spreads the sums over the columns "
        "unless they keep their axis.",
        hint=3,
    )
    expect(
        close(sums, 1),
        f"The rows of the shares sum to {apart(sums, np.ones(5))[0]}, and should sum to 1. Is "
        "the softmax over what is left after the mask?",
        hint=2,
    )
    expect((np.diag(shares) > 0).all(), "A step does not look at itself; it may.", hint=2)
    match = query @ key.T
    # How the shares of the last step lie apart says what the matches were divided by.
    ratios = np.log(shares[4, 1:] / shares[4, 0])
    turned = (match[1:, 4] - match[0, 4]) / 4
    expect(
        not close(ratios, turned),
        "query and key have changed places: row i of the shares is that of query i.",
    )
    plain = match[4, 1:] - match[4, 0]
    root = plain @ plain / (ratios @ plain) if np.isfinite(ratios).all() and ratios @ plain else 0
    expect(
        close(ratios * root, plain),
        "The shares of a step are not the softmax of its matches, "
        "which are the products of its query with each key.",
        hint=3,
    )
    expect(not close(root, 1), "The matches are not divided by the root of the size.")
    expect(not close(root, 16), "The matches are divided by the size; its root is meant.")
    expect(
        not close(root, np.sqrt(5)),
        "The matches are divided by the root of the number of "
        "steps; the root of the size of a query is meant.",
    )
    expect(root > 0, "The better a key matches, the less a step looks at it: look at a sign.")
    expect(close(root, 4), f"With queries of the size 16 the matches are divided by {root:.7g}.")
    expect(
        close(mixture, shares @ value),
        "The shares are right, the mixture is not: each step "
        "gets the values, weighted by its row of shares.",
        hint=3,
    )
    notices = who_notices(ask, query, key, value)
    expect(
        not notices,
        "Step {} notices when step {} changes, which comes later.".format(*(notices or (0, 0))),
        hint=2,
    )
    large = ask(3000 * query, key, 1000 * value)[1]
    expect(
        np.isfinite(large).all(),
        "With large matches the softmax overflows, or all that a step sees becomes 0. First "
        "subtract the largest match of each row, of those that the step may see.",
        hint=3,
    )
    expect(
        not np.triu(large, k=1).any(),
        "With matches of some thousands, also below 0, a step sees a later one: what the mask puts "
        "there is not low enough.",
        hint=2,
    )


def who_notices(ask, query, key, value):
    """Return a step whose result changes if a later one does, and the later one; or None."""
    before = ask(query, key, value)[0]
    for later in range(1, len(query)):
        changed = [array.copy() for array in (query, key, value)]
        for array in changed:
            array[later] += 1
        after = ask(*changed)[0]
        for step in range(later):
            if not close(before[step], after[step]):
                return step + 1, later + 1
    return None


@st.composite
def inputs(draw):
    steps, size, other = (draw(st.integers(1, 7)) for _ in range(3))
    scale = draw(st.sampled_from([*MILD, WHOLE]))
    return tuple(numbers(draw, (steps, width), scale) for width in (size, size, other))
