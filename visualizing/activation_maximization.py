"""Activation maximization: images for which one output, or one filter, is as large as possible.

    python visualizing/activation_maximization.py
    python visualizing/activation_maximization.py --steps 500 --model RUN

Starts from noise and climbs: each step changes all pixels a little in the direction of the
gradient. You will see two figures: an image for each of the ten digits, without and with
regularization, and one for some filters of each convolution. Less than a minute.
Chapter: visualizing/README.md#activation-maximization
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from scipy.ndimage import gaussian_filter

from utils.figures import save_figure
from utils.gradients import gradients
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, printable, save_results
from visualizing import networks
from visualizing.networks import show_images

STEPS = 200
RATE = 1.0  # length of a step: of all pixels of an image together
SEED = 1  # of the noise to begin with

JITTER = 2  # pixels by which the image is moved before a step, at most
BLUR = 0.5  # pixels: standard deviation of the blur after a step
DECAY = 0.02  # share of all ink that is taken away after a step
# The rows of the figure, and what each of them uses.
WAYS = {
    "nothing": set(),
    "jitter": {"jitter"},
    "blur": {"blur"},
    "decay": {"decay"},
    "all_three": {"jitter", "blur", "decay"},
}
FILTERS = 16  # of each convolution


def climb(objective, shape, way, steps, random):
    """Return images that make the objective, a function of them, as large as it can be.

    shape: of the images, (n, 28, 28, 1) or (n, 784); way: which regularizations to use.
    Values stay between 0, paper, and 1, ink.
    """
    images = random.uniform(0, 0.2, (shape[0], 28, 28)).astype("float32")
    for _ in range(steps):
        shift = random.integers(-JITTER, JITTER + 1, 2) if "jitter" in way else (0, 0)
        moved = np.roll(images, shift, axis=(1, 2))
        _, (slope,) = gradients(objective, moved.reshape(shape))
        slope = np.roll(slope.reshape(images.shape), -np.array(shift), axis=(1, 2))
        length = np.sqrt((slope**2).sum(axis=(1, 2), keepdims=True))
        images = images + RATE * slope / (length + 1e-8)
        if "blur" in way:
            images = gaussian_filter(images, (0, BLUR, BLUR))
        if "decay" in way:
            images = images * (1 - DECAY)
        images = images.clip(0, 1)
    return images


def maximize_digits(model, way, steps, random):
    """Return an image for each digit's logit, shape (10, 28, 28)."""

    def objective(x):
        return ops.sum(ops.diagonal(networks.logits(model.layers, x)))

    return climb(objective, (10, *model.input_shape[1:]), way, steps, random)


def maximize_filters(model, layers, count, steps, random):
    """Return an image for each of some filters of the convolution that the layers end with."""
    *before, layer = layers
    wanted = ops.eye(count, layer.filters)

    def objective(x):  # leaky: where relu gives 0, there would be no slope to climb
        x = networks.run_layers(before, x)
        maps = ops.conv(x, layer.kernel, layer.strides, layer.padding)
        maps = maps + layer.bias if layer.use_bias else maps
        return ops.sum(wanted * ops.mean(ops.leaky_relu(maps, 0.01), axis=(1, 2)))

    shape = (count, *model.input_shape[1:])
    return climb(objective, shape, WAYS["all_three"], steps, random)


def draw_digits(rows, predictions, path):
    """Draw the images, {way: (10, 28, 28)}, and the confidence of the network in each."""
    figure, panels = plt.subplots(len(rows), figsize=(9.4, 1.17 * len(rows)))
    for axes, (way, images) in zip(panels, rows.items(), strict=True):
        show_images(axes, images, 10, vmin=0, vmax=1)
        axes.text(-0.15, 0.45, way.replace("_", " "), fontsize=9, ha="right", va="center")
        for digit in range(10):
            text = f"{digit}: {predictions[way][digit, digit]:.1%}"
            axes.text(digit + 0.45, -0.08, text, fontsize=8, ha="center", va="bottom")
    save_figure(figure, path)


def draw_filters(rows, path):
    """Draw the images of filters, {layer: (n, 28, 28)}, a row for each layer."""
    figure, panels = plt.subplots(len(rows), 1, figsize=(9.4, 0.75 * len(rows)), squeeze=False)
    for axes, (name, images) in zip(panels.ravel(), rows.items(), strict=True):
        show_images(axes, images, FILTERS, vmin=0, vmax=1)
        axes.text(-0.15, 0.45, name, fontsize=9, ha="right", va="center")
    save_figure(figure, path)


def ink(images):
    """Return how much ink there is in an image, on average: as so many black pixels."""
    return float(images.sum(axis=(1, 2)).mean())


def main(argv=None):
    """Maximize the digits' logits and the filters; return the confidence and the ink."""
    parser = make_parser("Images that maximize a neuron.", OUTPUTS)
    networks.add_model_option(parser)
    parser.add_argument("--steps", type=positive(int), default=STEPS)
    parser.add_argument("--seed", type=seed, default=SEED, help="of the noise to begin with")
    args = parser.parse_args(argv)
    model = networks.load_network(args.model)
    folder = make_folder(args.outputs)

    digits, predictions = {}, {}
    for way, uses in WAYS.items():
        print(f"ten digits, regularization: {way}", flush=True)
        random = np.random.default_rng(args.seed)
        digits[way] = maximize_digits(model, uses, args.steps, random)
        predictions[way] = networks.probabilities(model, 255 * digits[way])
    draw_digits(digits, predictions, folder / "maximized_digits.png")

    filters = {}
    for number, layer in enumerate(model.layers, start=1):
        if isinstance(layer, keras.layers.Conv2D):
            print(f"filters of {printable(layer.name)}", flush=True)
            count, random = min(FILTERS, layer.filters), np.random.default_rng(args.seed)
            filters[layer.name] = maximize_filters(
                model, model.layers[:number], count, args.steps, random
            )
    if filters:
        draw_filters(filters, folder / "maximized_filters.png")
    results = {
        way: {
            "probabilities": np.diagonal(predictions[way]).tolist(),
            "least": float(np.diagonal(predictions[way]).min()),
            "ink": ink(digits[way]),
        }
        for way in WAYS
    }
    results["ink_of_digits"] = ink(networks.held_out_digits()[0] / 255)
    print(f"{'':12}pixels of ink   least confidence")
    for way in WAYS:
        row = results[way]
        print(f"{way.replace('_', ' '):12}{row['ink']:13.0f}{row['least']:19.2%}")
    print(f"{'real digits':12}{results['ink_of_digits']:13.0f}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
