"""A GPT: a network that says, at each place of a text, how likely each next token is.

    python text/gpt/gpt.py
    python text/gpt/gpt.py --like gpt2

You will see the layers of the network that `shakespeare.py` trains, with the shape of what each
one returns and its parameters, and the loss before any training: about that of guessing. Takes
seconds. Sources: Radford and others, "Language models are unsupervised multitask learners" (GPT-2),
2019, and Touvron and others, "LLaMA 2", 2023, with RMSNorm (Zhang and Sennrich, 2019), rotary
positions (Su and others, 2021), SwiGLU (Shazeer, 2020) and shared keys (Ainslie and others, 2023).
Chapter: text/gpt/README.md#the-network
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers, ops

from utils.options import make_parser
from utils.runs import make_folder, save_results

CONTEXT = 64  # places that the network sees at once; time, in the shapes below
WIDTH = 128  # numbers that stand for a token
HEADS = 4  # of each attention
BLOCKS = 4
SYMBOLS = 65  # different characters of Shakespeare's plays
SEED = 1
# What may differ in a block; groups: sets of keys and values that heads share; None: no sharing.
TODAY = {"rotary": True, "rms": True, "gated": True, "activation": "silu", "groups": 2}
GPT2 = {"rotary": False, "rms": False, "gated": False, "activation": "gelu", "groups": None}
KINDS = {"today": TODAY, "gpt2": GPT2}
TURNS = 10_000  # the slowest pair of a rotary position takes over half as many places for a radian
# For compile: XLA makes one program of many operations. JAX uses it anyway; PyTorch has none here.
XLA = True if keras.config.backend() == "tensorflow" else "auto"


@keras.saving.register_keras_serializable("text")
class Positions(layers.Layer):
    """Adds a vector for its place to each token's vector: attention by itself has no order."""

    def __init__(self, context, **options):
        super().__init__(**options)
        self.context = context

    def build(self, shape):
        self.places = self.add_weight((self.context, shape[-1]), "random_normal", name="places")

    def call(self, x, begin=0):
        return x + ops.take(self.places, begin + ops.arange(ops.shape(x)[1]), axis=0)

    def get_config(self):
        return super().get_config() | {"context": self.context}


def rotate(x, begin=0):
    """Turn pairs of numbers by an angle that grows with the place: (batch, time, heads, size).

    A query and a key then match by how far apart they are, wherever they stand.
    """
    half, time = x.shape[-1] // 2, ops.shape(x)[1]
    places = ops.cast(begin + ops.arange(time), "float32")
    speeds = TURNS ** -(np.arange(half, dtype="float32") / half)
    angles = (places[:, None] * speeds)[:, None]  # (time, 1, half), the same for each head
    first, second = x[..., :half], x[..., half:]
    cos, sin = (ops.cast(wave(angles), x.dtype) for wave in (ops.cos, ops.sin))
    return ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


