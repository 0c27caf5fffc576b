import numpy as np
from hypothesis import strategies as st

from exercises.bench import close, expect, match, numbers, short, sizes

HINTS = [
    "First how far each prediction is off, prediction minus target. Then the gradient, a number "
    "for each weight. Then the step, downhill.",
    "If a weight grows by a little d, the prediction of a row grows by d times its input. The "
    "derivative of a square is 2 times what is squared.",
    "So for each weight: the mean over the rows of 2 * error * input. A product with `@` adds up "
    "over the rows; which of the two, errors and x, has to come first?",
]


def check(ask):
    random = np.random.default_rng(1)
    x, weights = random.normal(size=(6, 3)), random.normal(size=3)
    y = random.normal(size=6) * 100
    still = ask(x, y, weights, 0.0)
    expect(
        close(still, weights), "With the learning rate 0 the weights should stay where they are."
    )
    rested = ask(x, x @ weights, weights, 0.1)
    expect(
        close(rested, weights),
        "Every prediction is right, so the gradient is 0; the weights move all the same.",
    )
    one, two = (ask(x, y, weights, rate) - weights for rate in (0.01, 0.02))
    expect(not close(one, 0), "The weights do not move.")
    expect(
        close(ask(x[::-1], y[::-1], weights, 0.01) - weights, one),
        "With the rows in another order the step is another one: the gradient is a mean over all "
        "rows, and each row's error is that of the old weights.",
        hint=3,
    )
    turned = ask(x[:, ::-1], y, weights[::-1], 0.01) - weights[::-1]
    expect(
        close(turned[::-1], one),
        "With the inputs and weights in another order each weight moves in another way: the whole "
        "gradient is that of the old weights, so no weight moves before it is known.",
    )
    expect(
        close(two, 2 * one),
        "With twice the learning rate the step should be twice as long.",
    )
    doubled = ask(np.tile(x, (2, 1)), np.tile(y, 2), weights, 0.01) - weights
    expect(
        close(doubled, one),
        "If each row is there twice, the mean over the rows is the same, but your step is not.",
        hint=3,
    )
    right = ask.solution(x, y, weights, 0.01) - weights
    ratio = one @ right / (right @ right)
    match(
        one,
        ratio * right,
        "The step does not go along the gradient: in some direction the loss "
        f"falls at another rate than the step says ({short(one)}).",
        hint=3,
    )
    expect(ratio > 0, "The step goes uphill: the loss is higher after it. Look at a sign.")
    expect(
        not close(ratio, 0.5),
        "The step is half as long as it should be: think of the derivative of a square.",
        hint=2,
    )
    expect(
        close(ratio, 1),
        f"The step has the right direction and is {ratio:.7g} times as long as it should be.",
        hint=3,
    )


@st.composite
def inputs(draw):
    rows, size = draw(sizes()), draw(sizes(far=7))
    arguments = (numbers(draw, shape) for shape in ((rows, size), rows, size))
    return *arguments, draw(st.integers(0, 300)) / 1000
