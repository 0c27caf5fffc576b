"""Machinery of this chapter: the options of its scripts, and the lines that show the progress.

Chapter: xor/README.md#xor-experiment
"""

import keras

from utils.optimizers import OPTIMIZERS
from utils.options import make_parser, positive
from utils.options import seed as valid_seed

ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid"]


def network_parser(outputs, hidden, activation):
    """Return a parser for the options of a network; outputs: the chapter's folder for runs."""
    parser = make_parser("Trains a network on XOR.", outputs)
    add_network(parser, hidden, activation)
    return parser


def add_network(parser, hidden, activation):
    """Add the options of a network to a parser; the other arguments are their defaults."""
    add, size = parser.add_argument, positive(int)
    add("--hidden", type=size, nargs="*", default=hidden, help="neurons of each hidden layer")
    add("--activation", choices=ACTIVATIONS, default=activation, help="of the hidden layers")


def add_optimizer(parser, optimizer, learning_rate):
    """Add the options of an optimizer to a parser; the other arguments are their defaults."""
    add, rate = parser.add_argument, positive(float)
    add("--optimizer", choices=OPTIMIZERS, default=optimizer, help="how the weights are changed")
    add("--learning-rate", type=rate, default=learning_rate, help="step size of the optimizer")


def add_training(parser, optimizer, learning_rate, epochs, seed):
    """Add the options of a training run to a parser; the other arguments are their defaults."""
    add_optimizer(parser, optimizer, learning_rate)
    add = parser.add_argument
    add("--epochs", type=positive(int), default=epochs, help="passes over the four rows")
    add("--seed", type=valid_seed, default=seed, help="fixes the initial weights")


def show_progress():
    """Return a callback that prints loss and accuracy after every 25 epochs."""

    def show(index, logs):
        epoch = index + 1
        if epoch % 25 == 0:
            print(f"epoch {epoch:4}   loss {logs['loss']:.4f}   accuracy {logs['accuracy']:.0%}")

    return keras.callbacks.LambdaCallback(on_epoch_end=show)
