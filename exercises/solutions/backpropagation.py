import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backpropagation(x, y, w1, b1, w2, b2):
    hidden = sigmoid(x @ w1 + b1)
    output = sigmoid(hidden @ w2 + b2)
    d_output = 2 * (output - y) / len(x)
    d_output_sum = d_output * output * (1 - output)
    d_w2 = hidden.T @ d_output_sum
    d_b2 = d_output_sum.sum(axis=0)
    d_hidden = d_output_sum @ w2.T
    d_hidden_sum = d_hidden * hidden * (1 - hidden)
    d_w1 = x.T @ d_hidden_sum
    d_b1 = d_hidden_sum.sum(axis=0)
    return d_w1, d_b1, d_w2, d_b2
