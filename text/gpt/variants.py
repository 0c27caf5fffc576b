"""Machinery of the chapter: the GPT and a GRU with one thing changed, and how each is trained.
Chapter: text/gpt/README.md#what-matters
"""

import keras
import numpy as np
from keras import layers

from text.gpt.characters import Text, mean_with_interval, token_losses
from text.gpt.gpt import CONTEXT, GPT2, TODAY, WIDTH, XLA, build_gpt
from text.gpt.shakespeare import (
    CLIP_NORM,
    LEARNING_RATE,
    WARM_UP,
    WEIGHT_DECAY,
    batches,
    make_optimizer,
    make_schedule,
)
from text.pieces import Encoder, learn
from utils.options import verbosity
from utils.training import TimeCallback

# What each one has in place of the default, which is "today".
VARIANTS = {
    "base": {"kind": GPT2},
    "rotary": {"kind": GPT2 | {"rotary": True}},
    "rms": {"kind": GPT2 | {"rms": True}},
    "gated": {"kind": GPT2 | {"gated": True}},
    "groups": {"kind": GPT2 | {"groups": 2}},
    "today": {},
    "own_keys": {"kind": TODAY | {"groups": None}},
    "bpe": {"pieces": 512},
}
RIVALS = {  # each of them gets a learning rate of its own
    "GPT": {},
    "GPT, AdamW": {"adamw": True},
    "GRU": {"gru": True},
}
UNITS = 416  # of the GRU: with them it has about as many weights as the GPT


def build(symbols, gru=False, **sizes):
    """Return the network of a variant: tokens (batch, time) to logits (batch, time, symbols)."""
    if gru:
        return keras.Sequential(
            [
                keras.Input((CONTEXT,), dtype="int32"),
                layers.Embedding(symbols, WIDTH),
                layers.GRU(UNITS, return_sequences=True),
                layers.Dense(symbols, name="output"),
            ]
        )
    return build_gpt(symbols, **sizes)


def choose_optimizer(schedule, adamw=False):
    """Return the optimizer of shakespeare.py, or the one that was usual before."""
    if not adamw:
        return make_optimizer(schedule)
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=WEIGHT_DECAY, beta_2=0.99, global_clipnorm=CLIP_NORM
    )
    optimizer.exclude_from_weight_decay(
        var_names=["embeddings", "places", "scale", "gamma", "beta", "bias"]
    )
    return optimizer


def prepare(text, pieces=None):
    """Return the Text that a variant learns from, and how many characters each token has."""
    if not pieces:
        return text, np.ones(len(text.validation), int)
    learned, unseen = (
        "".join(text.alphabet[token] for token in part) for part in (text.train, text.validation)
    )
    encoder = Encoder(learn(learned, pieces))
    train, validation = (np.array(encoder.encode(part), "int32") for part in (learned, unseen))
    text = Text(encoder.pieces, train, validation)  # Shakespeare's characters are one byte each
    return text, np.array([len(encoder.pieces[token]) for token in validation])


def train(
    text,
    steps,
    seed,
    pieces=None,
    adamw=False,
    learning_rate=LEARNING_RATE,
    warm_up=WARM_UP,
    xla=False,
    **network,
):
    """Train a variant; return what it reached, and the loss of each character, (characters,)."""
    own, lengths = prepare(text, pieces)
    keras.utils.set_random_seed(seed)
    model = build(len(own.alphabet), **network)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = choose_optimizer(make_schedule(steps, learning_rate, warm_up), adamw)
    model.compile(optimizer, loss=loss, jit_compile=XLA if xla else "auto")
    rows, clock = batches(own.train, CONTEXT, seed), TimeCallback()
    model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=verbosity(), callbacks=[clock])
    # What a token costs is shared out among its characters, so that all variants can be compared.
    losses = np.repeat(token_losses(model, own.validation) / lengths[1:], lengths[1:])
    return {
        "parameters": model.count_params(),
        "steps": steps,
        "seconds": sum(clock.times),
        **mean_with_interval(losses),
    }, losses
