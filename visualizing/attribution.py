"""Attribution: maps of importance side by side, and a check of what they are worth.

    python visualizing/attribution.py                 # right and wrong predictions, and the check
    python visualizing/attribution.py --images 50     # a quicker check
    python visualizing/attribution.py --stretched     # maps laid over the whole image
    python visualizing/attribution.py --image my.png  # your own digit

You will see a figure with the maps of some digits, and a table: how far the probability of the
prediction falls when the marked pixels are wiped out, compared with pixels of ink at random and
with those that the same method marks in five networks that have learned nothing. Some two minutes.
Chapter: visualizing/README.md#attribution-why-this-answer
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr, ttest_1samp

from serialization.rest.prepare import prepare
from utils.comparisons import holm
from utils.figures import save_figure
from utils.options import make_parser, number, positive
from utils.pictures import open_picture
from utils.runs import fail, first_line, make_folder, save_results
from utils.statistics import mean_and_deviation, mean_over_groups
from visualizing import attribution_methods as maps
from visualizing import networks

IMAGES = 200  # in the check
WIPED = 30  # pixels; a digit has about 150
SEEDS = [1, 2, 3, 4, 5]  # of the networks that have learned nothing
SHOWN = [2, 4, 7, 8]  # digits read right, and as many read wrong


def read_image(path):
    """Return the digit in an image file, uint8 of shape (28, 28), or end with one line."""
    try:
        return prepare(open_picture(path))
    except Exception as error:  # Pillow raises many kinds for a broken file
        fail(f"no digit can be read in {path} ({first_line(error)}).")


def methods_for(model, stretched=False):
    """Return {name: function of a network, images and classes}; CAMs are named by their maps."""

    def explain(make, **how):
        return lambda network, images, classes: make(
            network, networks.as_input(network, images), np.asarray(classes), **how
        )

    paper = {"empty": np.zeros_like}
    methods = {"occlusion": explain(maps.occlusion, **paper), "saliency": explain(maps.saliency)}
    methods |= {"SmoothGrad": explain(maps.smooth_grad)}
    methods |= {"integrated_gradients": explain(maps.integrated_gradients, **paper)}
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for name, make in (("Grad-CAM", maps.grad_cam), ("HiResCAM", maps.hires_cam)):
        for layer in convolutions[-1:-3:-1]:
            _, height, width, _ = layer.output.shape
            how = {"layer": layer.name, "stretched": stretched}
            methods[f"{name}_{height}_x_{width}"] = explain(make, **how)
    return methods


def fall(model, images, classes, heat, wiped):
    """Return how far the probability of each class falls without its most important ink.

    heat: the maps of importance; wiped: how many pixels of ink become paper. (To make paper of
    paper changes nothing.) Among pixels that a map marks alike, chance decides.
    """
    before = probability(model, images, classes)
    heat = np.where(images > 0, heat, -np.inf).reshape(len(heat), -1)
    chance = np.random.default_rng(0).random(heat.shape)
    order = np.lexsort((chance, -heat), axis=1)[:, :wiped]  # by heat first, then by chance
    without = images.reshape(len(images), -1).copy()
    np.put_along_axis(without, order, 0, axis=1)
    return before - probability(model, without.reshape(images.shape), classes)


def probability(model, images, classes):
    """Return the probability of the given class for each image."""
    return networks.probabilities(model, images)[np.arange(len(images)), classes]


def alike(first, second, where):
    """Return the mean rank correlation of two sets of maps: 1 means the same order of pixels.

    where: which pixels count, shape of the maps.
    """
    pairs = [(a[kept], b[kept]) for a, b, kept in zip(first, second, where, strict=True)]
    # A map that marks nothing is like no other one.
    found = [spearmanr(a, b).statistic if np.ptp(a) * np.ptp(b) else 0 for a, b in pairs]
    return float(np.mean(found))


def check(model, images, classes, writers, wiped, methods):
    """Return for each method how far probabilities fall: with the network's own maps, with others.

    "gain" is by how much more they fall with its own maps, with the 95 % interval over writers;
    "p" tests that by a t-test over the means of the writers, corrected for all methods.
    """
    learned_nothing = [networks.untrained(model, seed) for seed in SEEDS]
    ink, everywhere = images > 0, np.ones(images.shape, bool)
    at_random = np.random.default_rng(0).random(images.shape)
    results = {"random_ink": {"fall": float(fall(model, images, classes, at_random, wiped).mean())}}
    values = []
    for name, make in methods.items():
        heat = make(model, images, classes)
        others = [make(network, images, classes) for network in learned_nothing]
        falls = fall(model, images, classes, heat, wiped)
        of_others = np.stack([fall(model, images, classes, other, wiped) for other in others])
        gains = falls - of_others.mean(axis=0)
        of_writers = [gains[writers == writer].mean() for writer in np.unique(writers)]
        values.append(float(ttest_1samp(of_writers, 0).pvalue) if np.ptp(of_writers) else 1.0)
        mean, deviation = mean_and_deviation(of_others.mean(axis=1).tolist())
        results[name] = {
            "fall": float(falls.mean()),
            "fall_untrained": mean,
            "fall_untrained_deviation": deviation,
            "gain": mean_over_groups(gains, writers),
            "alike": float(np.mean([alike(heat, other, everywhere) for other in others])),
            "alike_ink": float(np.mean([alike(heat, other, ink) for other in others])),
        }
    for name, p in zip(methods, holm(values), strict=True):
        results[name]["p"] = p
    return results


def draw(model, images, titles, classes, methods, path):
    """Draw each image in a row, and beside it its maps of importance."""
    columns = [images, *(make(model, images, classes) for make in methods.values())]
    size = 1.5 * len(columns), 1.55 * len(images)
    figure, panels = plt.subplots(len(images), len(columns), figsize=size, squeeze=False)
    for row, axes_row in enumerate(panels):
        for axes, column, name in zip(axes_row, columns, ["", *methods], strict=True):
            axes.axis("off")
            axes.imshow(column[row], cmap="magma" if name else "gray_r")
            if name:
                axes.contour(images[row], [100], colors="white", linewidths=0.7)
            if row == 0:
                title = name.replace("_", "\n", 1).replace("_", " ")
                axes.set_title(title, fontsize=10, loc="center")
        axes_row[0].set_title(titles[row], fontsize=9, fontweight="normal", loc="center")
    scale = plt.cm.ScalarMappable(cmap="magma")
    key = figure.colorbar(scale, ax=panels, location="bottom", shrink=0.4, aspect=40)
    key.set_ticks([0, 1], labels=["the least of this map", "the most important of it"])
    save_figure(figure, path)


def show(methods, wiped):
    """Print a line for each method."""
    print(f"{wiped} pixels wiped out: the probability of the prediction falls by ... points")
    for name, row in methods.items():
        print(f"{name.replace('_', ' '):21}{100 * row['fall']:6.1f}", end="")
        if gain := row.get("gain"):
            low, mean, high = (100 * gain[key] for key in ("low", "mean", "high"))
            print(f"   untrained {100 * row['fall_untrained']:5.1f}", end="")
            print(f"   difference {mean:5.1f} ({low:.1f} to {high:.1f})", end="")
            print(f"   correlation {row['alike']:z.2f}, on ink {row['alike_ink']:z.2f}", end="")
        print(flush=True)


def main(argv=None):
    """Draw the maps and check them; return the results of the check."""
    parser = make_parser("Maps of importance, and what they are worth.", OUTPUTS)
    networks.add_model_option(parser)
    add = parser.add_argument
    add("--images", type=number(int, 2, 5000), default=IMAGES)
    add("--wiped", type=positive(int, most=784), default=WIPED, help="pixels")
    add("--stretched", action="store_true", help="lay maps of convolutions over the whole image")
    add("--image", type=Path, metavar="FILE", help="an image of a digit: no check")
    args = parser.parse_args(argv)
    model = networks.of_pictures(networks.load_network(args.model))
    image = read_image(args.image) if args.image else None
    folder = make_folder(args.outputs)
    methods = methods_for(model, args.stretched)

    if args.image:
        images = image[np.newaxis]
        classes = networks.probabilities(model, images).argmax(axis=1)
        draw(model, images, [f"read as {classes[0]}"], classes, methods, folder / "attribution.png")
        return save_results({"answer": int(classes[0])}, folder, __file__, argv)
    images, labels, classes = networks.right_and_wrong(model, SHOWN)
    titles = [f"{label}, read as {found}" for label, found in zip(labels, classes, strict=True)]
    draw(model, images, titles, classes, methods, folder / "attribution.png")
    images, _, writers = networks.some_digits(args.images)
    classes = networks.probabilities(model, images).argmax(axis=1)
    results = {"images": len(images), "wiped": args.wiped, "stretched": args.stretched}
    results["methods"] = check(model, images, classes, writers, args.wiped, methods)
    show(results["methods"], args.wiped)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
