"""What the options of a recurrent layer do, and what they cost.

    python rnn/cells/costs.py

You will see that a stateful layer that reads a sequence in two halves ends in the same state as
one that reads it whole, and that a masked layer skips the padding. Then a table: the milliseconds
of a training step with each option, measured in turn, and their multiple of the plain layer's.
Half a minute on two cores.
Chapter: rnn/cells/README.md#keeping-state-and-what-options-cost
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np
from keras import layers

from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

SEQUENCES, STEPS, FEATURES, UNITS = 128, 50, 16, 32
ROUNDS = 15  # training steps of each variant, in turn; the fastest counts
SEED = 1


def variants():
    """Return {name: (layer, options of compile)}."""
    plain = {
        "SimpleRNN": layers.SimpleRNN(UNITS),
        "LSTM": layers.LSTM(UNITS),
        "GRU": layers.GRU(UNITS),
        "GRU, return_sequences": layers.GRU(UNITS, return_sequences=True),
        "GRU, stateful": layers.GRU(UNITS, stateful=True),
        "GRU, dropout=0.2": layers.GRU(UNITS, dropout=0.2),
        "GRU, recurrent_dropout=0.2": layers.GRU(UNITS, recurrent_dropout=0.2),
        "GRU, unroll": layers.GRU(UNITS, unroll=True),
        "GRU, masking": layers.GRU(UNITS),
        "GRU, bidirectional": layers.Bidirectional(layers.GRU(UNITS)),
    }
    options = {"jit_compile": False}
    found = {name: (layer, options) for name, layer in plain.items()}
    if keras.config.backend() != "torch":
        found["GRU, compiled by XLA"] = (layers.GRU(UNITS), {"jit_compile": True})
    return found


def build(name, layer, options):
    """Return a model around the layer; its one output is a number per sequence."""
    first = [layers.Masking()] if "masking" in name else []
    last = [layers.Flatten()] if "return_sequences" in name else []
    inputs = keras.Input(batch_shape=(SEQUENCES, STEPS, FEATURES))  # a stateful layer must know
    model = keras.Sequential([inputs, *first, layer, *last, layers.Dense(1)])
    model.compile("adam", loss="mse", **options)
    return model


def milliseconds(rounds):
    """Return the milliseconds of a training step of each variant: the shortest of some rounds."""
    random = np.random.default_rng(SEED)
    x = random.normal(size=(SEQUENCES, STEPS, FEATURES)).astype("float32")
    y = random.normal(size=(SEQUENCES, 1)).astype("float32")
    models = {name: build(name, *variant) for name, variant in variants().items()}
    times = {name: [] for name in models}
    for model in models.values():
        for _ in range(3):
            model.train_on_batch(x, y)  # the first calls prepare and compile
    for _ in range(rounds):
        for name, model in models.items():
            start = time.perf_counter()
            model.train_on_batch(x, y)
            times[name].append(1_000 * (time.perf_counter() - start))
    return {name: min(values) for name, values in times.items()}


def largest(difference):
    return float(np.abs(keras.ops.convert_to_numpy(difference)).max())


def stateful_in_halves():
    """Return the largest difference between a sequence read whole and in two halves."""
    x = np.random.default_rng(SEED).normal(size=(1, 20, FEATURES)).astype("float32")
    whole = layers.GRU(UNITS)
    halves = layers.GRU(UNITS, stateful=True)
    expected = whole(x)
    halves.build((1, 10, FEATURES))
    halves.set_weights(whole.get_weights())
    halves(x[:, :10])
    answer = halves(x[:, 10:])
    halves.reset_state()  # or the next sequence would begin with this one's memory
    return largest(answer - expected)


def masked_padding():
    """Return how far padding moves the output of a layer, without and with a mask."""
    x = np.random.default_rng(SEED).normal(size=(1, 10, FEATURES)).astype("float32")
    padded = np.concatenate([x, np.zeros((1, 5, FEATURES), "float32")], axis=1)
    layer = layers.GRU(UNITS)
    answer = layer(x)
    masked = layer(padded, mask=layers.Masking().compute_mask(padded))
    return largest(layer(padded) - answer), largest(masked - answer)


def main(argv=None):
    """Return the milliseconds of each variant, and what the two demonstrations found."""
    parser = make_parser("Measures what options of recurrent layers cost.", OUTPUTS)
    parser.add_argument("--rounds", type=positive(int), default=ROUNDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(SEED)
    halves, (padded, masked) = stateful_in_halves(), masked_padding()
    print(f"Read in two halves, stateful: differs by {halves:.1e}")
    print(f"Padded with zeros: differs by {padded:.2f}, with a mask by {masked:.1e}")
    times = milliseconds(args.rounds)
    ratios = {name: value / times["GRU"] for name, value in times.items()}
    for name, value in times.items():
        print(f"{name:28}{value:8.1f} ms   {ratios[name]:5.2f} times the GRU")
    results = {"milliseconds": times, "ratios": ratios, "halves": halves}
    results |= {"padded": padded, "masked": masked}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
