"""Why order matters: which of two letters came first?

    python rnn/order.py

Sequences contain an A, a B and other letters that mean nothing. You will see how often four
networks are right about which of the two came first: one that only gets how often each letter
occurs, an MLP, a SimpleRNN and a GRU, for sequences of 5, 20 and 40 letters; and how the last
two do on lengths that they were not trained on. About two minutes on two cores.
Chapter: rnn/README.md#why-order-matters
"""

from chapter import OUTPUTS

import statistics

import keras
import numpy as np
from keras import layers

from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

LETTERS = 8  # A, B and six others
LENGTHS = [5, 20, 40]  # letters of a sequence, training runs for each
OTHER_LENGTHS = [5, 10, 20, 40, 80]  # on which those trained with TRAINED_ON are tested
TRAINED_ON = 20
MIXED = [5, 10, 15, 20]  # the same networks, trained on all of these lengths
SEQUENCES, TEST_SEQUENCES = 3_000, 2_000
UNITS = 16
EPOCHS = 10
BATCH_SIZE = 64
LEARNING_RATE = 0.005
SEEDS = 3


def make_sequences(count, length, random):
    """Return letters, one-hot, (count, length, LETTERS), and 1 where A comes first, (count,)."""
    letters = random.integers(2, LETTERS, size=(count, length))
    # Two different places of each sequence, in random order.
    places = random.permuted(np.tile(np.arange(length), (count, 1)), axis=1)[:, :2]
    rows = np.arange(count)
    letters[rows, places[:, 0]], letters[rows, places[:, 1]] = 0, 1
    return np.eye(LETTERS, dtype="float32")[letters], places[:, 0] < places[:, 1]


def counts():
    """How often each letter occurs, and no more."""
    return [layers.GlobalAveragePooling1D(), layers.Dense(UNITS, activation="relu")]


def perceptron():
    """A weight for each letter at each place."""
    return [layers.Flatten(), layers.Dense(UNITS, activation="relu")]


def simple_rnn():
    return [layers.SimpleRNN(UNITS)]


def gru():
    return [layers.GRU(UNITS)]


BUILDERS = {"counts": counts, "perceptron": perceptron, "SimpleRNN": simple_rnn, "GRU": gru}


def train(build, lengths, seed, epochs):
    """Return a network trained on sequences of these lengths, made anew from the seed."""
    keras.utils.set_random_seed(seed)
    # A recurrent network takes sequences of any length: None. An MLP must know the length.
    steps = lengths[0] if build is perceptron else None
    output = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((steps, LETTERS)), *build(), output])
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(seed)
    sets = [make_sequences(SEQUENCES // len(lengths), length, random) for length in lengths]
    # All sequences of a batch have one length. With several lengths, they take turns.
    turns = epochs if len(sets) > 1 else 1
    for _ in range(turns):
        for x, y in sets:
            model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs // turns, verbose=0)
    return model


def accuracy(model, length, seed):
    """Return the accuracy on new sequences of a length."""
    x, y = make_sequences(TEST_SEQUENCES, length, np.random.default_rng(1_000_000 + seed))
    return float(((keras.ops.convert_to_numpy(model(x))[:, 0] > 0.5) == y).mean())


def evaluate(models, length):
    """Return the accuracies of models, one for each seed, with their mean and deviation."""
    found = [accuracy(model, length, seed) for seed, model in enumerate(models, 1)]
    deviation = statistics.stdev(found) if len(found) > 1 else None
    return {"accuracies": found, "mean": statistics.mean(found), "deviation": deviation}


def main(argv=None):
    """Return accuracies by network and length, and by length for those trained on 20 letters."""
    parser = make_parser("Which of two letters came first?", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    seeds = range(1, args.seeds + 1)
    trained, elsewhere, parameters = {}, {}, {}
    for name, build in BUILDERS.items():
        trained[name], parameters[name] = {}, {}
        for length in LENGTHS:
            models = [train(build, [length], seed, args.epochs) for seed in seeds]
            trained[name][str(length)] = evaluate(models, length)
            parameters[name][str(length)] = models[0].count_params()
            shown = "".join(f"{a:8.1%}" for a in trained[name][str(length)]["accuracies"])
            print(f"{name:12}{length:4} letters:{shown}")
            if length == TRAINED_ON and build in (simple_rnn, gru):
                mixed = [train(build, MIXED, seed, args.epochs) for seed in seeds]
                for lengths, tested in ((length, models), ("mixed", mixed)):
                    scores = {str(other): evaluate(tested, other) for other in OTHER_LENGTHS}
                    elsewhere[f"{name}_{lengths}"] = scores
    for name, scores in elsewhere.items():
        for length, one in scores.items():
            shown = "".join(f"{a:8.1%}" for a in one["accuracies"])
            print(f"trained on {name:16} tested on {length:>2} letters:{shown}")
    results = {"trained": trained, "elsewhere": elsewhere, "parameters": parameters}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
