"""What a network sees: its first filters, and a digit on its way through all layers.

    python visualizing/feature_maps.py            # the network of assets/models/, a 4
    python visualizing/feature_maps.py --digit 8
    python visualizing/feature_maps.py --model mnist/outputs/RUN/conv_net.keras

You will see three figures: the filters before and after training, what every layer makes of one
digit, and what some feature maps make of all ten. Takes some seconds.
Chapter: visualizing/README.md#filters-and-feature-maps
"""

from chapter import OUTPUTS

import math

import matplotlib.pyplot as plt
import numpy as np

from utils.figures import save_figure
from utils.options import make_parser, number, seed
from utils.runs import make_folder, printable, save_results
from visualizing import networks
from visualizing.networks import show_images, untrained

DIGIT = 4  # which digit goes through the network
SEED = 42  # of mnist.py: the weights with which the training began
MAPS = 4  # of each convolution, those that differ most from digit to digit

ROW = 16  # images in a row
SIGNED = {"cmap": "RdBu_r"}  # red: positive, blue: negative


def first_filters(model):
    """Return the weights of the first layer, one image for each filter or neuron."""
    kernel = next(layer for layer in model.layers if hasattr(layer, "kernel")).get_weights()[0]
    if kernel.ndim == 4:
        return np.moveaxis(kernel[:, :, 0], -1, 0)  # (3, 3, 1, 32) to (32, 3, 3)
    return kernel.T.reshape(-1, 28, 28)  # of an MLP: a weight for each pixel


def similarity(before, after):
    """Return for each filter the correlation of its weights before and after."""
    pairs = zip(before, after, strict=True)
    return [float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in pairs]


def draw_filters(before, after, path):
    """Draw up to 32 filters before (above) and after the training (below), on one colour scale."""
    limit = max(np.abs(before).max(), np.abs(after).max())
    figure, panels = plt.subplots(2, figsize=(9.4, 3))
    titles = {"Before the training": before, "After it": after}
    for axes, (title, filters) in zip(panels, titles.items(), strict=True):
        show_images(axes, filters[: 2 * ROW], ROW, vmin=-limit, vmax=limit, **SIGNED)
        axes.set_title(title)
    figure.colorbar(panels[0].images[0], ax=panels, label="weight", aspect=30)
    save_figure(figure, path)


def draw_layers(image, outputs, path):
    """Draw a digit, and below it what each layer makes of it; {layer: its output}."""
    shown = {name: out[0] for name, out in outputs.items() if "flatten" not in name}
    rows = [math.ceil(out.shape[-1] / (2 * ROW)) if out.ndim == 3 else 1 for out in shown.values()]
    figure, panels = plt.subplots(
        1 + len(rows),
        figsize=(9.4, 0.3 * sum(rows) + 0.3 * len(rows) + 1.4),
        height_ratios=[3, *rows],
    )
    show_images(panels[0], [image], 1)
    for axes, (name, out) in zip(panels[1:], shown.items(), strict=True):
        if out.ndim == 3:
            show_images(axes, np.moveaxis(out, -1, 0), 2 * ROW, vmin=0, vmax=out.max())
        else:
            axes.imshow(out[np.newaxis], aspect="auto", vmin=0)
            axes.axis("off")
        title = f"{name}: {' x '.join(map(str, out.shape))}"
        axes.set_title(title, fontsize=9, fontweight="normal")
    save_figure(figure, path)


def most_telling(maps, count=MAPS):
    """Return the numbers of the maps, of shape (10, h, w, n), that differ most between digits."""
    return np.argsort(-maps.std(axis=0).mean(axis=(0, 1)))[:count]


def draw_digits(images, outputs, path):
    """Draw the ten digits, and what the most telling maps of two convolutions make of each."""
    names = [name for name, out in outputs.items() if out.ndim == 4 and "conv" in name][:2]
    chosen = [(name, n) for name in names for n in most_telling(outputs[name])]
    figure, panels = plt.subplots(1 + len(chosen), figsize=(6.6, 0.6 * (1 + len(chosen))))
    show_images(panels[0], images, 10)
    for axes, (name, n) in zip(panels[1:], chosen, strict=True):
        maps = outputs[name][..., n]
        show_images(axes, maps, 10, vmin=0, vmax=maps.max())
        axes.text(-0.15, 0.45, f"{name}, map {n}", fontsize=8, ha="right", va="center")
    save_figure(figure, path)
    return [[name, int(n)] for name, n in chosen]


def main(argv=None):
    """Draw the figures; return what the filters have kept, and how much of each layer is zero."""
    parser = make_parser("Filters and feature maps.", OUTPUTS)
    networks.add_model_option(parser)
    parser.add_argument("--digit", type=number(int, 0, 9), default=DIGIT)
    parser.add_argument("--seed", type=seed, default=SEED, help="with which the training began")
    args = parser.parse_args(argv)
    model = networks.load_network(args.model)
    digits = networks.one_of_each()
    image = digits[args.digit]
    folder = make_folder(args.outputs)

    before, after = first_filters(untrained(model, args.seed)), first_filters(model)
    draw_filters(before, after, folder / "filters.png")
    outputs = networks.layer_outputs(model, networks.as_input(model, image[np.newaxis]))
    draw_layers(image, outputs, folder / "feature_maps.png")
    results = {
        "model": model.name,
        "answer": int(list(outputs.values())[-1].argmax()),
        "similarity": similarity(before, after),
        "zeros": {name: float((out == 0).mean()) for name, out in outputs.items()},
    }
    of_digits = networks.layer_outputs(model, networks.as_input(model, digits))
    if any(out.ndim == 4 and "conv" in name for name, out in of_digits.items()):
        results["maps"] = draw_digits(digits, of_digits, folder / "feature_maps_of_digits.png")
    print(f"{printable(model.name)} reads a {results['answer']}. ", end="")
    print("Share of zeros in what each layer gives:")
    for name, share in results["zeros"].items():
        print(f"  {printable(name):18} {share:.0%}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
