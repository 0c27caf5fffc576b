"""Machinery of the chapter: the GPT and a GRU with one thing changed, and how each is trained.

Chapter: text/gpt/README.md#what-matters
"""

import time

import keras
import numpy as np
from keras import layers

from text.gpt.characters import Text, mean_with_interval, token_losses
from text.gpt.gpt import CONTEXT, WIDTH, build_gpt
from text.gpt.shakespeare import batches, make_optimizer
from text.pieces import Encoder, learn
from utils.options import verbosity

# What is changed in each one. The chapter's network is "base".
VARIANTS = {
    "base": {},
    "no_positions": {"positions": False},
    "one_head": {"heads": 1},
    "one_layer": {"blocks": 1},
    "half_the_text": {"half": True},
    "double_steps": {"double": True},
    "width_64": {"width": 64},
    "width_256": {"width": 256},
    "bpe": {"pieces": 512},
}
RIVALS = {"GPT": {}, "GRU": {"gru": True}}  # each of them gets a learning rate of its own
RATE = 0.001  # of all variants: nanoGPT's
UNITS = 448  # of the GRU: with them it has about as many weights as the GPT


def build(symbols, gru=False, **sizes):
    """Return the network of a variant: tokens (batch, time) to logits (batch, time, symbols)."""
    if gru:
        return keras.Sequential(
            [
                keras.Input((CONTEXT,), dtype="int32"),
                layers.Embedding(symbols, WIDTH),
                layers.GRU(UNITS, return_sequences=True),
                layers.Dense(symbols),
            ]
        )
    return build_gpt(symbols, **sizes)


def prepare(text, half=False, pieces=None):
    """Return the Text that a variant learns from, and how many characters each token has."""
    if half:
        text = text._replace(train=text.train[: len(text.train) // 2])
    if not pieces:
        return text, np.ones(len(text.validation), int)
    learned, unseen = (
        "".join(text.alphabet[token] for token in part) for part in (text.train, text.validation)
    )
    encoder = Encoder(learn(learned, pieces))
    train, validation = (np.array(encoder.encode(part), "int32") for part in (learned, unseen))
    text = Text(encoder.pieces, train, validation)  # Shakespeare's characters are one byte each
    return text, np.array([len(encoder.pieces[token]) for token in validation])


def train(text, steps, seed, half=False, double=False, pieces=None, learning_rate=RATE, **network):
    """Train a variant; return what it reached, and the loss of each character, (characters,)."""
    own, lengths = prepare(text, half, pieces)
    steps *= 1 + double
    keras.utils.set_random_seed(seed)
    model = build(len(own.alphabet), **network)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(make_optimizer(steps, learning_rate), loss=loss, metrics=["accuracy"])
    start = time.perf_counter()
    rows = batches(own.train, CONTEXT, seed)
    model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=verbosity())
    seconds = time.perf_counter() - start
    # What a token costs is shared out among its characters, so that all variants can be compared.
    losses = np.repeat(token_losses(model, own.validation) / lengths[1:], lengths[1:])
    return {
        "parameters": model.count_params(),
        "steps": steps,
        "seconds": seconds,
        **mean_with_interval(losses),
    }, losses
