"""A step of an LSTM: three gates decide what is remembered, and what is shown.

x: (sequences, features), the inputs of this step; state, memory: (sequences, units), of the step
before; kernel: (features, 4 * units), recurrent: (units, 4 * units), bias: (4 * units,). Each
holds four parts side by side, in Keras's order: input gate, forget gate, candidate, output gate.
Gates go through the sigmoid, 1 / (1 + e^-sum), which numpy does not have; the candidate and what
is shown of the memory go through tanh. The forget gate says how much of the old memory stays, the
input gate how much of the candidate is added to that, the output gate how much of the new memory
is shown: that is the new state.
Returns the new state and the new memory, each (sequences, units).

With all weights and the bias at 0 the gates are half open, and half of the memory is left:

    >>> half = lstm_step(np.ones((1, 1)), np.zeros((1, 2)), np.array([[1.0, -2.0]]),
    ...                  np.zeros((1, 8)), np.zeros((2, 8)), np.zeros(8))
    >>> for one in half:
    ...     print(one.round(3))
    [[ 0.231 -0.381]]
    [[ 0.5 -1. ]]

Check: python exercises/check.py lstm_step
Chapter: rnn/cells/README.md#the-cell-by-hand
"""

import numpy as np


def lstm_step(x, state, memory, kernel, recurrent, bias):
    raise NotImplementedError
