"""What came after: self-attention by hand, and a transformer block that reads surnames.

    python rnn/cells/attention.py

You will see how much each of four letters looks at those before it, in a self-attention worked out
in numpy and compared with Keras's; then how many bits per letter a GRU and a somewhat
larger transformer need for held-out surnames, and how long they take. Two minutes on two cores.
Chapter: rnn/cells/README.md#what-came-after-attention
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np
from keras import layers

import names
from letters import LONGEST, SYMBOLS, difference, load_names, mean_bits, network_bits
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

HEADS, SIZE = 2, 4  # of the attention by hand: heads, and numbers per letter
WIDTH = 64  # numbers that stand for a letter in the transformer
INNER = 128  # neurons of its hidden layer
GRU_UNITS = 80
EPOCHS = 3
SEED = 1


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def attention(x, weights):
    """Return the outputs (steps, features) of self-attention on x, and who looks at whom.

    Each step asks a question (query); each step before it, and itself, has a key and a value. The
    better key and question match, the more of the value is taken. Source: Vaswani and others,
    "Attention is all you need", 2017. weights: as Keras keeps them, kernels and biases of query,
    key, value (features, heads, size) and output (heads, size, features).
    """
    query, key, value = (
        np.einsum("sf,fhd->hsd", x, kernel) + bias[:, None]
        for kernel, bias in zip(weights[:6:2], weights[1:6:2], strict=True)
    )
    match = query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])  # (heads, steps, steps)
    match += np.triu(np.full(match.shape[1:], -np.inf), k=1)  # no step sees the future
    shares = softmax(match)
    return np.einsum("hsd,hdf->sf", shares @ value, weights[6]) + weights[7], shares


def compare_with_keras():
    """Return the shares by hand, and the largest difference between the outputs and Keras's."""
    random = np.random.default_rng(SEED)
    x = random.normal(size=(4, 3)).astype("float32")
    layer = layers.MultiHeadAttention(HEADS, SIZE)
    layer.build((None, 4, 3), (None, 4, 3))
    layer.set_weights([random.normal(size=w.shape) for w in layer.get_weights()])
    outputs, shares = attention(x, layer.get_weights())
    theirs = keras.ops.convert_to_numpy(layer(x[None], x[None], use_causal_mask=True))[0]
    return shares, float(np.abs(outputs - theirs).max())


class AddPositions(layers.Layer):
    """Adds a vector for its place to each step, since attention by itself ignores the order."""

    def build(self, shape):
        self.places = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.places


def build_transformer():
    """Return a network with one transformer block in place of the recurrent layer."""
    text = keras.Input((LONGEST + 1,), dtype="int32")
    x = AddPositions()(layers.Embedding(SYMBOLS, WIDTH)(text))
    looked = layers.MultiHeadAttention(4, WIDTH // 4)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(x + looked)
    thought = layers.Dense(WIDTH)(layers.Dense(INNER, activation="relu")(x))
    x = layers.LayerNormalization()(x + thought)
    return keras.Model(text, layers.Dense(SYMBOLS)(x))


def build_gru():
    return names.build_network("gru", GRU_UNITS)


def main(argv=None):
    """Return the difference by hand, and bits, parameters and seconds of both networks."""
    parser = make_parser("Self-attention by hand, and a transformer block.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    about = "names to learn from; None: all"
    parser.add_argument("--names", type=positive(int), metavar="N", help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    shares, largest = compare_with_keras()
    with np.printoptions(precision=2, suppress=True, floatmode="fixed"):
        print(f"How much each step looks at the steps, first head:\n{shares[0]}")
    print(f"Largest difference from Keras: {largest:.1e}")

    train_names, validation, test = load_names(SEED, args.names)
    bits, results = {}, {"difference": largest, "shares": shares.tolist()}
    for name, build in {"GRU": build_gru, "transformer": build_transformer}.items():
        keras.utils.set_random_seed(SEED)
        model = build()
        start = time.perf_counter()
        names.train(model, train_names, validation, args.epochs)
        seconds = time.perf_counter() - start
        bits[name] = network_bits(model, test)
        results[name] = {
            "bits": mean_bits(bits[name]),
            "parameters": model.count_params(),
            "seconds": seconds,
        }
        print(
            "{:12}{bits:.3f} bits, {parameters:,} parameters, {seconds:.0f} s".format(
                name, **results[name]
            )
        )
    results["ahead"] = difference(bits["transformer"], bits["GRU"], SEED)
    print("transformer - GRU: {mean:.3f} ({low:.3f} to {high:.3f})".format(**results["ahead"]))
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
