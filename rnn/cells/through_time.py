"""Backpropagation through time, by hand, over three steps of the smallest recurrent network.

    python rnn/cells/through_time.py

One unit reads three numbers and should end at a given one. You will see the way forward, the way
back step by step, the gradient of each of the three parameters as a sum over the steps, and the
same gradient from Keras. Takes seconds.
Chapter: rnn/cells/README.md#backpropagation-through-time
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from utils.gradients import weight_gradients
from utils.options import make_parser
from utils.runs import make_folder, save_results

X = [0.5, -1.0, 0.8]  # the sequence
TARGET = 0.6  # what the state should be after the last step
KERNEL, RECURRENT, BIAS = 0.9, 0.7, 0.1  # weight of the input, weight of the state before, bias
NAMES = ["kernel", "recurrent", "bias"]


def forward(x, kernel, recurrent, bias):
    """Return the states: 0 before the first step, then one for each step."""
    states = [0.0]
    for value in x:
        states.append(np.tanh(kernel * value + recurrent * states[-1] + bias))
    return states


def backward(x, states, target, recurrent):
    """Return the share of each step in the gradient of the three parameters, (steps, 3).

    The loss is the squared difference between the last state and the target.
    """
    shares = np.zeros((len(x), 3))
    to_state = 2 * (states[-1] - target)  # how the loss reacts to the state after this step
    for step in reversed(range(len(x))):
        to_sum = to_state * (1 - states[step + 1] ** 2)  # the derivative of tanh
        # The same three parameters serve at each step, so each step has a share in them.
        shares[step] = to_sum * x[step], to_sum * states[step], to_sum
        to_state = to_sum * recurrent  # on to the state of the step before
        print(f"step {step + 1}: gradient at the sum {to_sum: .5f}, passed back {to_state: .5f}")
    return shares


def gradient_of_keras(x, target):
    """Return the gradient of kernel, recurrent weight and bias in a SimpleRNN of one unit."""
    model = keras.Sequential([keras.Input((len(x), 1)), layers.SimpleRNN(1)])
    model.set_weights([np.array([[KERNEL]]), np.array([[RECURRENT]]), np.array([BIAS])])
    loss = keras.losses.mean_squared_error
    slopes = weight_gradients(model, np.reshape(x, (1, -1, 1)), np.array([[target]]), loss)
    return [slope.item() for slope in slopes.values()]


def main(argv=None):
    """Return the gradient by hand, the share of each step in it, and Keras's gradient."""
    parser = make_parser("Backpropagation through time by hand.", OUTPUTS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    states = forward(X, KERNEL, RECURRENT, BIAS)
    for step, value in enumerate(X):
        print(f"step {step + 1}: input {value: .1f}, state {states[step + 1]: .5f}")
    print(f"loss ({states[-1]:.5f} - {TARGET})^2 = {(states[-1] - TARGET) ** 2:.5f}")
    shares = backward(X, states, TARGET, RECURRENT)
    by_hand, by_keras = shares.sum(axis=0), gradient_of_keras(X, TARGET)
    for name, parts, total, theirs in zip(NAMES, shares.T, by_hand, by_keras, strict=True):
        parts = " ".join(f"{part: .5f}" for part in parts)
        print(f"{name:10} steps 1 to 3: {parts}   sum {total: .5f}   Keras {theirs: .5f}")
    results = {
        "states": states[1:],
        "shares": shares.tolist(),
        "by_hand": by_hand.tolist(),
        "by_keras": by_keras,
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
