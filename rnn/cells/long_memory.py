"""The vanishing gradient comes back: how much of it reaches a step, up to 100 steps ago.

    python rnn/cells/long_memory.py

A recurrent layer reads a hundred random vectors, and only its last state counts. You will see
the size of the gradient at the inputs of some steps, before any training, for SimpleRNN with two
initializers, LSTM with two biases of the forget gate, and GRU, with a figure; then how often the
same layers, trained, still know the first of 10 and of 100 letters; then how training ends with
exploding gradients, and how it ends with clipped ones. About three minutes on two cores.
Chapter: rnn/cells/README.md#the-gradient-over-a-hundred-steps
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import initializers, layers, ops

from utils.figures import LINES, save_figure
from utils.gradients import gradients
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

STEPS = 100
UNITS, FEATURES = 32, 8
SEQUENCES = 32
SEEDS = 3  # the sizes are means (of their logarithms) over so many initializations
SHOWN = [1, 25, 50, 75, 90, 99, 100]  # the steps in the table
LENGTHS = [10, 100]  # letters, of which the first is to be remembered
BATCHES, BATCH_SIZE = 300, 64  # of letters, each read once
TESTED = 1_000  # sequences
LEARNING_RATE = 0.005  # of Adam
CLIP = 1.0  # longest gradient, all weights taken together
GAIN = 1.5  # of the recurrent matrix that lets gradients explode
UPDATES = 30  # of the training with it


def make_layers():
    """Return the layers to compare by name."""
    return {
        "SimpleRNN, glorot": layers.SimpleRNN(UNITS, recurrent_initializer="glorot_uniform"),
        "SimpleRNN, orthogonal": layers.SimpleRNN(UNITS),  # what Keras does by default
        "GRU": layers.GRU(UNITS),
        "LSTM, forget bias 1": layers.LSTM(UNITS),  # what Keras does by default
        "LSTM, forget bias 5": open_lstm(),
    }


def open_lstm():
    """Return an LSTM whose forget gates let 99 % of the memory pass at first."""
    layer = layers.LSTM(UNITS)
    layer.build((None, STEPS, FEATURES))
    kernel, recurrent, bias = layer.get_weights()
    bias[UNITS : 2 * UNITS] = 5  # the second of the four blocks
    layer.set_weights([kernel, recurrent, bias])
    return layer


def gradient_sizes(layer):
    """Return the typical size of the gradient at the inputs of each step, (steps,)."""
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), layer, layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(SEQUENCES, STEPS, FEATURES)).astype("float32")
    _, (gradient,) = gradients(lambda x: ops.mean((model(x) - 1) ** 2), x)
    # float64, since the square of 1e-25 is none of float32's numbers.
    return np.sqrt(np.square(gradient.astype("float64")).mean(axis=(0, 2)))


def make_letters(count, steps, random):
    """Return letters, one-hot, (count, steps, FEATURES), and whether the first is an A or a B.

    That is to be remembered; all others are letters that mean nothing.
    """
    letters = random.integers(2, FEATURES, size=(count, steps))
    letters[:, 0] = random.integers(2, size=count)
    return np.eye(FEATURES, dtype="float32")[letters], letters[:, 0]


def remember(layer, steps, seed, batches):
    """Return how often a trained layer knows at the end what the first letter was."""
    random = np.random.default_rng(seed)
    output = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((steps, FEATURES)), layer, output])
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    x, y = make_letters(batches * BATCH_SIZE, steps, random)
    model.fit(x, y, batch_size=BATCH_SIZE, verbose=0)
    x, y = make_letters(TESTED, steps, random)
    return model.evaluate(x, y, batch_size=500, verbose=0, return_dict=True)["accuracy"]


def train(clip):
    """Return the loss before each update of a network whose gradients explode."""
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    x = random.normal(size=(SEQUENCES, STEPS, FEATURES)).astype("float32")
    y = x.mean(axis=(1, 2))[:, None]
    large = initializers.Orthogonal(gain=GAIN)
    layer = layers.SimpleRNN(UNITS, activation="relu", recurrent_initializer=large)
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), layer, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01, global_clipnorm=clip), loss="mse")
    losses = [float(model.train_on_batch(x, y)) for _ in range(UPDATES)]
    return [loss if math.isfinite(loss) else None for loss in losses]  # JSON knows no NaN


def draw(sizes):
    figure, axes = plt.subplots()
    axes.set_prop_cycle(LINES)
    for name, values in sizes.items():
        axes.plot(range(1, STEPS + 1), values, label=name)
    axes.set(title="Gradient at each step, before training", yscale="log")
    axes.set(xlabel="step (100 is the last one)", ylabel="size of the gradient (log scale)")
    axes.legend(loc="lower right")
    return figure


def main(argv=None):
    """Return the sizes of the gradients by layer, and the losses without and with clipping."""
    parser = make_parser("Measure the gradient over a hundred steps.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    parser.add_argument("--batches", type=positive(int), default=BATCHES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    measured = {}
    for seed in range(1, args.seeds + 1):
        keras.utils.set_random_seed(seed)
        for name, layer in make_layers().items():
            measured.setdefault(name, []).append(gradient_sizes(layer))
    sizes = {name: np.exp(np.log(runs).mean(axis=0)).tolist() for name, runs in measured.items()}

    print(f"{'step':22}" + "".join(f"{step:9}" for step in SHOWN))
    for name, values in sizes.items():
        print(f"{name:22}" + "".join(f"{values[step - 1]:9.0e}" for step in SHOWN))
    remembered = {name: {str(steps): [] for steps in LENGTHS} for name in sizes}
    for name, of_lengths in remembered.items():
        for steps in LENGTHS:
            for seed in range(1, args.seeds + 1):
                keras.utils.set_random_seed(seed)
                known = remember(make_layers()[name], steps, seed, args.batches)
                of_lengths[str(steps)].append(known)
            shown = "".join(f"{known:8.1%}" for known in of_lengths[str(steps)])
            print(f"{name:22} knows the first of {steps:3} letters:{shown}", flush=True)
    losses = {"unclipped": train(None), "clipped": train(CLIP)}
    for name, values in losses.items():
        some = [values[0], values[1], values[2], values[-1]]
        shown = ", ".join("not a number" if loss is None else f"{loss:.3g}" for loss in some)
        print(f"Loss {name}, before updates 1, 2, 3 and {UPDATES}: {shown}")
    save_figure(draw(sizes), folder / "long_memory.png")
    ratios = {name: values[0] / values[-1] for name, values in sizes.items()}
    results = {"sizes": sizes, "ratios": ratios, "remembered": remembered, "losses": losses}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
