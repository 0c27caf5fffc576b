"""Machinery of the chapter: the GPT and a GRU with one thing changed, and how each is trained.
Chapter: text/gpt/README.md#what-matters
"""

import keras
from keras import layers

from text.gpt.characters import character_losses, load_text, mean_with_interval
from text.gpt.gpt import CONTEXT, GPT2, TODAY, WIDTH, XLA, build_gpt, squared_relu
from text.gpt.shakespeare import (
    CLIP_NORM,
    LEARNING_RATE,
    WARM_UP,
    WEIGHT_DECAY,
    batches,
    make_optimizer,
    make_schedule,
)
from utils.options import verbosity
from utils.training import TimeCallback

# What each one has in place of the default, which is "today".
VARIANTS = {
    "base": {"kind": GPT2},
    "rotary": {"kind": GPT2 | {"rotary": True}},
    "rms": {"kind": GPT2 | {"rms": True}},
    "gated": {"kind": GPT2 | {"gated": True, "activation": "silu"}},
    "squared": {"kind": GPT2 | {"activation": squared_relu}},
    "groups": {"kind": GPT2 | {"groups": 2}},
    "untied": {"kind": GPT2, "tied": False},
    "today": {},
    "own_keys": {"kind": TODAY | {"groups": None}},
    **{f"pieces_{count}": {"pieces": count} for count in (192, 448, 960)},
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
    text = load_text(pieces=pieces) if pieces else text
    keras.utils.set_random_seed(seed)
    model = build(len(text.alphabet), **network)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = choose_optimizer(make_schedule(steps, learning_rate, warm_up), adamw)
    model.compile(optimizer, loss=loss, jit_compile=XLA if xla else "auto")
    rows, clock = batches(text.train, CONTEXT, seed), TimeCallback()
    model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=verbosity(), callbacks=[clock])
    losses = character_losses(model, text.validation, text.alphabet)
    return {
        "parameters": model.count_params(),
        "steps": steps,
        "seconds": sum(clock.times),
        **mean_with_interval(losses),
    }, losses
