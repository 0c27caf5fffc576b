"""Backpropagation by hand: the gradient of a network of two inputs, two hidden neurons, one output.

    python basics/backpropagation.py

You will see the forward pass, the loss, the chain rule from the loss back to each of the nine
parameters, the same nine numbers from Keras, the loss after one step downhill, and a figure of
the network with all these numbers.
Takes about 5 seconds on two cores.
Chapter: basics/README.md#backpropagation
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from basics.draw_values import draw_values
from utils.figures import save_figure
from utils.options import make_parser, number
from utils.runs import make_folder, save_results

LEARNING_RATE = 0.5  # of the step at the end
X = np.array([1.0, 0.5])  # the inputs of the one example
Y = 0.0  # the target

W1 = np.array([[0.5, -0.3], [0.8, 0.2]])  # from input i (row) to hidden neuron j (column)
B1 = np.array([0.1, -0.1])
W2 = np.array([[0.7], [-0.4]])  # from hidden neuron j to the output
B2 = np.array([0.2])


def sigmoid(z):
    """Squeeze z into the range from 0 to 1. Its derivative is sigmoid(z) * (1 - sigmoid(z))."""
    return 1 / (1 + np.exp(-z))


def forward(w1, b1, w2, b2):
    """Return the outputs of the hidden layer, shape (2,), and of the network, and the loss."""
    hidden_sum = show("sums in the hidden neurons", X @ w1 + b1)
    hidden = show("outputs of the hidden neurons", sigmoid(hidden_sum))
    output_sum = show("sum in the output neuron", hidden @ w2 + b2)
    output = show("output", sigmoid(output_sum))
    loss = show("loss", (output - Y) ** 2)
    return hidden, output, loss.item()


def backward(hidden, output, w2):
    """Return the gradient: how the loss changes with each number of w1, b1, w2 and b2."""
    # The loss is (output - Y) squared, so its derivative with respect to the output is this.
    d_output = show("output", 2 * (output - Y))
    # The output is the sigmoid of a sum: multiply by the derivative of the sigmoid.
    d_output_sum = show("sum in the output neuron", d_output * output * (1 - output))
    # The sum is hidden[0] * w2[0] + hidden[1] * w2[1] + b2: multiply by the other factor.
    d_w2 = show("weights of the output neuron", np.outer(hidden, d_output_sum))
    d_b2 = show("bias of the output neuron", d_output_sum)
    d_hidden = show("outputs of the hidden neurons", w2 @ d_output_sum)
    # One layer back, each hidden neuron takes the same steps.
    d_hidden_sum = show("sums in the hidden neurons", d_hidden * hidden * (1 - hidden))
    d_w1 = show("weights of the hidden neurons", np.outer(X, d_hidden_sum))
    d_b1 = show("biases of the hidden neurons", d_hidden_sum)
    return [d_w1, d_b1, d_w2, d_b2]


def keras_gradient(parameters):
    """Return the same gradient, as computed by Keras.

    One step of gradient descent with the learning rate 1 subtracts exactly the gradient, so the
    gradient is the weights before minus the weights after. That works on every back end.
    """
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            layers.Dense(2, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=1.0), loss="mse")
    model.set_weights(parameters)
    before = model.get_weights()
    model.train_on_batch(X[np.newaxis].astype("float32"), np.array([[Y]], dtype="float32"))
    return [old - new for old, new in zip(before, model.get_weights(), strict=True)]


def show(name, values):
    """Print one line of the calculation and return its values."""
    print(f"  {name + ':':31}", "  ".join(f"{value:+.4f}" for value in np.ravel(values)))
    return values


def main(argv=None):
    """Compute the gradient by hand and with Keras; return both, and the loss before and after."""
    parser = make_parser("Compute a gradient by hand and compare it with that of Keras.", OUTPUTS)
    parser.add_argument("--learning-rate", type=number(float, 0), default=LEARNING_RATE)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    parameters = [W1, B1, W2, B2]

    print("Forward, from the inputs to the loss:")
    hidden, output, loss = forward(*parameters)
    print("Backward, from the loss to the parameters:")
    by_hand = backward(hidden, output, W2)
    by_keras = keras_gradient(parameters)
    print("The gradient from Keras, in the order W1, b1, W2, b2:")
    for name, values in zip(["W1", "b1", "W2", "b2"], by_keras, strict=True):
        show(name, values)
    pairs = zip(by_hand, by_keras, strict=True)
    difference = max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)
    print(f"Largest difference from the gradient by hand: {difference:.0e}")

    after = [p - args.learning_rate * d for p, d in zip(parameters, by_hand, strict=True)]
    print(f"Forward again, after one step with the learning rate {args.learning_rate:g}:")
    loss_after = forward(*after)[2]

    figure = draw_values([X, hidden, output], parameters, by_hand)
    save_figure(figure, folder / "backpropagation.png")
    results = {
        "by_hand": [values.ravel().tolist() for values in by_hand],
        "by_keras": [values.ravel().tolist() for values in by_keras],
        "difference": difference,
        "loss": [loss, loss_after],
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
