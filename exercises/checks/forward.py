import numpy as np
from hypothesis import strategies as st

from exercises.bench import match, numbers, sizes

HINTS = [
    "Three lines will do: the sums of the hidden neurons, what relu makes of them, the output.",
    "A product of matrices, `a @ b`, computes the sums of all neurons for all rows at once, and "
    "those of the output, too. The biases are added to each row by themselves.",
    "relu keeps what is above 0 and makes the rest 0; `np.maximum` compares number by number. It "
    "belongs to the hidden layer only, after the biases.",
]


def check(ask):
    def one(x, weight, bias, output):
        """Return the output of a network with a single hidden neuron."""
        shaped = (np.array([[value]], float) for value in (x, weight, output))
        x, weight, output = shaped
        return ask(x, weight, np.array([bias], float), output)[0, 0]

    match(
        one(2.5, 2.2, 0, 1),
        5.5,
        "An input of 2.5 and a weight of 2.2 give a hidden neuron the value 5.5. "
        "With the output weight 1 that is the output, but yours is another: the hidden layer "
        "is not the product, or relu does not leave a positive sum as it is.",
        [
            (
                5,
                "Only whole numbers are left of 5.5, the value of a hidden neuron: see its dtype.",
                1,
            )
        ],
        hint=3,
    )
    match(
        one(1, 1, 2, 1),
        3,
        "The bias of a hidden neuron is not added to its sum.",
        [(1, "The hidden biases are left out.")],
        hint=2,
    )
    match(
        one(-5, 1, 2, 1),
        0,
        "The sum of a hidden neuron is -3, so relu makes it 0, but something else comes through.",
        [
            (-3, "Negative sums come through: relu is missing in the hidden layer."),
            (2, "relu is applied before the bias is added; it is for the whole sum."),
        ],
        hint=3,
    )
    match(
        one(3, 1, 0, -2),
        -6,
        "A hidden neuron with the value 3 and an output weight of -2 do not give -6.",
        [
            (0, "The output is never negative: relu is for the hidden layer only.", 3),
            (3, "The output weights are left out."),
        ],
        hint=2,
    )
    match(
        one(300, 2, 0, 1),
        600,
        "A hidden sum of 5.5 stays as it is, and one of 600 does not: relu has no upper bound.",
        hint=3,
    )
    random = np.random.default_rng(1)
    x, w1, b1, w2 = (random.normal(size=size) for size in [(4, 3), (3, 5), (5,), (5, 1)])
    match(
        ask(x, w1, b1, w2),
        ask.solution(x, w1, b1, w2),
        "With one neuron it is right, with several it is not: the output is the sum over the "
        "hidden neurons, each times its own output weight.",
        hint=2,
    )


@st.composite
def inputs(draw):
    rows, size, neurons = draw(sizes()), draw(sizes(far=7)), draw(sizes(far=7))
    shapes = (rows, size), (size, neurons), (neurons,), (neurons, 1)
    return tuple(numbers(draw, shape) for shape in shapes)
