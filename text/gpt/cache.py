"""Machinery of the chapter: a trained GPT in numpy that keeps its keys and values, a cache by hand.

It writes several texts at once. `python text/gpt/generate.py RUN --check` compares it with Keras.
Chapter: text/gpt/README.md#writing
"""

import math

import numpy as np
from scipy.special import erf, softmax


def normalize(x, layer):
    """Do what LayerNormalization does; x: (texts, width)."""
    gamma, beta = layer.get_weights()
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + layer.epsilon) + beta


class CachedGPT:
    """A trained GPT in numpy that reads one token at a time, of each of several texts.

    What later tokens need of it, its key and its value in each block, is kept: it never changes,
    because no token sees a later one.
    """

    def __init__(self, model):
        self.context = model.input_shape[1]
        names = [layer.name for layer in model.layers]
        self.layer = dict(zip(names, model.layers, strict=True))
        self.weights = {name: layer.get_weights() for name, layer in self.layer.items()}
        self.blocks = [name.removesuffix("_wide") for name in names if name.endswith("_wide")]
        self.forget()

    def forget(self):
        self.keys = {name: [] for name in self.blocks}  # of each token: (texts, heads, size)
        self.values = {name: [] for name in self.blocks}
        self.length = 0

    def read(self, tokens):
        """Return the logits (texts, symbols) after what was read so far and a token more of each.

        tokens: (texts,)
        """
        x = self.weights["embedding"][0][tokens]  # (texts, width)
        if "positions" in self.weights:
            x = x + self.weights["positions"][0][self.length]
        for name in self.blocks:
            x = x + self.attend(normalize(x, self.layer[f"{name}_normal_1"]), name)
            kernel, bias = self.weights[f"{name}_wide"]
            wide = normalize(x, self.layer[f"{name}_normal_2"]) @ kernel + bias
            wide = wide * (1 + erf(wide / np.sqrt(2))) / 2  # gelu
            kernel, bias = self.weights[f"{name}_narrow"]
            x = x + wide @ kernel + bias
        self.length += 1
        kernel, bias = self.weights["logits"]
        return normalize(x, self.layer["normal"]) @ kernel + bias

    def attend(self, x, name):
        """Let the newest tokens, (texts, width), look at those before them and at themselves."""
        weights = self.weights[f"{name}_attention"]
        query, key, value = (
            np.einsum("nf,fhd->nhd", x, kernel) + bias
            for kernel, bias in zip(weights[:6:2], weights[1:6:2], strict=True)
        )
        self.keys[name].append(key)
        self.values[name].append(value)
        match = np.einsum("nhd,tnhd->nht", query, np.array(self.keys[name]))
        shares = softmax(match / np.sqrt(query.shape[-1]), axis=2)  # (texts, heads, time)
        mixture = np.einsum("nht,tnhd->nhd", shares, np.array(self.values[name]))
        return np.einsum("nhd,hdf->nf", mixture, weights[6]) + weights[7]


def last_window(length, context):
    """Return where the window begins in which the network reads a text of this length.

    When it is full, it forgets its first half, and reads the other half anew.
    """
    half = context // 2
    return 0 if length <= context else math.ceil((length - context) / half) * half


def cached_logits(model):
    """Return a function that gives the logits (texts, symbols) after tokens, (texts, length)."""
    cache, begins = CachedGPT(model), 0

    def logits(tokens):
        nonlocal begins
        if last_window(tokens.shape[1], cache.context) != begins:
            begins = last_window(tokens.shape[1], cache.context)
            cache.forget()
        for newest in tokens[:, begins + cache.length :].T:
            result = cache.read(newest)
        return result

    return logits


def keras_logits(model):
    """Return the same without a cache: the whole window is worked out for every token."""
    context = model.input_shape[1]

    def logits(tokens):
        tokens = tokens[:, last_window(tokens.shape[1], context) :]
        length = tokens.shape[1]  # what stands after these, no place sees
        window = np.pad(tokens, ((0, 0), (0, context - length)))
        return model.predict_on_batch(window)[:, length - 1]

    return logits
