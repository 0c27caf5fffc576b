import numpy as np


def neuron(inputs, weights, bias):
    total = inputs @ weights + bias
    return 1 / (1 + np.exp(-total))
