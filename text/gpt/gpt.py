"""A GPT: a network that says, at each place of a text, how likely each next character is.

    python text/gpt/gpt.py

You will see the layers of the network that `shakespeare.py` trains, with the shape of what each
one returns and its parameters, and the loss before any training: about that of guessing. Takes
seconds. Source: Radford and others, "Language models are unsupervised multitask learners" (GPT-2),
2019; the sizes are those of Andrej Karpathy's nanoGPT for a computer without a GPU.
Chapter: text/gpt/README.md#the-network
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from utils.options import make_parser
from utils.runs import make_folder, save_results

CONTEXT = 64  # places that the network sees at once; time, in the shapes below
WIDTH = 128  # numbers that stand for a token
HEADS = 4  # of each attention
BLOCKS = 4
SYMBOLS = 65  # different characters of Shakespeare's plays
SEED = 1


@keras.saving.register_keras_serializable("text")
class Positions(layers.Layer):
    """Adds a vector for its place to each token's vector: attention by itself has no order."""

    def build(self, input_shape):
        shape = input_shape[1:]
        self.places = self.add_weight(name="places", shape=shape, initializer="random_normal")

    def call(self, x):
        return x + self.places  # (batch, time, width) + (time, width)


def add_block(x, heads, name):
    """Let the tokens look at one another, then let each one think by itself.

    Both times the result is added to x, and what they get is normalized before. All shapes are
    (batch, time, width), but where a comment says otherwise.
    """
    width = x.shape[-1]
    normal = layers.LayerNormalization(name=f"{name}_normal_1")(x)
    # Within, for each head: (batch, heads, time, time), who looks at whom; none sees the future.
    attention = layers.MultiHeadAttention(
        num_heads=heads, key_dim=width // heads, name=f"{name}_attention"
    )
    x = x + attention(normal, normal, use_causal_mask=True)
    normal = layers.LayerNormalization(name=f"{name}_normal_2")(x)
    wide = layers.Dense(4 * width, activation="gelu", name=f"{name}_wide")
    return x + layers.Dense(width, name=f"{name}_narrow")(wide(normal))  # wide: 4 * width numbers


def build_gpt(symbols, context=CONTEXT, width=WIDTH, heads=HEADS, blocks=BLOCKS, positions=True):
    """Return the network: tokens (batch, time) to logits (batch, time, symbols).

    The logits at a place are for the token after it. symbols: how many different tokens there are.
    """
    tokens = keras.Input((context,), dtype="int32", name="tokens")  # (batch, time)
    x = layers.Embedding(symbols, width, name="embedding")(tokens)  # (batch, time, width)
    if positions:
        x = Positions(name="positions")(x)
    for number in range(blocks):
        x = add_block(x, heads, f"block_{number + 1}")
    x = layers.LayerNormalization(name="normal")(x)
    logits = layers.Dense(symbols, name="logits")(x)  # (batch, time, symbols)
    return keras.Model(tokens, logits, name="gpt")


def main(argv=None):
    """Return the number of parameters, and the loss of the untrained network on random tokens."""
    args = make_parser("The layers of a small GPT.", OUTPUTS).parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(SEED)
    model = build_gpt(SYMBOLS)
    model.summary()
    tokens = np.random.default_rng(SEED).integers(SYMBOLS, size=(12, CONTEXT + 1))
    # -log of the probability of the true next token, in nats.
    next_token_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = float(next_token_loss(tokens[:, 1:], model(tokens[:, :-1])))
    print(f"loss {loss:.2f}; guessing among {SYMBOLS} characters: {np.log(SYMBOLS):.2f}")
    results = {"parameters": model.count_params(), "loss": loss, "guessing": float(np.log(SYMBOLS))}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
