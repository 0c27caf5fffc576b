"""What a trained network computes, by hand: forward propagation in numpy.

    python xor/forward_propagation.py

Trains the network of xor.py, prints its weights and biases, follows one row of XOR through it,
layer by layer, then all four rows at once, and compares the outputs with those of Keras: the
largest difference is 6.0e-08. Draws the network with the values of that row.
Takes about half a minute on two cores.
Chapter: xor/README.md#the-same-by-hand
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np

from utils.figures import NEGATIVE, POSITIVE, save_figure
from utils.options import make_parser
from utils.runs import make_folder, save_results
from xor import xor
from xor.helpers import add_options, progress

ROW = 1  # the row that is followed, 0 XOR 1

ACTIVATIONS = {
    "relu": lambda sums: np.maximum(sums, 0),
    "leaky_relu": lambda sums: np.where(sums > 0, sums, 0.2 * sums),
    "tanh": np.tanh,
    "sigmoid": lambda sums: 1 / (1 + np.exp(-sums)),
}


def weights_of(model):
    """Return weights (inputs, neurons), biases (neurons,) and activation of each layer."""
    return [(*layer.get_weights(), layer.activation.__name__) for layer in model.layers]


def forward(network, inputs):
    """Return the outputs (rows, neurons) of each layer for inputs (rows, 2)."""
    outputs = []
    for weights, biases, activation in network:
        sums = inputs @ weights + biases
        inputs = ACTIVATIONS[activation](sums)
        outputs.append(inputs)
    return outputs


def show_network(network):
    for number, (weights, biases, activation) in enumerate(network, start=1):
        inputs, neurons = weights.shape
        print(f"\nLayer {number}: {inputs} inputs, {neurons} neuron(s), {activation}")
        print(f"weights, a line for each input, a column for each neuron:\n{weights}")
        print(f"biases:\n {biases}")


def follow(network, row):
    """Print what each layer makes of one row of inputs (2,)."""
    print(f"\nThe row {row}, layer by layer")
    for number, (weights, biases, activation) in enumerate(network, start=1):
        sums = row @ weights + biases
        print(f"\nLayer {number}, first neuron")
        for x, weight in zip(row, weights[:, 0], strict=True):
            print(f"  {x:6.3f} * {weight:6.3f} = {x * weight:6.3f}")
        print(f"            bias  {biases[0]:6.3f}\n             sum  {sums[0]:6.3f}")
        row = ACTIVATIONS[activation](sums)
        print(f"sums of all neurons:\n {sums}\n{activation} of the sums:\n {row}")


def draw_network(weights, values, path):
    """Draw the neurons of a network with their values, and the weights between them.

    weights: an array (inputs, neurons) per layer; values: the inputs, then each layer's outputs.
    """
    tallest = max(len(column) for column in values)
    figure, axes = plt.subplots(figsize=(9.5, min(max(3, 0.6 * tallest), 30)))
    # The neurons of a column stand one apart, centred on 0, the first one on top.
    heights = [(len(column) - 1) / 2 - np.arange(len(column)) for column in values]
    strongest = max(np.abs(matrix).max() for matrix in weights)
    for layer, matrix in enumerate(weights):
        for (source, target), weight in np.ndenumerate(matrix):
            axes.plot(
                [layer, layer + 1],
                [heights[layer][source], heights[layer + 1][target]],
                color=POSITIVE if weight > 0 else NEGATIVE,
                linewidth=3.5 * abs(weight) / strongest,
            )
    badge = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": "black"}
    for layer, column in enumerate(values):
        for height, value in zip(heights[layer], column, strict=True):
            # A neuron without effect on the next layer is drawn grey.
            badge["facecolor"] = "#dcdcd8" if value == 0 else "white"
            axes.text(layer, height, f"{value:.2f}", ha="center", va="center", bbox=badge)
    names = ["inputs", *[f"hidden layer {i}" for i in range(1, len(weights))], "output"]
    axes.set_xticks(range(len(names)), names)
    axes.set(yticks=[], xlim=(-0.2, len(weights) + 0.2), ylim=(-tallest / 2, tallest / 2))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Follows the rows of XOR through a network, by hand.", OUTPUTS)
    add_options(parser, hidden=xor.HIDDEN, activation=xor.ACTIVATION, optimizer=xor.OPTIMIZER)
    add_options(parser, learning_rate=xor.LEARNING_RATE, epochs=xor.EPOCHS, seed=xor.SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    model = xor.build_model(args.hidden, args.activation)
    optimizer = keras.optimizers.get(args.optimizer)
    optimizer.learning_rate = args.learning_rate
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(xor.X, xor.Y, batch_size=1, epochs=args.epochs, verbose=0, callbacks=progress())

    network = weights_of(model)
    outputs = forward(network, xor.X)
    predicted = model.predict(xor.X, verbose=0)
    difference = np.abs(outputs[-1] - predicted).max()
    with np.printoptions(precision=3, suppress=True, floatmode="fixed", linewidth=100):
        show_network(network)
        follow(network, xor.X[ROW])
        print(f"\nAll four rows\ninputs:\n{xor.X}\nby hand:\n{outputs[-1]}")
        print(f"model.predict:\n{predicted}")
    print(f"Largest difference: {difference:.1e}")
    values = [xor.X[ROW], *[output[ROW] for output in outputs]]
    weights = [weights for weights, _, _ in network]
    draw_network(weights, values, folder / "forward_propagation.png")
    results = {"by_hand": outputs[-1], "predicted": predicted, "difference": float(difference)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
