import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, state, memory, kernel, recurrent, bias):
    sums = x @ kernel + state @ recurrent + bias
    input_sum, forget_sum, candidate, output_sum = np.split(sums, 4, axis=1)
    memory = sigmoid(forget_sum) * memory + sigmoid(input_sum) * np.tanh(candidate)
    state = sigmoid(output_sum) * np.tanh(memory)
    return state, memory
