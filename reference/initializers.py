"""Initializers: what the initial weights do to a signal that runs through ten layers.

    python reference/initializers.py

Random numbers with the standard deviation 1 run through ten untrained layers. You will see the
standard deviation after each layer for each initializer, with relu and with tanh, and a figure.
Takes about 5 seconds on two cores.
Chapter: reference/README.md#initializers
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import initializers, layers

from utils.figures import save_figure
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results

INITIALIZERS = {
    "zeros": initializers.Zeros,
    "ones": initializers.Ones,
    "normal_1": lambda: initializers.RandomNormal(stddev=1.0),
    "normal_0_05": lambda: initializers.RandomNormal(stddev=0.05),  # Keras's "random_normal"
    "glorot_uniform": initializers.GlorotUniform,  # what Keras does by default
    "lecun_normal": initializers.LecunNormal,
    "orthogonal": initializers.Orthogonal,
    "he_normal": initializers.HeNormal,
}
ACTIVATIONS = ["relu", "tanh"]
DEPTH = 10  # layers
NEURONS = 256  # in each of them, and inputs
EXAMPLES = 500  # rows of random numbers
SEED = 1
MARKERS = ".P^vosdX"  # of the curves, one after the other


def signal_sizes(make_initializer, activation, inputs):
    """Return the standard deviation of the inputs and of the outputs of each layer."""
    sizes, signal = [float(inputs.std())], inputs
    for _ in range(DEPTH):
        # A new initializer for each layer: the same one would draw the same weights again.
        initializer = make_initializer()
        layer = layers.Dense(NEURONS, activation=activation, kernel_initializer=initializer)
        signal = layer(signal)
        # In float32 the squares of very large numbers would be infinite.
        sizes.append(float(keras.ops.convert_to_numpy(signal).std(dtype="float64")))
    return sizes


def draw(sizes):
    """Draw a panel per activation with a curve per initializer; zeros are below any log scale."""
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), sharey=True)
    for axis, activation in zip(axes, ACTIVATIONS, strict=True):
        for (name, values), marker in zip(sizes[activation].items(), MARKERS * 9, strict=False):
            label = f"{name} (0 from layer 1 on)" if name == "zeros" else name
            axis.plot(values, marker=marker, markersize=5, linewidth=1.4, label=label)
        axis.set(title=activation, xlabel="layer (0: the inputs)", xticks=range(DEPTH + 1))
        axis.set(yscale="log", ylim=(5e-3, 5e3))
    axes[0].set_ylabel("standard deviation of the signal (log scale)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def main(argv=None):
    """Measure every initializer; return the sizes by activation and initializer."""
    parser = make_parser("Measure what initializers do to a signal through ten layers.", OUTPUTS)
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    keras.utils.set_random_seed(args.seed)
    inputs = np.random.normal(size=(EXAMPLES, NEURONS)).astype("float32")
    sizes = {activation: {} for activation in ACTIVATIONS}
    for activation in ACTIVATIONS:
        print(f"{activation:15} layer 1   layer 2   layer 5  layer 10")
        for name, make_initializer in INITIALIZERS.items():
            values = signal_sizes(make_initializer, activation, inputs)
            print(f"  {name:14}" + "".join(f"{values[layer]:10.2g}" for layer in (1, 2, 5, 10)))
            sizes[activation][name] = values

    save_figure(draw(sizes), folder / "initializers.png")
    return save_results(sizes, folder, __file__, argv)


if __name__ == "__main__":
    main()
