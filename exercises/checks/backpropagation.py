import numpy as np
from hypothesis import strategies as st

from exercises.bench import apart, match, numbers

RESULTS = ("d_w1", "d_b1", "d_w2", "d_b2")
HINTS = [
    "Take the chapter's lines for one row, in their order. The derivative of a square is 2 times "
    "what is squared, that of a sigmoid is output * (1 - output).",
    "For several rows, each sum has a row for each of them. Where the chapter has np.outer, a "
    "product of matrices adds up the rows; turn one of the two with `.T`, so that the shape is "
    "that of the weights. A bias counts in every row.",
    "On the way back a hidden neuron gets what has arrived at the sum of the output, times its "
    "own output weight; for all of them that is a product with the turned weights. The loss is a "
    "mean, so divide by the number of rows once, at the beginning.",
]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def check(ask):
    random = np.random.default_rng(1)
    shapes = [(2, 3), (3,), (3, 1), (1,)]
    for rows in (1, 4):
        x, y = random.normal(size=(rows, 2)), random.uniform(size=(rows, 1))
        parameters = [random.normal(size=shape) for shape in shapes]
        look_at(ask(x, y, *parameters), x, y, *parameters)


def look_at(found, x, y, w1, b1, w2, b2):
    d_w1, d_b1, d_w2, d_b2 = found
    rows = len(x)
    hidden = sigmoid(x @ w1 + b1)
    output = sigmoid(hidden @ w2 + b2)
    error = 2 * (output - y) / rows
    to_output = error * output * (1 - output)
    back = to_output @ w2.T
    to_hidden = back * hidden * (1 - hidden)
    # From the output back, as the calculation goes: the first that is wrong is named.
    given, right = apart(d_b2[0], to_output.sum())
    match(
        d_b2,
        to_output.sum(axis=0),
        "d_b2 is wrong: change b2 by a little, and the loss changes "
        f"{right} times as much, not {given} times.",
        [
            (error.sum(axis=0), "d_b2 lacks the derivative of the sigmoid in the output neuron."),
            (
                to_output.sum(axis=0) / 2,
                "d_b2 is half of what it should be: think of the derivative of a square.",
            ),
            (
                -to_output.sum(axis=0),
                "d_b2 has the wrong sign: by it the loss would rise where it falls.",
            ),
            (
                rows * to_output.sum(axis=0),
                "d_b2 grows with the number of rows: the loss is a mean over them.",
                3,
            ),
            (
                to_output.mean(axis=0),
                "d_b2 is a mean over the rows of what has been divided by their number already.",
                3,
            ),
            (to_output[0], "d_b2 belongs to one row only; a bias has a share in every row.", 2),
        ],
    )
    match(
        d_w2,
        hidden.T @ to_output,
        "d_w2 is wrong, d_b2 is right: each output weight is "
        "multiplied by the output of its hidden neuron, and by nothing else.",
        [
            (
                hidden.T @ to_output / rows,
                "d_w2 is a mean over the rows of what has been divided by their number already.",
                3,
            ),
            (
                (x @ w1 + b1).T @ to_output,
                "d_w2 uses the sums of the hidden neurons, and not what sigmoid makes of them.",
            ),
        ],
        hint=2,
    )
    match(
        d_b1,
        to_hidden.sum(axis=0),
        "d_b1 is wrong, the gradient of the output layer is right: "
        "the fault is on the way back through w2 or through the sigmoid of the hidden layer.",
        [
            (
                back.sum(axis=0),
                "d_b1 lacks the derivative of the sigmoid in the hidden neurons.",
                1,
            ),
            (
                (to_output * hidden * (1 - hidden)).sum(axis=0),
                "d_b1 lacks w2: what a hidden neuron does to the loss goes through its output "
                "weight.",
            ),
            (
                (error @ w2.T * hidden * (1 - hidden)).sum(axis=0),
                "d_b1 skips the derivative of the output's sigmoid on its way back.",
            ),
            (to_hidden[0], "d_b1 belongs to one row only; a bias has a share in every row.", 2),
            (
                to_hidden.mean(axis=0),
                "d_b1 is a mean over the rows of what has been divided by their number already.",
            ),
        ],
        hint=3,
    )
    match(
        d_w1,
        x.T @ to_hidden,
        "d_w1 is wrong, d_b1 is right: a weight of the first layer is "
        "multiplied by its input. Row i of d_w1 belongs to input i.",
        [
            (
                x.T @ to_hidden / rows,
                "d_w1 is a mean over the rows of what has been divided by their number already.",
                3,
            )
        ],
        hint=2,
    )


@st.composite
def inputs(draw):
    rows, size, neurons = (draw(st.integers(1, 6)) for _ in range(3))
    x, y = numbers(draw, (rows, size), 1.0), np.abs(numbers(draw, (rows, 1), 0.3))
    shapes = (size, neurons), (neurons,), (neurons, 1), (1,)
    return x, y, *(numbers(draw, shape, 1.0) for shape in shapes)
