"""What L1 and L2 do to the weights: histograms of trained networks.

    python mnist/overfitting/weights.py RUN RUN RUN  # of conv_net, conv_net_l1, conv_net_l2
    python mnist/overfitting/weights.py RUN          # one run of mnist.py -m all

You will see, for the convolutional network with and without penalties, how large its weights
are and how many are nearly zero; the histograms are saved as a figure. Takes a few seconds.
Chapter: mnist/overfitting/README.md#l1-and-l2
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt
import numpy as np

from utils.figures import save_figure
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, find_run, make_folder, save_results

MODELS = ["conv_net", "conv_net_l1", "conv_net_l2"]
NEARLY_ZERO = 0.001


def kernel_weights(model):
    """Return all weights that a penalty may apply to, without biases and output."""
    kernels = [layer.get_weights()[0] for layer in model.layers if hasattr(layer, "kernel")]
    if len(kernels) < 2:
        fail(f"{model.name} has no weights but those of its output. Train it again.")
    return np.concatenate([kernel.ravel() for kernel in kernels[:-1]])


def describe(weights):
    """Return how large the weights are, and what share is nearly and exactly zero."""
    size = np.abs(weights)
    return {
        "weights": len(weights),
        "mean_size": float(size.mean()),
        "nearly_zero": float((size < NEARLY_ZERO).mean()),
        "exactly_zero": float((weights == 0).mean()),
    }


def draw(weights, path):
    """Draw a histogram of each network's weights, {name: vector}, all on one scale."""
    figure, panels = plt.subplots(1, 3, figsize=(9.5, 3.6), sharey=True)
    for number, (axes, (name, vector)) in enumerate(zip(panels, weights.items(), strict=True)):
        axes.hist(vector, bins=np.linspace(-0.3, 0.3, 121), color=f"C{number}")
        axes.set(title=name, xlabel="Weight", yscale="log")
    panels[0].set_ylabel("Number of weights")
    save_figure(figure, path)


def main(argv=None):
    """Return {model: description of its weights} and draw the histograms."""
    parser = make_parser("Histograms of the weights of trained networks.", OUTPUTS)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of mnist.py")
    args = parser.parse_args(argv)
    runs = [find_run(run, OUTPUTS) for run in args.runs]
    files = [file for run in runs for name in MODELS if (file := run / f"{name}.keras").exists()]
    found = {file.stem: file for file in files}
    if missing := [name for name in MODELS if name not in found]:
        fail(f"no {', '.join(missing)} in {', '.join(map(str, runs))}. Train with -m {missing[0]}.")
    folder = make_folder(args.outputs)
    weights = {name: kernel_weights(load_model(found[name])) for name in MODELS}
    draw(weights, folder / "mnist_weights.png")
    results = {name: describe(vector) for name, vector in weights.items()}
    for name, result in results.items():
        print(
            f"{name:12}  mean size {result['mean_size']:.4f}, "
            f"{result['nearly_zero']:.1%} below {NEARLY_ZERO}, {result['exactly_zero']:.1%} zero"
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
