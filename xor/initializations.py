"""How often does a randomly initialized network learn XOR?

    python xor/initializations.py          # five kinds of network
    python xor/initializations.py --all    # every kind that the chapter mentions
    python xor/initializations.py --hidden 8 4    # one of your own; also, which are stuck

A thousand networks are trained at once, as one model in which nothing leads from one network to
another (`xor/bundles.py` says how). Each starts from random weights of its own and learns as it
would alone, from the four rows in an order that is new in each epoch. (In `xor.py`, TensorFlow
keeps the order of the first epoch.)

You will see a table; its first line says that 63.4 % of the networks 2-8-4-1 with relu solve
XOR after 300 epochs, 75.8 % after 500 and 82.0 % after 1,000. Five kinds take about a minute on
two cores, and all of them about five minutes; PyTorch takes several times as long.
Chapter: xor/README.md#luck
"""

from chapter import OUTPUTS

import argparse

import keras
import numpy as np

from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results
from xor.bundles import build_bundle
from xor.helpers import add_options
from xor.xor import ACTIVATION, HIDDEN, LEARNING_RATE, OPTIMIZER, X, Y

NETWORKS = 1000  # of each kind, trained at once
EPOCHS = [300, 500, 1000]  # passes over the four rows after which the solved ones are counted
BATCH_SIZE = 1  # rows between two corrections of the weights
SEED = 0  # fixes all weights and orders

SETUPS = [  # hidden layers, activation, optimizer, learning rate
    ([8, 4], "relu", "adam", 0.001),
    ([16, 8], "relu", "adam", 0.001),
    ([8, 4], "tanh", "adam", 0.001),
    ([8, 4], "tanh", "adam", 0.01),
    ([8], "relu", "adam", 0.001),
]
MORE_SETUPS = [
    ([], "relu", "adam", 0.001),
    ([2], "relu", "adam", 0.001),
    ([4], "relu", "adam", 0.001),
    ([16], "relu", "adam", 0.001),
    ([32], "relu", "adam", 0.001),
    ([4, 2], "relu", "adam", 0.001),
    ([32, 16], "relu", "adam", 0.001),
    ([8, 8, 4], "relu", "adam", 0.001),
    ([16, 8, 4], "relu", "adam", 0.001),
    ([8, 4], "leaky_relu", "adam", 0.001),
    ([8, 4], "sigmoid", "adam", 0.001),
    ([8, 4], "sigmoid", "adam", 0.01),
    ([8, 4], "relu", "rmsprop", 0.001),
    ([8, 4], "relu", "sgd", 0.001),
    ([8, 4], "relu", "sgd", 0.01),
    ([8, 4], "relu", "sgd", 0.1),
    ([8, 4], "relu", "adam", 0.0001),
    ([8, 4], "relu", "adam", 0.01),
    ([8, 4], "relu", "adam", 0.1),
]


def shuffled_rows(epochs, networks, random):
    """Return row numbers (4 * epochs, networks): each network's own order, anew in each epoch."""
    rows = np.tile(np.arange(4)[:, None], (epochs, 1, networks))
    return random.permuted(rows, axis=1).reshape(4 * epochs, networks)


def look_at(model):
    """Return of each network whether it predicts all four rows correctly, and whether it is stuck.

    It is stuck if a hidden layer with relu is 0 altogether for two rows with different targets:
    both then get the same prediction, and no gradient reaches the weights up to this layer.
    """
    x = keras.ops.convert_to_tensor(np.repeat(X[:, None], model.input_shape[1], axis=1))
    stuck = np.zeros(x.shape[1], bool)
    for layer in model.layers:  # `predict` would compile every model anew for four rows
        x = layer(x)  # (4, networks, neurons)
        if layer is not model.layers[-1] and layer.activation is keras.activations.relu:
            silent = np.all(keras.ops.convert_to_numpy(x) == 0, axis=2)
            stuck |= silent[Y[:, 0] == 0].any(axis=0) & silent[Y[:, 0] == 1].any(axis=0)
    right = (keras.ops.convert_to_numpy(x) > 0.5) == (Y[:, None] > 0.5)
    return np.all(right, axis=(0, 2)), stuck