@keras.saving.register_keras_serializable("text")
class CausalAttention(layers.Layer):
    """Attention in which no token sees a later one; groups of heads share keys and values.

    With a cache, (batch, 2, context, groups, size) of keys and values, and `begin`, how many tokens
    are in it, the layer reads on: it returns what the new tokens take, and the cache with them.
    """

    def __init__(self, heads, groups, rotary, **options):
        super().__init__(**options)
        self.heads, self.groups, self.rotary = heads, groups, rotary

    def build(self, shape):
        width = shape[-1]
        self.size = width // self.heads  # of a head
        units = {"query": width, "key": self.groups * self.size, "mix": width}
        for name, count in (units | {"value": units["key"]}).items():
            layer = layers.Dense(count, use_bias=False, dtype=self.dtype_policy, name=name)
            layer.build(shape)
            setattr(self, name, layer)

    def call(self, x, cache=None, begin=0):
        query, key, value = self.project(x, begin)
        if cache is not None:
            new = ops.stack([key, value], axis=1)
            cache = ops.slice_update(cache, (0, 0, begin, 0, 0), new)
            key, value = cache[:, 0], cache[:, 1]
        taken = self.take(self.share(query, key, begin), value)
        return taken if cache is None else (taken, cache)

    def compute_output_spec(self, x, cache=None, begin=0):  # JAX cannot tell whether new ones fit
        taken = keras.KerasTensor(x.shape, self.compute_dtype)
        return taken if cache is None else (taken, keras.KerasTensor(cache.shape, cache.dtype))

    def project(self, x, begin=0):
        """Return queries, keys and values, each (batch, time, heads or groups, size)."""
        query, key, value = (
            ops.reshape(layer(x), (-1, ops.shape(x)[1], layer.units // self.size, self.size))
            for layer in (self.query, self.key, self.value)
        )
        if self.rotary:
            query, key = rotate(query, begin), rotate(key, begin)
        return query, key, value

    def share(self, query, key, begin=0):
        """Return how much each new token takes of each: (batch, groups, heads of one, new, all)."""
        time, known = ops.shape(query)[1], ops.shape(key)[1]
        grouped = (-1, time, self.groups, self.heads // self.groups, self.size)
        match = ops.einsum("bqghd,bkgd->bghqk", ops.reshape(query, grouped), key)
        seen = begin + ops.arange(time)[:, None] >= ops.arange(known)
        return ops.softmax(ops.where(seen, match / self.size**0.5, -1e9))

    def take(self, shares, value):
        taken = ops.einsum("bghqk,bkgd->bqghd", shares, value)
        return self.mix(ops.reshape(taken, (-1, ops.shape(taken)[1], self.heads * self.size)))

    def get_config(self):
        mine = {"heads": self.heads, "groups": self.groups, "rotary": self.rotary}
        return super().get_config() | mine


@keras.saving.register_keras_serializable("text")
def squared_relu(x):  # So and others, "Primer", 2021
    return ops.square(ops.relu(x))


def normal(kind, name):
    make = layers.RMSNormalization if kind["rms"] else layers.LayerNormalization
    return make(name=name)


def add_block(x, heads, kind, name, dropout=0.0):
    """Let the tokens look at one another, then let each one think by itself.

    Both times the result is added to x, and what they get is normalized before. All shapes are
    (batch, time, width), but for the gate and what is wide: (batch, time, inner).
    """
    width, bias, groups = x.shape[-1], not kind["rms"], min(kind["groups"] or heads, heads)
    attention = CausalAttention(heads, groups, kind["rotary"], name=f"{name}_attention")
    taken = attention(normal(kind, f"{name}_normal_1")(x))
    x = x + layers.Dropout(dropout, name=f"{name}_dropout_1")(taken)
    y = normal(kind, f"{name}_normal_2")(x)
    if kind["gated"]:
        inner = 8 * width // 3  # with three matrices, as many weights as two have with 4 * width
        gate = layers.Dense(inner, kind["activation"], use_bias=bias, name=f"{name}_gate")(y)
        y = gate * layers.Dense(inner, use_bias=bias, name=f"{name}_wide")(y)
    else:
        y = layers.Dense(4 * width, kind["activation"], use_bias=bias, name=f"{name}_wide")(y)
    thought = layers.Dense(width, use_bias=bias, name=f"{name}_narrow")(y)
    return x + layers.Dropout(dropout, name=f"{name}_dropout_2")(thought)


def build_gpt(
    symbols, context=CONTEXT, width=WIDTH, heads=HEADS, blocks=BLOCKS, kind=TODAY, dropout=0.0,
    tied=True,
):  # fmt: skip
    """Return the network: tokens (batch, time) to logits (batch, time, symbols).

    The logits at a place are for the token after it. symbols: how many different tokens there are.
    tied: whether these are multiplied with the vectors that stand for the tokens.
    """
    tokens = keras.Input((context,), dtype="int32", name="tokens")
    embedding = layers.ReversibleEmbedding(symbols, width, tied, name="embedding")
    x = embedding(tokens)  # (batch, time, width)
    if not kind["rotary"]:
        x = Positions(context, name="positions")(x)
    for number in range(blocks):
        x = add_block(x, heads, kind, f"block_{number + 1}", dropout)
    logits = embedding(normal(kind, "normal")(x), reverse=True)  # (batch, time, symbols)
    return keras.Model(tokens, logits, name="gpt")


def main(argv=None):
    """Return the number of parameters, and the loss of the untrained network on random tokens."""
    parser = make_parser("The layers of a small GPT.", OUTPUTS)
    parser.add_argument("--like", choices=KINDS, default="today", help="of which kind")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(SEED)
    model = build_gpt(SYMBOLS, CONTEXT, WIDTH, HEADS, BLOCKS, KINDS[args.like])
    model.summary()
    tokens = np.random.default_rng(SEED).integers(SYMBOLS, size=(12, CONTEXT + 1))
    next_token_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss, guessing = float(next_token_loss(tokens[:, 1:], model(tokens[:, :-1]))), np.log(SYMBOLS)
    print(f"loss {loss:.2f}; guessing among {SYMBOLS} characters: {guessing:.2f}")
    results = {"parameters": model.count_params(), "loss": loss, "guessing": guessing}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
