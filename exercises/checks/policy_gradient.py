import numpy as np
from hypothesis import strategies as st

from exercises.bench import MILD, apart, close, expect, match, numbers, short

HINTS = [
    "The gradient of minus the logarithm of a token's probability is, for each row of logits, the "
    "probabilities of all symbols, less 1 for the token that was drawn.",
    "`rewards - rewards.mean()` has the advantages before the division. Divide by `rewards.std()`, "
    "but by 1 if all rewards are equal.",
    "Each row is multiplied by the advantage of its answer: `advantages[:, None]` has a row for "
    "each. A mean over the answers divides by their number.",
]


@st.composite
def inputs(draw):
    """Draw legal arguments: rewards in whole numbers, so that equal ones have the spread 0."""
    answers, symbols = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    size = {"min_size": answers, "max_size": answers}
    tokens = draw(st.lists(st.integers(0, symbols - 1), **size))
    rewards = draw(st.lists(st.integers(-3, draw(st.sampled_from([-2, 3, 30]))), **size))
    logits = numbers(draw, (answers, symbols), draw(st.sampled_from(MILD)))
    logits = 100 * np.round(logits).astype(int) if draw(st.booleans()) else logits / 4
    return logits, np.array(tokens), np.array(rewards, float)


def check(ask):
    check_two(ask)
    random = np.random.default_rng(1)
    logits = random.normal(size=(5, 3))
    tokens, rewards = np.array([2, 0, 0, 1, 2]), np.array([2.0, 0.0, 1.0, 0.0, 3.0])
    found = ask(logits, tokens, rewards)
    check_advantages(found, ask.solution(logits, tokens, rewards), rewards)
    expect(
        close(found, ask(logits, tokens, rewards - 10)),
        "If all rewards are lower by 10 the gradient changes: only by how much an answer is better "
        "than the mean counts.",
        hint=2,
    )
    for times in (100, 0.01):
        expect(
            close(found, ask(logits, tokens, rewards * times)),
            f"If all rewards are {times:g} times as large the gradient changes: the advantages are "
            "in standard deviations.",
            hint=2,
        )
    for reward in (0.0, 1.0, 0.1):  # whose deviation, as it is computed, is 1.4e-17
        equal = ask(logits, tokens, np.full(5, reward))
        expect(
            np.isfinite(equal).all(),
            f"If all rewards are {reward:g} it divides 0 by 0: their standard deviation is 0.",
            hint=2,
        )
        expect(
            close(equal, 0),
            f"If all rewards are {reward:g} none is better than the mean: all gradients are 0.",
            hint=2,
        )
    for change in (5000.0, -5000.0):
        moved = ask(logits + change, tokens, rewards)
        expect(
            np.isfinite(moved).all(),
            f"With logits around {change:g} the softmax overflows: subtract the largest of each "
            "row first.",
            hint=1,
        )
        expect(
            close(moved, found),
            f"If all logits are changed by {change:g} the probabilities stay as they are; here the "
            "gradient changes.",
            hint=1,
        )
    wide = np.array([[-4000.0, 4000.0, 0.0], [3000.0, 0.0, 3000.0]])
    expect(
        np.isfinite(ask(wide, np.array([0, 2]), np.array([0.0, 1.0]))).all(),
        "With logits from -4000 to 4000 some numbers are nan or infinite: subtract the largest of "
        "each row first. (A probability may be 0; the gradient needs no logarithm of it.)",
        hint=1,
    )


def check_two(ask):
    """Two answers, whose advantages are 1 and -1."""
    shares, drawn = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]]), np.eye(3)[:2]
    logits, rewards = np.log(shares) + 1, np.array([5.0, 0.0])
    found = ask(logits, np.array([0, 1]), rewards)
    sides, apart = np.array([[1], [-1]]), shares - drawn
    right = apart * sides / 2
    for mistake, hint, why in (
        (-right, 3, "The sign is wrong: a step against this gradient makes the good answer less "
         "likely."),
        (right * 2, 3, "Of two answers it takes the sum; the loss is their mean."),
        (right / 3, 3, "It divides by the number of all logits; the mean is over the answers."),
        (right * 2 / 3, 3, "It divides by the number of symbols; the mean is over the answers."),
        (right * 2.5, 2, "The advantages are not divided by the standard deviation of the "
         "rewards."),
        (right / 2.5, 2, "The advantages are divided by the variance; its root is meant."),
        (right / 2**0.5, 2, "The standard deviation is that with n - 1; np.std divides by n."),
        (apart * [[1], [0]], 2, "The mean of the rewards, the baseline, is not subtracted."),
        (apart * [[2.5], [0]], 2, "The rewards themselves are taken, and not their advantages."),
        (apart * [[0.5], [0]], 2, "An answer that is worse than the mean leaves no trace; it "
         "should become less likely."),
        (apart / 2, 3, "Both answers become likelier: the advantages are left out, or have lost "
         "their signs."),
        (shares * sides / 2, 1, "For the token that was drawn 1 has to be subtracted from its "
         "probability."),
        ((shares - 1) * sides / 2, 1, "1 is subtracted for all symbols; it should be for the "
         "token that was drawn only."),
        (-drawn * sides / 2, 1, "Only the tokens that were drawn have a gradient. The others "
         "have one, too, since the softmax divides by the sum."),
        (-drawn / shares * sides / 2, 1, "That is the gradient with respect to the probability; "
         "the logits go through the softmax first."),
        (apart * shares.diagonal()[:, None] * sides / 2, 1, "That is the gradient of the "
         "probability; the loss has its logarithm."),
        ((shares / shares.sum(axis=0) - drawn) * sides / 2, 1, "The softmax goes over the "
         "columns; each row should sum to 1."),
        ((shares + drawn) * sides / 2, 1, "For the token that was drawn 1 is added to its "
         "probability; it has to be subtracted."),
        ((logits - drawn) * sides / 2, 1, "The logits are taken for probabilities; the softmax is "
         "missing."),
        ((np.exp(logits) - drawn) * sides / 2, 1, "The powers of e are not divided by the sum of "
         "their row."),
        ((shares / shares.max(axis=1, keepdims=True) - drawn) * sides / 2, 1, "The powers of e "
         "are not divided by the sum of their row."),
    ):  # fmt: skip
        expect(not close(found, mistake), why, hint=hint)
    check_advantages(found, right, rewards)


def check_advantages(found, right, rewards):
    """Find out by which advantage each answer was multiplied."""
    advantages = (rewards - rewards.mean()) / rewards.std()
    taken = (found * right).sum(axis=1) / (right**2).sum(axis=1)  # times the right advantage
    expect(
        close(found, right * taken[:, None]),
        "Whatever the advantages are, the gradient of the logarithm of a softmax is wrong. (What "
        "makes one token likelier makes others less likely: a row sums to 0. The rows sum to "
        f"{short(found.sum(axis=1))}.)",
        hint=1,
    )
    match(
        taken * advantages,
        advantages,
        "With the rewards {} the advantages should be {}. Those in the gradient are {}.".format(
            short(rewards), *apart(advantages, taken * advantages)
        ),
        [
            ((rewards - np.median(rewards)) / rewards.std(), "The baseline is the median of the "
             "rewards; it should be their mean."),
            (advantages * 2.5, "The loss is the mean over all answers: divide by their number."),
        ],
        hint=2,
    )  # fmt: skip
