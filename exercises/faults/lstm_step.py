MUTANTS = [
    (
        "the old one",
        "    memory = sigmoid(forget_sum) * memory + sigmoid(input_sum) * np.tanh(candidate)\n"
        "    state = sigmoid(output_sum) * np.tanh(memory)",
        "    new = sigmoid(forget_sum) * memory + sigmoid(input_sum) * np.tanh(candidate)\n"
        "    state = sigmoid(output_sum) * np.tanh(new)",
    ),
    ("other way round", "sigmoid(forget_sum) * memory", "(1 - sigmoid(forget_sum)) * memory"),
    (
        "another order",
        "input_sum, forget_sum, candidate, output_sum = np",
        "forget_sum, input_sum, candidate, output_sum = np",
    ),
    (
        "order",
        "input_sum, forget_sum, candidate, output_sum = np",
        "input_sum, forget_sum, output_sum, candidate = np",
    ),
    ("taken as it is", "np.tanh(candidate)", "candidate"),
    ("sigmoid", "np.tanh(candidate)", "sigmoid(candidate)"),
    ("memory as it is", "np.tanh(memory)", "memory"),
    ("still there", "sigmoid(forget_sum) * memory", "memory"),
    ("input gate", "sigmoid(input_sum) * np.tanh", "np.tanh"),
    ("output gate", "sigmoid(output_sum) * np", "np"),
    (
        "old memory",
        "    memory = sigmoid(forget_sum) * memory + sigmoid(input_sum) * "
        "np.tanh(candidate)\n    state = sigmoid(output_sum) * np.tanh(memory)",
        "    state = sigmoid(output_sum) * np.tanh(memory)\n"
        "    memory = sigmoid(forget_sum) * memory + sigmoid(input_sum) * np.tanh(candidate)",
    ),
    ("sigmoid is near 1", "np.exp(-x)", "np.exp(x)"),
    ("every fourth", "np.split(sums, 4, axis=1)", "(sums[:, part::4] for part in range(4))"),
    ("bias", " + bias", ""),
    ("state of the step before", " + state @ recurrent", ""),
    ("inputs", "x @ kernel + ", ""),
    ("tanh on its way", "sigmoid(forget_sum) * memory", "sigmoid(forget_sum) * np.tanh(memory)"),
    ("0.574", "return 1 / (1 + np.exp(-x))", "return np.clip(0.2 * x + 0.5, 0, 1)"),
    ("2 results", "return state, memory", "return state"),
    ("changed places", "return state, memory", "return memory, state"),
    ("sums", "state @ recurrent", "memory @ recurrent"),
    (
        "stay as it is",
        "    state = sigmoid(output_sum)",
        "    memory = np.clip(memory, -5, 5)\n    state = sigmoid(output_sum)",
    ),
]

UNSEEN = [
    ("state", "np.tanh(memory)", "np.tanh(candidate)"),
    ("forget gate", "sigmoid(forget_sum)", "sigmoid(forget_sum + 1)"),
    ("gate", "sigmoid(input_sum) *", "(1 - sigmoid(forget_sum)) *"),
]

OTHER = """
import numpy as np

def lstm_step(x, state, memory, kernel, recurrent, bias):
    units = state.shape[1]
    z = np.concatenate([x, state], axis=1) @ np.concatenate([kernel, recurrent]) + bias
    i, f, g, o = (z[:, k * units : (k + 1) * units] for k in range(4))
    s = lambda v: 0.5 * (1 + np.tanh(v / 2))
    memory = s(f) * memory + s(i) * np.tanh(g)
    return s(o) * np.tanh(memory), memory
"""
