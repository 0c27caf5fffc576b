"""Machinery of the exercises: right solutions that are written in another way.

A check must not mind how a right answer comes about: with a loop or without, in another order, with
another library, drawn in another way. These were written after the checks. One was refused at
first, Adam with its 1e-7 in another place; its check was mended.
Chapter: exercises/README.md#wrong-solutions
"""

OTHERS = {
    "neuron": """
import math

def neuron(inputs, weights, bias):
    total = bias
    for x, w in zip(inputs, weights):
        total += float(x) * float(w)
    return math.exp(total) / (1 + math.exp(total)) if total < 0 else 1 / (1 + math.exp(-total))
""",
    "forward": """
import numpy as np

def forward(inputs, hidden_weights, hidden_biases, output_weights):
    hidden = np.einsum("ri,ij->rj", inputs, hidden_weights) + hidden_biases
    return (hidden * (hidden > 0)).dot(output_weights)
""",
    "cross_entropy": """
import numpy as np

def cross_entropy(targets, predictions):
    p = np.maximum(1e-7, np.minimum(predictions, 1 - 1e-7))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()
""",
    "gradient_step": """
import numpy as np

def gradient_step(x, y, weights, learning_rate):
    new = weights.astype(float).copy()
    for column in range(x.shape[1]):
        new[column] -= learning_rate * np.mean(2 * (x @ weights - y) * x[:, column])
    return new
""",
    "backpropagation": """
import numpy as np

def backpropagation(x, y, w1, b1, w2, b2):
    gradients = [np.zeros_like(p) for p in (w1, b1, w2, b2)]
    for row, target in zip(x, y):
        hidden = 1 / (1 + np.exp(-(row @ w1 + b1)))
        output = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
        d_output_sum = 2 * (output - target) * output * (1 - output) / len(x)
        d_hidden_sum = w2[:, 0] * d_output_sum * hidden * (1 - hidden)
        gradients[0] += np.outer(row, d_hidden_sum)
        gradients[1] += d_hidden_sum
        gradients[2] += np.outer(hidden, d_output_sum)
        gradients[3] += d_output_sum
    return gradients
""",
    "adam": """
import numpy as np

def adam(weights, gradient, mean, square, step, learning_rate):
    mean = mean + 0.1 * (gradient - mean)
    square = square + 0.001 * (gradient * gradient - square)
    mean_hat, square_hat = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    return weights - learning_rate * mean_hat / (np.sqrt(square_hat) + 1e-7), mean, square
""",
    "scale": """
import numpy as np

def scale(train, validation):
    columns = []
    for a, b in zip(train.T, validation.T):
        spread = np.sqrt(((a - a.mean()) ** 2).mean()) or 1.0
        columns.append(((a - a.mean()) / spread, (b - a.mean()) / spread))
    return np.array([a for a, _ in columns]).T, np.array([b for _, b in columns]).T
""",
    "scores": """
def scores(truth, predicted):
    hits = false = missed = 0
    for t, p in zip(truth, predicted):
        hits += int(t == 1 and p == 1)
        false += int(t == 0 and p == 1)
        missed += int(t == 1 and p == 0)
    precision = hits / (hits + false) if hits + false else 0
    recall = hits / (hits + missed) if hits + missed else 0
    return precision, recall, 2 * hits / (2 * hits + false + missed) if hits else 0
""",
    "softmax": """
import numpy as np

def softmax(logits):
    result = []
    for row in logits:
        powers = np.exp(row - max(row))
        result.append(powers / sum(powers))
    return np.array(result)
""",
    "split_by_group": """
import random

import numpy as np

def split_by_group(groups, share, seed):
    writers = sorted(set(groups.tolist()))
    random.Random(seed).shuffle(writers)
    validation = []
    while len(validation) < share * len(groups):
        writer = writers.pop()
        validation += [i for i, group in enumerate(groups) if group == writer]
    train = [i for i in range(len(groups)) if i not in set(validation)]
    return np.array(train), np.array(validation)
""",
    "early_stopping": """
def early_stopping(losses, patience):
    lowest, best, waited = float("inf"), 0, 0
    for epoch in range(1, len(losses) + 1):
        waited += 1
        if losses[epoch - 1] < lowest:
            lowest, best, waited = losses[epoch - 1], epoch, 0
        if waited == patience:
            break
    return [epoch, best]
""",
    "dropout": """
import numpy as np

def dropout(x, rate, training, random):
    if training:
        return x * random.binomial(1, 1 - rate, x.shape) / (1 - rate)
    return x.copy()
""",
    "batch_norm": """
import numpy as np

def batch_norm(x, gamma, beta, moving_mean, moving_variance, training):
    if not training:
        scale = gamma / np.sqrt(moving_variance + 1e-3)
        return x * scale + (beta - moving_mean * scale), moving_mean, moving_variance
    mean = np.sum(x, axis=0) / len(x)
    variance = np.sum((x - mean) ** 2, axis=0) / len(x)
    normal = (x - mean) / (variance + 1e-3) ** 0.5
    return (normal * gamma + beta, moving_mean + 0.01 * (mean - moving_mean),
            moving_variance + 0.01 * (variance - moving_variance))
""",
    "convolve": """
import numpy as np

def convolve(image, kernels, biases, stride):
    size = len(kernels)
    seen = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    return np.einsum("rcxij,ijxf->rcf", seen[::stride, ::stride], kernels) + biases
""",
    "max_pool": """
import numpy as np

def max_pool(maps, size):
    result = np.empty((len(maps) // size, maps.shape[1] // size, maps.shape[2]))
    for r, c, k in np.ndindex(*result.shape):
        result[r, c, k] = maps[r * size : (r + 1) * size, c * size : (c + 1) * size, k].max()
    return result
""",
    "lstm_step": """
import numpy as np

def lstm_step(x, state, memory, kernel, recurrent, bias):
    units = state.shape[1]
    z = np.concatenate([x, state], axis=1) @ np.concatenate([kernel, recurrent]) + bias
    i, f, g, o = (z[:, k * units : (k + 1) * units] for k in range(4))
    s = lambda v: 0.5 * (1 + np.tanh(v / 2))
    memory = s(f) * memory + s(i) * np.tanh(g)
    return s(o) * np.tanh(memory), memory
""",
    "windows": """
import numpy as np

def windows(series, history, horizon):
    both = np.lib.stride_tricks.sliding_window_view(series, history + horizon)
    return both[:, :history], both[:, history:]
""",
    "merge": """
def merge(pieces):
    counts = {}
    for pair in zip(pieces, pieces[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    _, best = max((count, pair) for pair, count in counts.items())
    merged = []
    joined = False
    for piece in pieces:
        if merged and not joined and (merged[-1], piece) == best:
            merged[-1] += piece
            joined = True
        else:
            merged.append(piece)
            joined = False
    return best, merged
""",
    "attention": """
import numpy as np

def attention(query, key, value):
    shares = np.zeros((len(query), len(key)))
    for step in range(len(query)):
        match = [query[step] @ key[other] / len(query[step]) ** 0.5 for other in range(step + 1)]
        powers = np.exp(np.array(match) - max(match))
        shares[step, : step + 1] = powers / powers.sum()
    return shares @ value, shares
""",
    "choose": """
import numpy as np

def choose(logits, temperature, top_k, random):
    if not temperature:
        return logits.argmax()
    scaled = logits / temperature
    if top_k is not None:
        scaled = np.where(scaled >= np.sort(scaled)[-top_k], scaled, -np.inf)
    return (scaled + random.gumbel(size=len(logits))).argmax()
""",
}
