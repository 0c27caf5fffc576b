"""Machinery of the book: the networks of the MNIST chapter in one figure, from assets/results/.

    python book/draw_models.py

Draws assets/image/mnist_models.png: the share of the validation images that each network misreads,
with its standard error (the standard deviation of a binomial share of so many images).
"""

from chapter import ROOT

import matplotlib.pyplot as plt
import numpy as np

from compare import OPTIONS
from utils.data import VALIDATION_SIZE
from utils.figures import save_figure
from utils.runs import load_results
from utils.statistics import sampling_error


def main():
    models = load_results("mnist_60")["models"]
    models |= {label: load_results(run)["models"]["conv_net"] for label, run in OPTIONS.items()}
    errors = np.array([model["validation"]["errors"] for model in models.values()])
    shares = errors / VALIDATION_SIZE
    deviation = sampling_error(shares, VALIDATION_SIZE)

    figure, axes = plt.subplots(figsize=(8, 4.6))
    places = np.arange(len(models))[::-1]
    axes.errorbar(100 * shares, places, xerr=100 * deviation, fmt="o", capsize=3)
    axes.set_yticks(places, models)
    axes.set(title="Validation images misread, with the standard error", xlabel="%", xlim=(0, None))
    axes.grid(axis="y", visible=False)
    save_figure(figure, ROOT / "assets" / "image" / "mnist_models.png")


if __name__ == "__main__":
    main()
