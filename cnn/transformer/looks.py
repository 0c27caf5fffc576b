"""Where a vision transformer looks, whether it needs what it looks at, and which places it learned.

    python cnn/transformer/looks.py RUN    # the folder of a run of vit.py

You will see how many of the test digits the network still reads when three of the 16 patches are
covered: those that it looks at most, those with the most ink, any with ink, and any. Figures:
looks.png, digits and what the network looks at in its last block; places.png, how alike the places
are that it has learned. Takes seconds.
Chapter: cnn/transformer/README.md#where-it-looks
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np

from cnn.transformer.vit import PATCH, SHAPE, predict
from mnist.data import prepare_test
from utils.figures import save_figure
from utils.loading import load_model
from utils.options import make_parser, positive
from utils.runs import fail, find_run, make_folder, save_results
from utils.statistics import score

SIDE = SHAPE[0] // PATCH  # patches in a row
COVERED = 3  # of SIDE * SIDE patches
INK = 0.1  # mean of a patch that has some, from 0 for paper to 1
SHOWN = 10  # digits of the figure
SEED = 1


def load_vit(run):
    """Return the network of a run of vit.py, or end with one line."""
    path = run / "vit.keras"
    network = load_model(path, compile=False)
    if "places" not in [layer.name for layer in network.layers]:
        fail(f"{path} has no learned places. Name the folder of a run of vit.py.")
    return network


def look(network, images):
    """Return how much the answer looks at each patch, (n, 4, 4), mean of the last block's heads."""
    attention = [one for one in network.layers if one.name.startswith("attention")][-1]
    _, shares = attention.output  # (n, heads, places, places)
    shares = predict(keras.Model(network.input, shares), images)
    return shares[:, :, 0, 1:].mean(axis=1).reshape(-1, SIDE, SIDE)


def cover(images, values):
    """Return images in which the COVERED patches with the largest values, (n, 4, 4), are paper."""
    flat = values.reshape(len(values), -1)
    rank = np.argsort(np.argsort(-flat, axis=1), axis=1).reshape(values.shape)
    return images * np.kron(rank >= COVERED, np.ones((1, PATCH, PATCH)))[..., None]


def read_covered(network, images, labels, random):
    """Return {which patches are covered: the share of the images that is read rightly}."""
    ink = images.reshape(-1, SIDE, PATCH, SIDE, PATCH).mean(axis=(2, 4))
    chosen = {
        "looked at most": look(network, images),
        "most ink": ink,
        "any with ink": random.random(ink.shape) * (ink > INK),
        "any": random.random(ink.shape),
    }
    covered = {"none": images} | {name: cover(images, one) for name, one in chosen.items()}
    return {name: score(labels, predict(network, x))["accuracy"] for name, x in covered.items()}


def draw_looks(images, shares, path):
    """Draw digits, and each below how much its patches are looked at."""
    figure, axes = plt.subplots(2, len(images), figsize=(len(images), 2.1))
    for (above, below), image, share in zip(axes.T, images, shares, strict=True):
        above.imshow(image, cmap="gray_r")
        below.imshow(image, cmap="gray_r")
        below.imshow(share, cmap="inferno", alpha=0.6, extent=(-0.5, 27.5, 27.5, -0.5))
        for one in (above, below):
            one.axis("off")
    save_figure(figure, path)


def draw_places(network, path):
    """Draw for each place how alike the learned vectors of all places are to its own (cosine)."""
    places = network.get_layer("places").get_weights()[0][1:]  # without the answer's
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    figure, axes = plt.subplots(SIDE, SIDE, figsize=(5, 4.4))
    for one, alike in zip(axes.flat, places @ places.T, strict=True):
        drawn = one.imshow(alike.reshape(SIDE, SIDE), cmap="RdBu_r", vmin=-1, vmax=1)
        one.axis("off")
    figure.colorbar(drawn, ax=axes, label="cosine", shrink=0.6)
    save_figure(figure, path)


def main(argv=None):
    """Return how many covered digits are read; draw the figures."""
    parser = make_parser("Where a vision transformer looks.", OUTPUTS)
    parser.add_argument("run", metavar="RUN", help="folder of a run of vit.py")
    parser.add_argument("--digits", type=positive(int), default=10_000, help="of the test digits")
    args = parser.parse_args(argv)
    network = load_vit(find_run(args.run, OUTPUTS))
    folder = make_folder(args.outputs)
    images, labels = (part[: args.digits] for part in prepare_test(SHAPE))
    covered = read_covered(network, images, labels, np.random.default_rng(SEED))
    for name, share in covered.items():
        print(f"{COVERED} patches covered, {name}: {share:.1%} read")
    digits = labels.argmax(axis=1)
    shown = [np.flatnonzero(digits == digit)[:1] for digit in np.unique(digits)[:SHOWN]]
    shown = np.concatenate(shown)
    draw_looks(images[shown], look(network, images[shown]), folder / "looks.png")
    draw_places(network, folder / "places.png")
    return save_results({"covered": covered}, folder, __file__, argv)


if __name__ == "__main__":
    main()
