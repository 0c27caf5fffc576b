"""Attention by hand: who looks at whom, in numpy, step by step, and compared with Keras.

    python text/gpt/attention.py

You will see how much each of four letters looks at those before it, how far the result is from that
of Keras, and what attention does not see: the order of what came before. Takes seconds.
Chapter: text/gpt/README.md#attention-by-hand
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers
from scipy.special import softmax

from utils.options import make_parser, seed
from utils.runs import make_folder, save_results

STEPS, FEATURES = 4, 3  # letters, and the numbers that stand for each
HEADS, SIZE = 2, 4  # heads, and the numbers of each query, key and value
SEED = 1


def one_head(query, key, value):
    """Return what each step takes from the steps up to itself, (steps, size), and the shares.

    Source: Vaswani and others, "Attention is all you need", 2017.
    """
    match = query @ key.T / np.sqrt(query.shape[-1])  # (steps, steps)
    match += np.triu(np.full(match.shape, -np.inf), k=1)  # no step sees the future
    shares = softmax(match, axis=1)  # each row sums to 1
    return shares @ value, shares


def attention(x, weights):
    """Return the outputs (steps, features) of several heads on x, and shares (heads, steps, steps).

    weights: as Keras keeps them, kernels and biases of query, key and value, (features, heads,
    size) and (heads, size), and of the output, (heads, size, features) and (features,).
    """
    outputs, all_shares = weights[7], []
    for head in range(weights[0].shape[1]):
        query, key, value = (
            x @ kernel[:, head] + bias[head]  # (steps, size)
            for kernel, bias in zip(weights[:6:2], weights[1:6:2], strict=True)
        )
        mixture, shares = one_head(query, key, value)
        outputs = outputs + mixture @ weights[6][head]  # (steps, features)
        all_shares.append(shares)
    return outputs, np.array(all_shares)


def random_layer(random):
    """Return Keras's layer with weights drawn at random."""
    layer = layers.MultiHeadAttention(num_heads=HEADS, key_dim=SIZE)
    layer.build((None, STEPS, FEATURES), (None, STEPS, FEATURES))
    layer.set_weights([random.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def change_of_order(x, weights, places):
    """Return how much the last step's output changes if the steps before it change places.

    places: what is added to each step for its place, (steps, features).
    """
    others = np.append(np.arange(len(x) - 1)[::-1], len(x) - 1)  # 2, 1, 0, 3
    before, after = (attention(letters + places, weights)[0][-1] for letters in (x, x[others]))
    return float(np.abs(before - after).max())


def main(argv=None):
    """Return the shares, the difference from Keras, and what a change of order changes."""
    parser = make_parser("Attention by hand and by Keras.", OUTPUTS, kept=False)
    parser.add_argument("--seed", type=seed, default=SEED, help="of the letters and the weights")
    args = parser.parse_args(argv)
    folder, random = make_folder(args.outputs), np.random.default_rng(args.seed)
    x, layer = random.normal(size=(STEPS, FEATURES)).astype("float32"), random_layer(random)
    outputs, shares = attention(x, layer.get_weights())
    theirs = keras.ops.convert_to_numpy(layer(x[None], x[None], use_causal_mask=True))[0]
    places = random.normal(size=x.shape)
    results = {
        "shares": shares.tolist(),
        "difference": float(np.abs(outputs - theirs).max()),
        "reordered": change_of_order(x, layer.get_weights(), np.zeros(x.shape)),
        "reordered_with_places": change_of_order(x, layer.get_weights(), places),
    }
    with np.printoptions(precision=2, suppress=True, floatmode="fixed"):
        print(f"How much each step looks at the steps, first head:\n{shares[0]}")
    print("Largest difference from Keras: {difference:.1e}".format(**results))
    print(
        "The first three steps in reverse change the last output by {reordered:.1e}; with a vector"
        " for each place by {reordered_with_places:.2f}".format(**results)
    )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