def measure(setup, networks, epochs, seed, batch_size=BATCH_SIZE):
    """Return the share solved, and its standard error, after each number of epochs."""
    hidden, activation, optimizer, learning_rate = setup
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    model = build_bundle(networks, [2, *hidden, 1], activation)
    # The sum of their losses, each a mean over the batch, so that each learns as if alone.
    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    model.compile(optimizer=optimizer, loss=loss, loss_weights=1 / batch_size)
    model.optimizer.learning_rate = learning_rate
    result = {
        "network": "-".join(map(str, [2, *hidden, 1])),
        "activation": activation if hidden else "none",
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "solved": {},
        "standard_error": {},
    }
    trained, seen = 0, []
    for number in epochs:
        rows = shuffled_rows(number - trained, networks, random)
        model.fit(X[rows], Y[rows], batch_size=batch_size, shuffle=False, verbose=0)
        trained = number
        seen.append(look_at(model))
        share = float(np.mean(seen[-1][0]))
        result["solved"][number] = share
        # Of a share of so many networks: that of a binomial distribution.
        result["standard_error"][number] = (share * (1 - share) / networks) ** 0.5
    (solved, stuck), (later, in_the_end) = seen[0], seen[-1]
    groups = {"stuck": ~solved & stuck, "not_stuck": ~solved & ~stuck}
    result["failed_at_first"] = {
        name: {"networks": int(some.sum()), "solved_later": int((some & later).sum())}
        for name, some in groups.items()
    }
    result["failed"] = {"networks": int((~later).sum()), "stuck": int((~later & in_the_end).sum())}
    return result


def show_stuck(result, epochs):
    """Print how many of the networks that fail are stuck, and whether that could be foretold."""
    print("Of the {networks} that fail in the end, {stuck} are stuck.".format(**result["failed"]))
    print(f"Of those that have not solved it after {epochs[0]} epochs,")
    for name, one in result["failed_at_first"].items():
        print(
            "  {networks} are {0}, and {solved_later}".format(name.replace("_", " "), **one), end=""
        )
        print(" of these solve it later.")


def parse_options(argv):
    """Return the options and the list of setups that they ask for."""
    parser = make_parser("Counts how many random initializations learn XOR.", OUTPUTS)
    add, count, absent = parser.add_argument, positive(int), argparse.SUPPRESS
    add("--networks", type=count, default=NETWORKS, help="of each kind")
    add("--epochs", type=count, nargs="+", default=EPOCHS, help="when to count the solved ones")
    add("--batch-size", type=count, default=BATCH_SIZE, help="rows between two corrections")
    add("--seed", type=seed, default=SEED, help="fixes all weights and orders")
    add("--all", action="store_true", help="measure every kind that the chapter mentions")
    one = parser.add_argument_group("one kind of your own")
    own = {"hidden": HIDDEN, "activation": ACTIVATION}
    own |= {"optimizer": OPTIMIZER, "learning_rate": LEARNING_RATE}
    add_options(one, **dict.fromkeys(own, absent))
    args = parser.parse_args(argv)

    given = vars(args)
    setups = SETUPS + MORE_SETUPS if args.all else SETUPS
    if given.keys() & own.keys():
        setups = [tuple(given.get(name, default) for name, default in own.items())]
    return args, setups


def main(argv=None):
    args, setups = parse_options(argv)
    folder = make_folder(args.outputs)
    epochs = sorted(set(args.epochs))
    print(f"Share of {args.networks:,} networks that solve XOR after this many epochs, in %")
    print(f"{'network':12}{'hidden':12}{'optimizer':16}" + "".join(f"{e:>14,}" for e in epochs))
    results = {"networks": args.networks, "seed": args.seed, "setups": []}
    for setup in setups:
        result = measure(setup, args.networks, epochs, args.seed, args.batch_size)
        results["setups"].append(result)
        shares = zip(result["solved"].values(), result["standard_error"].values(), strict=True)
        columns = "".join(f"{100 * p:8.1f} ± {100 * error:3.1f}" for p, error in shares)
        optimizer = f"{result['optimizer']} {result['learning_rate']:g}"
        print(f"{result['network']:12}{result['activation']:12}{optimizer:16}{columns}")
        if len(setups) == 1:
            show_stuck(result, epochs)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
