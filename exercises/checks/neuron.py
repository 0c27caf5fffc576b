import hypothesis
import numpy as np
from hypothesis import strategies as st

from exercises.bench import close, expect, numbers, sizes

HINTS = [
    "First the sum: each input times its weight, all of that added up, and the bias once.",
    "For two arrays of the same length, `a @ b` multiplies number by number and adds up.",
    "sigmoid(x) is 1 / (1 + e to the power -x). Mind the minus: for a large x it is nearly 1.",
]


def check(ask):
    inputs, weights = np.array([1, 0.5, 2, 1, 3]), np.array([0.8, -1.2, 0.3, -0.9, 0.2])
    output = ask(inputs, weights, -0.4)
    expect(
        close(ask(0 * inputs, weights, 0.0), 0.5),
        "The sigmoid of the sum 0 is one half; with all inputs and the bias at 0, the output is "
        "another.",
        hint=3,
    )
    far = [ask(np.ones(1), np.array([weight]), 0.0) for weight in (-30.0, 30.0)]
    expect(
        all(0 <= one <= 1 for one in far),
        "The output lies outside of 0 to 1, where a sigmoid keeps it.",
        hint=3,
    )
    expect(
        far[0] < far[1] or close(*far),
        "The larger the sum is, the smaller is the output: look at a sign in the sigmoid.",
        hint=3,
    )
    total = np.log(output / (1 - output))  # of which the output is the sigmoid
    for weight in weights:
        one = ask(np.ones(1), np.array([weight]), 0.0)
        expect(
            close(np.log(one / (1 - one)), weight),
            "With the input 1 and the bias 0 the sum is the weight. The output is not its sigmoid.",
            hint=3,
        )
    expect(not close(total, 0.5), "The bias is left out: with another bias the output is the same.")
    expect(not close(total, 0.9), "The bias lowers the sum where it should raise it.")
    at_zero = ask(0 * inputs, weights, 1.0)
    expect(
        close(np.log(at_zero / (1 - at_zero)), 1),
        "With all inputs at 0 only the bias is left "
        "in the sum, once and as it is. Here it is more or less than that.",
    )
    expect(
        close(total, 0.1),
        "For one input the sum is right, for five it is not: each product "
        "of an input and its weight is added, as it is.",
        hint=2,
    )


@st.composite
def inputs(draw):
    size = draw(sizes(12))
    scale = draw(st.sampled_from([1.0, 0.01, 100.0]))  # TensorFlow adds no fraction to whole ones
    arguments = numbers(draw, size, scale), numbers(draw, size, 1.0), draw(st.integers(-9, 9)) / 4
    hypothesis.assume(abs(arguments[0] @ arguments[1]) < 500)  # math.exp ends at 709
    return arguments
