"""Machinery of the chapter: the GPT and a GRU with one thing changed, and how each is trained.

Chapter: text/gpt/README.md#what-matters
"""

import time

import keras
import numpy as np
from keras import layers, ops

from text.gpt.characters import Text, mean_with_interval, token_losses
from text.gpt.gpt import CONTEXT, WIDTH, build_gpt
from text.gpt.shakespeare import LEARNING_RATE, WARM_UP, batches, make_optimizer
from text.pieces import Encoder, learn
from utils.options import verbosity
from utils.training import TimeCallback

# What is changed in each one. The chapter's network is "base".
VARIANTS = {
    "base": {},
    "no_positions": {"positions": False},
    "one_head": {"heads": 1},
    "one_layer": {"blocks": 1},
    "half_the_text": {"half": True},
    "double_steps": {"double": True},
    "no_warm_up": {"warm_up": 0},
    "higher_rate": {"learning_rate": 0.003},
    "tied": {"tied": True},
    "width_64": {"width": 64},
    "width_256": {"width": 256},
    "bpe": {"pieces": 512},
    "gru": {"gru": True},
    "gru_higher_rate": {"gru": True, "learning_rate": 0.003},
}
UNITS = 448  # of the GRU: with them it has about as many weights as the GPT
TIMED = 20  # steps, to see how long one takes


class Tied(layers.Layer):
    """The last layer without weights of its own: a token's logit is x times its own vector."""

    def __init__(self, embedding):
        super().__init__()
        self.embedding = embedding

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.embedding.embeddings))


def build(symbols, tied=False, gru=False, **sizes):
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
    model = build_gpt(symbols, **sizes)
    if tied:
        logits = Tied(model.get_layer("embedding"))(model.get_layer("normal").output)
        model = keras.Model(model.inputs, logits)
    return model


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


def fit(model, text, steps, seed, optimizer, **options):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss=loss, metrics=["accuracy"])
    model.fit(
        batches(text.train, CONTEXT, seed), steps_per_epoch=steps, shuffle=False,
        verbose=verbosity(), **options,
    )  # fmt: skip


def seconds_a_step(model, text, steps):
    """Return how long a step takes at best, without the first ones, in which all is prepared."""
    timer = TimeCallback()
    fit(model, text, TIMED, 0, make_optimizer(steps), epochs=4, callbacks=[timer])
    return min(timer.times[1:]) / TIMED


def train(
    text, steps, seed, half=False, double=False, pieces=None, learning_rate=LEARNING_RATE,
    warm_up=WARM_UP, **network,
):  # fmt: skip
    """Train a variant; return what it reached, and the loss of each character, (characters,).

    The GRU does as many steps as fit into the seconds that the chapter's network would take.
    """
    own, lengths = prepare(text, half, pieces)
    symbols, steps = len(own.alphabet), steps * (1 + double)
    if network.get("gru"):
        base, gru = (seconds_a_step(build(symbols, gru=gru), text, steps) for gru in (False, True))
        steps = round(steps * base / gru)
    keras.utils.set_random_seed(seed)
    model = build(symbols, **network)
    start = time.perf_counter()
    fit(model, own, steps, seed, make_optimizer(steps, learning_rate, warm_up))
    seconds = time.perf_counter() - start
    # What a token costs is shared out among its characters, so that all variants can be compared.
    losses = np.repeat(token_losses(model, own.validation) / lengths[1:], lengths[1:])
    return {
        "parameters": model.count_params(),
        "steps": steps,
        "seconds": seconds,
        **mean_with_interval(losses),
    }, losses
