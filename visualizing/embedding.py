"""The last hidden layer as a map: each digit is a point, and similar digits lie together.

    python visualizing/embedding.py
    python visualizing/embedding.py --digits 500    # a quick try
    python visualizing/embedding.py --model mnist/outputs/RUN/mlp_one_layer.keras

You will see a figure: the numbers of the last hidden layer for 1,000 digits, reduced to two by
PCA and by t-SNE with several perplexities, and finally t-SNE of pure noise. A table says what each
map preserves: which digits lie together, each point's own neighbours, the distances between the
digits. About a minute.
Chapter: visualizing/README.md#features-in-two-dimensions
"""

from chapter import OUTPUTS

import re

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from utils.figures import save_figure
from utils.options import make_parser, number, seed
from utils.runs import make_folder, save_results
from visualizing import networks

DIGITS = 1000
PERPLEXITIES = [5, 30, 100]  # about how many neighbours t-SNE cares for
NEIGHBOURS = 10  # of a point, that vote for its digit and that a map should keep
NOISE = 500  # points without any structure
SEED = 0


def hidden_numbers(model, images):
    """Return what the last layer is given for images: (n, 64) in the shipped network."""
    x = networks.as_input(model, images)
    return [x, *networks.layer_outputs(model, x).values()][-2]


def tsne(points, perplexity, seed):
    return TSNE(perplexity=perplexity, random_state=seed).fit_transform(points)


def make_maps(features, seed):
    """Return {name: points, (n, 2)}."""
    maps = {"PCA": PCA(2).fit_transform(features)}
    for perplexity in PERPLEXITIES:
        print(f"t-SNE with perplexity {perplexity}", flush=True)
        maps[f"t-SNE, perplexity {perplexity}"] = tsne(features, perplexity, seed)
    return maps


def neighbours_agree(points, labels):
    """Return how often the nearest neighbours of a point, held out in turn, have its digit."""
    return float(cross_val_score(KNeighborsClassifier(NEIGHBOURS), points, labels, cv=5).mean())


def nearest(points):
    """Return which points are the nearest ones of each, without itself: (n, NEIGHBOURS)."""
    return NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points).kneighbors(return_distance=False)


def neighbours_kept(points, features):
    """Return the share of the nearest neighbours by features that are so on the map, too."""
    pairs = zip(nearest(points), nearest(features), strict=True)
    return float(np.mean([len(set(here) & set(there)) / NEIGHBOURS for here, there in pairs]))


def centre_distances(points, labels):
    """Return the distances between the centres of the ten digits, two at a time: shape (45,)."""
    return pdist([points[labels == digit].mean(axis=0) for digit in np.unique(labels)])


def measure(points, labels, features):
    """Return what is left on a map of neighbourhoods, and of the distances between digits.

    "trustworthiness" is 1 if all neighbours on the map are near by features, too, be it as the
    tenth or the thirtieth; 0.5 is what chance gives.
    Source: Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", 2001.
    """
    distances = [centre_distances(where, labels) for where in (points, features)]
    return {
        "neighbours": neighbours_agree(points, labels),
        "kept": neighbours_kept(points, features),
        "trustworthiness": float(trustworthiness(features, points, n_neighbors=NEIGHBOURS)),
        "distances": float(spearmanr(*distances).statistic),
    }


def draw(maps, labels, wrong, noise, path):
    """Draw each map with a colour for each digit and a cross for each mistake; noise comes last."""
    figure, panels = plt.subplots(2, 3, figsize=(9.6, 6.6))
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    for axes, (name, points) in zip(panels.flat, maps.items(), strict=False):
        for digit in range(10):
            axes.scatter(*points[labels == digit].T, s=3, color=plt.cm.tab10(digit), label=digit)
        axes.scatter(*points[wrong].T, s=36, marker="x", color="black", linewidth=1.4)
        for digit in range(10):
            centre = np.median(points[labels == digit], axis=0)
            box = {"facecolor": "white", "alpha": 0.6, "pad": 0.8, "edgecolor": "none"}
            axes.text(*centre, digit, weight="bold", ha="center", va="center", bbox=box)
        axes.set_title(name, fontsize=10)
    for axes, (name, points) in zip(panels.flat[len(maps) :], noise.items(), strict=False):
        axes.scatter(*points.T, s=3, color="0.3")
        axes.set_title(name, fontsize=10)
    save_figure(figure, path)


def main(argv=None):
    """Draw the maps; return what each of them keeps."""
    parser = make_parser("The last hidden layer in two dimensions.", OUTPUTS)
    networks.add_model_option(parser)
    few = number(int, 3 * max(PERPLEXITIES), 5000)
    parser.add_argument("--digits", type=few, default=DIGITS, help="held-out images")
    parser.add_argument("--seed", type=seed, default=SEED, help="of t-SNE and of the noise")
    args = parser.parse_args(argv)
    model = networks.load_network(args.model)
    folder = make_folder(args.outputs)

    images, labels, _ = networks.some_digits(args.digits)
    features = hidden_numbers(model, images)
    wrong = networks.probabilities(model, images).argmax(axis=1) != labels
    maps = make_maps(features, args.seed)
    points = np.random.default_rng(args.seed).normal(size=(NOISE, features.shape[1]))
    noise = {f"noise, perplexity {p}": tsne(points, p, args.seed) for p in (2, 30)}
    draw(maps, labels, wrong, noise, folder / "embedding.png")

    results = {"digits": len(images), "mistakes": int(wrong.sum()), "maps": {}}
    spaces = {"pixels": images.reshape(len(images), -1), "hidden_layer": features, **maps}
    print(f"{'':24}same digit   neighbours kept   trustworthiness   distances of digits")
    for name, points in spaces.items():
        one = measure(points, labels, features)
        results["maps"][re.sub(r"\W+", "_", name)] = one
        print(f"{name:24}{one['neighbours']:10.1%}{one['kept']:18.1%}", end="")
        print(f"{one['trustworthiness']:18.3f}{one['distances']:22.2f}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
