import numpy as np


def forward(inputs, hidden_weights, hidden_biases, output_weights):
    sums = inputs @ hidden_weights + hidden_biases
    hidden = np.maximum(sums, 0)
    return hidden @ output_weights
