"""Why order matters: which of two letters came first?

    python rnn/order.py

Sequences hold an A, a B and other letters that mean nothing. You will see how often four networks
say which of the two came first: one that only gets how often each letter occurs, a
perceptron, a SimpleRNN and a GRU, for sequences of 5, 20 and 60 letters; and how those that were
trained on 20 letters do on shorter and longer sequences. About two minutes on two cores.
Chapter: rnn/README.md#why-order-matters
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_and_deviation

LETTERS = 8  # A, B and six others
LENGTHS = [5, 20, 60]  # letters of a sequence, a training for each
OTHER_LENGTHS = [5, 10, 20, 40, 80]  # on which those trained with TRAINED_ON are tested
TRAINED_ON = 20
SEQUENCES, TEST_SEQUENCES = 4_000, 2_000
UNITS = 16
EPOCHS = 12
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


def counts(length):
    """How often each letter occurs, and no more."""
    return [layers.GlobalAveragePooling1D(), layers.Dense(UNITS, activation="relu")]


def perceptron(length):
    """A weight for each letter at each place."""
    return [layers.Flatten(), layers.Dense(UNITS, activation="relu")]


def simple_rnn(length):
    return [layers.SimpleRNN(UNITS)]


def gru(length):
    return [layers.GRU(UNITS)]


NETWORKS = {"counts": counts, "perceptron": perceptron, "SimpleRNN": simple_rnn, "GRU": gru}


def train(build, length, seed, epochs):
    """Return a network trained on sequences of this length, made anew from the seed."""
    keras.utils.set_random_seed(seed)
    # A recurrent network does not care how long a sequence is: None. A perceptron must know.
    steps = length if build is perceptron else None
    output = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((steps, LETTERS)), *build(length), output])
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    x, y = make_sequences(SEQUENCES, length, np.random.default_rng(seed))
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return model


def accuracy(model, length, seed):
    """Return the accuracy on new sequences of a length."""
    x, y = make_sequences(TEST_SEQUENCES, length, np.random.default_rng(1_000_000 + seed))
    return float(((model.predict(x, verbose=0)[:, 0] > 0.5) == y).mean())


def main(argv=None):
    """Return accuracies by network and length, and by length for those trained on 20 letters."""
    parser = make_parser("Which of two letters came first?", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    trained, elsewhere, parameters = {}, {}, {}
    for name, build in NETWORKS.items():
        trained[name], elsewhere[name], parameters[name] = {}, {}, {}
        for length in LENGTHS:
            models = [train(build, length, s, args.epochs) for s in range(1, args.seeds + 1)]
            parameters[name][str(length)] = models[0].count_params()
            scores = [accuracy(model, length, seed) for seed, model in enumerate(models, 1)]
            trained[name][str(length)] = summary(scores)
            print(f"{name:12}{length:4} letters: " + "".join(f"{a:8.1%}" for a in scores))
            if length == TRAINED_ON and name in ("SimpleRNN", "GRU"):
                for other in OTHER_LENGTHS:
                    scores = [accuracy(m, other, seed) for seed, m in enumerate(models, 1)]
                    elsewhere[name][str(other)] = summary(scores)
    print(f"Trained on {TRAINED_ON} letters, tested on " + ", ".join(map(str, OTHER_LENGTHS)))
    for name, scores in elsewhere.items():
        if scores:
            print(f"{name:12}" + "".join(f"{s['mean']:8.1%}" for s in scores.values()))
    results = {"trained": trained, "elsewhere": elsewhere, "parameters": parameters}
    return save_results(results, folder, __file__, argv)


def summary(scores):
    """Return accuracies with their mean and deviation."""
    mean, deviation = mean_and_deviation(scores)
    return {"accuracies": scores, "mean": mean, "deviation": deviation}


if __name__ == "__main__":
    main()
