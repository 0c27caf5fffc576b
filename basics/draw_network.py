"""A figure of a network: its neurons, layer by layer, and every connection between them.

    python basics/draw_network.py
    python basics/draw_network.py --layers 11 6 6 1

You will see how many parameters each layer has, their sum, and a figure.
Takes about a second; nothing is trained.
Chapter: basics/README.md#forward-propagation
"""

from chapter import OUTPUTS

from itertools import pairwise

import matplotlib.pyplot as plt

from utils.figures import save_figure
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

LAYERS = [2, 8, 4, 1]  # neurons in each layer; the first are the inputs
MOST = 12  # a layer with more neurons is drawn with a gap in the middle
COLORS = {"input": "C3", "hidden": "C0", "output": "C1"}


def neuron_heights(neurons):
    """Return where the neurons of a layer stand, centred on 0, and whether some are left out."""
    shown = min(neurons, MOST)
    heights = [(shown - 1) / 2 - i for i in range(shown)]
    if neurons > MOST:
        del heights[shown // 2]
    return heights, neurons > MOST


def default_labels(sizes):
    """Return a caption for each layer."""
    return ["inputs", *["hidden layer"] * (len(sizes) - 2), "output" + "s" * (sizes[-1] > 1)]


def count_parameters(sizes):
    """Return the parameters between neighbouring layers: a weight per connection, and biases."""
    return [inputs * neurons + neurons for inputs, neurons in pairwise(sizes)]


def draw(sizes, labels):
    """Draw a dense network; sizes: neurons per layer, labels: a caption per layer."""
    tallest = max(min(size, MOST) for size in sizes)
    figure, axis = plt.subplots(figsize=(2.1 * len(sizes) + 0.6, 0.42 * tallest + 1.5))
    columns = [neuron_heights(size) for size in sizes]
    step = 2.1 / 0.42  # as far apart as the figure is wide for one layer
    for layer, ((left, _), (right, _)) in enumerate(pairwise(columns)):
        for start in left:
            for end in right:
                x = [layer * step, (layer + 1) * step]
                axis.plot(x, [start, end], color="#9a9a96", linewidth=0.8, alpha=0.7, zorder=1)
    kinds = ["input", *["hidden"] * (len(sizes) - 2), "output"]
    for layer, ((heights, gap), kind) in enumerate(zip(columns, kinds, strict=True)):
        x = layer * step
        for y in heights:
            axis.add_patch(
                plt.Circle((x, y), 0.36, facecolor=COLORS[kind], edgecolor="white", zorder=2)
            )
        if gap:
            axis.text(x, -0.5, "⋮", ha="center", va="center", fontsize=15)
        axis.text(x, tallest / 2 + 0.25, str(sizes[layer]), ha="center", va="bottom", weight="bold")
        axis.text(x, -tallest / 2 - 0.25, labels[layer], ha="center", va="top")
    for layer, parameters in enumerate(count_parameters(sizes)):
        x = (layer + 0.5) * step
        axis.text(
            x,
            tallest / 2 + 0.25,
            f"{parameters:,} parameters",
            ha="center",
            va="bottom",
            fontsize=9,
            color="#5a5a57",
        )
    axis.set(xlim=(-2, (len(sizes) - 1) * step + 2), ylim=(-tallest / 2 - 1.1, tallest / 2 + 1.3))
    axis.set_aspect("equal")
    axis.axis("off")
    return figure


def main(argv=None):
    """Draw the network; return its sizes, and its parameters for each layer and in total."""
    parser = make_parser("Draw a network of dense layers.", OUTPUTS)
    count = positive(int)
    parser.add_argument("--layers", type=count, nargs="+", default=LAYERS, metavar="NEURONS")
    parser.add_argument("--labels", nargs="+", help="a caption per layer", metavar="TEXT")
    args = parser.parse_args(argv)
    if len(args.layers) < 2:
        parser.error("a network has at least two layers: inputs and outputs")
    labels = args.labels or default_labels(args.layers)
    if len(labels) != len(args.layers):
        parser.error(f"{len(args.layers)} layers need as many labels, not {len(labels)}")
    folder = make_folder(args.outputs)

    parameters = count_parameters(args.layers)
    print("parameters:", " + ".join(f"{count:,}" for count in parameters), f"= {sum(parameters):,}")
    name = "network_" + "-".join(map(str, args.layers))
    save_figure(draw(args.layers, labels), folder / f"{name}.png")
    results = {"layers": args.layers, "parameters": parameters, "total": sum(parameters)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
