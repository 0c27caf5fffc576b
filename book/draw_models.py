"""Machinery of the book: the networks of the MNIST chapter in one figure, from assets/results/.

    python book/draw_models.py

Draws assets/image/mnist_models.png: the share of the test images that each network misreads,
with its sampling error (the standard deviation of a binomial share of so many images).
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tables import load

ASSETS = Path(__file__).resolve().parent.parent / "assets"
TEST_SIZE = 10_000
# Runs of conv_net with a technique that is an option.
OPTIONS = {
    "conv_net, early stopping": "mnist_early",
    "conv_net, cosine": "mnist_cosine",
    "conv_net, augmentation": "mnist_augment",
}


def main():
    models = load("mnist_60")["models"]
    models |= {label: load(run)["models"]["conv_net"] for label, run in OPTIONS.items()}
    shares = np.array([model["test"]["errors"] / TEST_SIZE for model in models.values()])
    deviation = np.sqrt(shares * (1 - shares) / TEST_SIZE)

    plt.style.use(ASSETS / "book.mplstyle")
    figure, axes = plt.subplots(figsize=(8, 4.6))
    places = np.arange(len(models))[::-1]
    axes.errorbar(100 * shares, places, xerr=100 * deviation, fmt="o", capsize=3)
    axes.set_yticks(places, models)
    axes.set(title="Test images misread, with the sampling error", xlabel="%", xlim=(0, None))
    axes.grid(axis="y", visible=False)
    figure.savefig(ASSETS / "image" / "mnist_models.png")


if __name__ == "__main__":
    main()
