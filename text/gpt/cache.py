"""Machinery of the chapter: a trained GPT that reads on, with a cache of keys and values.

`python text/gpt/generate.py RUN --check` compares it with the network without the cache.
Chapter: text/gpt/README.md#writing
"""

import math

import keras
import numpy as np

from text.gpt.gpt import XLA, CausalAttention


def with_cache(model):
    """Return the network as one that reads on.

    It takes {"tokens": (texts, time), "begin": how many tokens were read before, once for each
    text, "caches": of each block keys and values, (texts, 2, context, groups, size)}, and returns
    {"logits": (texts, time, symbols), "caches"}. Its weights are those of the model, but for those
    of attention, which are copies.
    """
    layer, names = model.get_layer, [layer.name for layer in model.layers]
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    begin = keras.Input((), dtype="int32", name="begin")
    x, place = layer("embedding")(tokens), begin[0]
    if "positions" in names:
        x = layer("positions")(x, place)
    before, after = [], []
    for name in (name.removesuffix("_wide") for name in names if name.endswith("_wide")):
        trained = layer(f"{name}_attention")
        shape = 2, model.input_shape[1], trained.groups, trained.size
        before.append(keras.Input(shape, name=f"{name}_cache"))
        # A twin: where a layer was called before without a cache, Keras 3.15.1 does not see that it
        # also returns one.
        attention = CausalAttention.from_config(trained.get_config())
        taken, cache = attention(layer(f"{name}_normal_1")(x), before[-1], place)
        attention.set_weights(trained.get_weights())
        after.append(cache)
        x = x + taken
        y = layer(f"{name}_normal_2")(x)
        wide = layer(f"{name}_wide")(y)
        wide = wide * layer(f"{name}_gate")(y) if f"{name}_gate" in names else wide
        x = x + layer(f"{name}_narrow")(wide)
    logits = layer("embedding")(layer("normal")(x), reverse=True)
    inputs = {"tokens": tokens, "begin": begin, "caches": before}
    return keras.Model(inputs, {"logits": logits, "caches": after})


class Reader:
    """A trained GPT that reads on, some tokens at a time, in each of several texts.

    What later tokens need of a token, its key and its value in each block, is kept: it never
    changes, because no token sees a later one. The places of the cache are there from the
    beginning, so that all steps have the same shapes.
    """

    def __init__(self, model, xla=False):
        self.context = model.input_shape[1]
        self.network = with_cache(model)
        self.network.compile(jit_compile=XLA if xla else "auto")
        self.forget()

    def forget(self):
        self.caches, self.length = None, 0

    def read(self, tokens):
        """Return the logits (texts, symbols) after what was read so far and these tokens.

        tokens: (texts, time)
        """
        if self.length + tokens.shape[1] > self.context:
            raise ValueError(f"there are places for {self.context} tokens")
        if self.caches is None:
            shapes = [one.shape[1:] for one in self.network.input["caches"]]
            self.caches = [np.zeros((len(tokens), *shape), "float32") for shape in shapes]
        begin = np.full(len(tokens), self.length, "int32")
        given = {"tokens": tokens, "begin": begin, "caches": self.caches}
        said = self.network.predict_on_batch(given)
        self.caches, self.length = said["caches"], self.length + tokens.shape[1]
        return said["logits"][:, -1]


def last_window(length, context):
    """Return where the window begins in which the network reads a text of this length.

    When it is full, it forgets its first half, and reads the other half anew.
    """
    half = max(1, context // 2)
    return 0 if length <= context else math.ceil((length - context) / half) * half


def cached_logits(model, xla=False):
    """Return a function that gives the logits (texts, symbols) after tokens, (texts, length).

    xla: whether XLA makes one program of the network. Its steps are faster, after seconds of work.
    """
    reader, seen, begins = Reader(model, xla), np.zeros((0, 0), int), 0

    def logits(tokens):
        nonlocal seen, begins
        before, begins = begins, last_window(tokens.shape[1], reader.context)
        longer = tokens.shape[1] > seen.shape[1]
        if begins != before or not (longer and np.array_equal(tokens[:, : seen.shape[1]], seen)):
            reader.forget()  # another window, or another text
        seen = tokens
        return reader.read(tokens[:, begins + reader.length :])

    return logits


def uncached_logits(model, xla=False):
    """Return the same without a cache: the whole window is worked out for every token.

    The model is compiled anew, for this alone: it loses its loss and its optimizer.
    """
    context = model.input_shape[1]
    model.compile(jit_compile=XLA if xla else "auto")

    def logits(tokens):
        tokens = tokens[:, last_window(tokens.shape[1], context) :]
        length = tokens.shape[1]  # what stands after these, no place sees
        window = np.pad(tokens, ((0, 0), (0, context - length)))
        return model.predict_on_batch(window)[:, length - 1]

    return logits
