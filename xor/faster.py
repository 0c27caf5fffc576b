"""A trick for speed: the four rows of XOR repeated 25 times, so fit starts fewer epochs.

    python xor/faster.py

Trains the network of xor.py twice with the same number of steps, first as xor.py does, then with
the rows repeated, and prints the seconds, the accuracy and the four answers of both. What fit calls
an epoch in the second training is 25 passes over the four rows. It shuffles the hundred rows
together, so they come in a different order, and the weights end up different.
Takes less than a minute on two cores.
Chapter: xor/README.md#a-trick-for-speed
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np

import xor
from options import OPTIMIZERS
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

REPEATS = 25  # how many times the four rows are repeated


def train_plainly(model, epochs):
    xor.train(model, xor.OPTIMIZER, xor.LEARNING_RATE, epochs)


def train_repeated(model, epochs, repeats):
    optimizer = OPTIMIZERS[xor.OPTIMIZER](xor.LEARNING_RATE)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    x, y = np.tile(xor.X, (repeats, 1)), np.tile(xor.Y, (repeats, 1))
    model.fit(x, y, batch_size=1, epochs=epochs // repeats, verbose=0)


def measure(train, seed, *options):
    """Train a network of this seed; return the seconds, the accuracy and the answers (4,)."""
    keras.utils.set_random_seed(seed)
    model = xor.build_model(xor.HIDDEN, xor.ACTIVATION)
    start = time.perf_counter()
    train(model, *options)
    seconds = time.perf_counter() - start
    answers = model.predict(xor.X, verbose=0)
    accuracy = float(np.mean((answers > 0.5) == xor.Y))
    return {"seconds": seconds, "accuracy": accuracy, "answers": answers.ravel()}


def main(argv=None):
    parser = make_parser("Trains the same network plainly and with the rows repeated.", OUTPUTS)
    add = parser.add_argument
    add("--epochs", type=positive(int), default=xor.EPOCHS, help="passes over the four rows")
    add("--repeats", type=positive(int), default=REPEATS, help="passes in one epoch of fit")
    add("--seed", type=seed, default=xor.SEED, help="fixes the initial weights")
    args = parser.parse_args(argv)
    if args.epochs % args.repeats:
        parser.error(f"--epochs must be a multiple of --repeats, which is {args.repeats}")
    folder = make_folder(args.outputs)

    results = {
        "plain": measure(train_plainly, args.seed, args.epochs),
        "repeated": measure(train_repeated, args.seed, args.epochs, args.repeats),
    }
    ratio = results["plain"]["seconds"] / results["repeated"]["seconds"]
    print("training  seconds  accuracy  answers")
    for name, one in results.items():
        answers = " ".join(f"{answer:.3f}" for answer in one["answers"])
        print(f"{name:8} {one['seconds']:8.1f} {one['accuracy']:9.0%}  {answers}")
    print(f"With the rows repeated, the same number of steps is {ratio:.1f} times as fast.")
    return save_results(results | {"ratio": ratio}, folder, __file__, argv)


if __name__ == "__main__":
    main()
