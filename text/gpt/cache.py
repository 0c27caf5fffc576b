"""Machinery of the chapter: a trained GPT in numpy that keeps its keys and values, a cache by hand.

It writes several texts at once. `python text/gpt/generate.py RUN --check` compares it with Keras,
and says what the cache saves.
Chapter: text/gpt/README.md#writing
"""

import math

import numpy as np
from scipy.special import erf, softmax


class CachedGPT:
    """A trained GPT in numpy that reads on, some tokens at a time, in each of several texts.

    What later tokens need of a token, its key and its value in each block, is kept: it never
    changes, because no token sees a later one.
    """

    def __init__(self, model):
        self.context = model.input_shape[1]
        names = [layer.name for layer in model.layers]
        self.weights = {layer.name: layer.get_weights() for layer in model.layers}
        self.epsilon = model.get_layer("normal").epsilon
        self.blocks = [name.removesuffix("_wide") for name in names if name.endswith("_wide")]
        self.forget()

    def forget(self):
        self.kept = {}  # keys and values of each block: (texts, heads, time, size)
        self.length = 0

    def read(self, tokens):
        """Return the logits (texts, symbols) after what was read so far and these tokens.

        tokens: (texts, time)
        """
        x = self.weights["embedding"][0][tokens]  # (texts, time, width)
        begin, self.length = self.length, self.length + tokens.shape[1]
        if "positions" in self.weights:
            x = x + self.weights["positions"][0][begin : self.length]
        for name in self.blocks:
            x = x + self.attend(self.normalize(x, f"{name}_normal_1"), name)
            kernel, bias = self.weights[f"{name}_wide"]
            wide = self.normalize(x, f"{name}_normal_2") @ kernel + bias
            wide = wide * (1 + erf(wide / math.sqrt(2))) / 2  # gelu
            kernel, bias = self.weights[f"{name}_narrow"]
            x = x + wide @ kernel + bias
        kernel, bias = self.weights["logits"]
        return self.normalize(x[:, -1], "normal") @ kernel + bias

    def normalize(self, x, name):
        """Do what LayerNormalization does."""
        gamma, beta = self.weights[name]
        mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
        return gamma * (x - mean) / np.sqrt(variance + self.epsilon) + beta

    def attend(self, x, name):
        """Let the newest tokens, (texts, time, width), look at those before and at themselves."""
        weights = self.weights[f"{name}_attention"]
        query, *new = (
            (np.tensordot(x, kernel, 1) + bias).swapaxes(1, 2)  # (texts, heads, time, size)
            for kernel, bias in zip(weights[:6:2], weights[1:6:2], strict=True)
        )
        if name in self.kept:
            new = [np.concatenate(pair, axis=2) for pair in zip(self.kept[name], new, strict=True)]
        self.kept[name] = key, value = new
        match = query @ key.swapaxes(2, 3) / math.sqrt(query.shape[-1])  # (texts, heads, time, all)
        future = 1 + match.shape[3] - match.shape[2]
        match += np.triu(np.full(match.shape[2:], -np.inf, "float32"), future)
        mixture = softmax(match, axis=3) @ value
        return np.tensordot(mixture.swapaxes(1, 2), weights[6], 2) + weights[7]


def last_window(length, context):
    """Return where the window begins in which the network reads a text of this length.

    When it is full, it forgets its first half, and reads the other half anew.
    """
    half = max(1, context // 2)
    return 0 if length <= context else math.ceil((length - context) / half) * half


def numpy_logits(model, cached=True):
    """Return a function that gives the logits (texts, symbols) after tokens, (texts, length).

    cached: False to work out all places of the window anew for every token.
    """
    network, begins = CachedGPT(model), 0

    def logits(tokens):
        nonlocal begins
        if not cached or last_window(tokens.shape[1], network.context) != begins:
            begins = last_window(tokens.shape[1], network.context)
            network.forget()
        return network.read(tokens[:, begins + network.length :])

    return logits


def keras_logits(model):
    """Return the same by Keras: the whole window is worked out for every token."""
    context = model.input_shape[1]

    def logits(tokens):
        tokens = tokens[:, last_window(tokens.shape[1], context) :]
        length = tokens.shape[1]  # what stands after these, no place sees
        window = np.pad(tokens, ((0, 0), (0, context - length)))
        return model.predict_on_batch(window)[:, length - 1]

    return logits
