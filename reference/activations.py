"""The activation functions of Keras, each with its derivative.

    python reference/activations.py

You will see what each function makes of five numbers, how steep it is there, what softmax makes
of three numbers together, and a figure of all functions.
Takes about 4 seconds on two cores.
Chapter: reference/README.md#activations
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import activations

from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import make_folder, save_results

NAMES = ["linear", "sigmoid", "tanh", "softplus", "relu"]
NAMES += ["leaky_relu", "elu", "selu", "gelu", "silu"]
POINTS = [-4.0, -1.0, 0.0, 1.0, 4.0]  # where the table looks
SUMS = [2.0, 1.0, -1.0]  # what softmax gets
STEP = 0.001  # of the measurement of the derivative


def apply(name, x):
    """Return the activation of each x as a numpy array, whatever the back end."""
    values = activations.get(name)(np.asarray(x, dtype="float32"))
    return keras.ops.convert_to_numpy(values)


def derivative(name, x):
    """Return the slope at each x: how much the function rises from just left to just right."""
    return (apply(name, x + STEP) - apply(name, x - STEP)) / (2 * STEP)


def draw():
    """Draw each function and its derivative in a panel of its own."""
    x = np.linspace(-4.5, 4.5, 400)
    rows = math.ceil(len(NAMES) / 5)
    figure, axes = plt.subplots(rows, 5, figsize=(11, 2.6 * rows), sharex=True, sharey=True)
    for axis in axes.flat[len(NAMES) :]:  # a name more begins a row, whose other panels are empty
        axis.axis("off")
    for axis, name in zip(axes.flat, NAMES, strict=False):
        axis.axhline(0, color="#8a8a86", linewidth=0.8)
        axis.axvline(0, color="#8a8a86", linewidth=0.8)
        axis.plot(x, apply(name, x), label="function")
        axis.plot(x, derivative(name, x), "--", linewidth=1.5, label="derivative")
        axis.set(title=name, xlim=(-4.5, 4.5), ylim=(-2.2, 3.2), xticks=[-4, -2, 0, 2, 4])
    axes[0, 0].legend(loc="upper left")
    return figure


def main(argv=None):
    """Tabulate and draw; return values and slopes of each function, and softmax of SUMS."""
    args = make_parser("Show the activation functions of Keras.", OUTPUTS).parse_args(argv)
    folder = make_folder(args.outputs)

    points = np.array(POINTS)
    values = {name: apply(name, points).tolist() for name in NAMES}
    slopes = {name: derivative(name, points).tolist() for name in NAMES}
    for title, table in [("function", values), ("derivative", slopes)]:
        print(f"{title:12}" + "".join(f"{point:>8g}" for point in POINTS))
        for name in NAMES:
            print(f"  {name:10}" + "".join(f"{value:8.3f}" for value in table[name]))
    close = np.arange(-8, 8, STEP)  # so close that kinks are not smoothed: selu has one at 0
    steepest = {name: float(derivative(name, close).max()) for name in NAMES}
    print("steepest slope:", ", ".join(f"{name} {slope:.2f}" for name, slope in steepest.items()))

    shares = apply("softmax", [SUMS])[0].tolist()
    print(f"softmax of {SUMS}:", ", ".join(f"{share:.3f}" for share in shares))

    save_figure(draw(), folder / "activations.png")
    results = {"values": values, "slopes": slopes, "steepest": steepest, "softmax": shares}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
