"""Are two digits by the same writer? A siamese network, judged on writers that it has not met.

    python customizing/loops/siamese.py

Two images of the same digit go through the same convolutions, and the network looks at how far
apart they come out. It learns from 20,000 pairs, half of them by one writer, and is judged on pairs
by the writers who validate. You will see the share of right answers and the AUC, with intervals
over writers, of the network and of logistic regression that knows how the strokes of the two differ
in weight, slant and size. The figure shows pairs. Takes about two minutes.
Chapter: customizing/loops/README.md#by-the-same-writer
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from utils.data import load_parts, prepare_images, writers_of
from utils.figures import save_figure
from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, save_results
from utils.statistics import mean_over_groups
from utils.training import verbosity

PAIRS = 20_000  # to learn from
VALIDATION_PAIRS = 4_000
EPOCHS = 4
BATCH_SIZE = 100
SEED = 1  # of the pairs and of the initial weights


def draw_pairs(part, pairs, random):
    """Return pairs of images of one digit, whether one person wrote both, and who wrote the first.

    The shapes are (pairs, 2, 28, 28), (pairs,) and (pairs,). Every other pair is by one writer. The
    first image is drawn in the same way in both cases, so it tells nothing about the answer.
    """
    images, digits = load_parts()[part]
    writers = writers_of(part)
    groups = {}  # (writer, digit): places of the images
    for place, key in enumerate(zip(writers.tolist(), digits.tolist(), strict=True)):
        groups.setdefault(key, []).append(place)
    others = {d: [w for w, digit in groups if digit == d] for d in range(10)}
    able = [place for places in groups.values() if len(places) > 1 for place in places]
    chosen = []
    for place, first in enumerate(random.choice(able, size=pairs)):
        writer, digit = int(writers[first]), int(digits[first])
        if place % 2:  # by another person, each as likely as the next one
            writer = random.choice([w for w in others[digit] if w != writer])
        second = random.choice([p for p in groups[writer, digit] if p != first])
        chosen.append((first, second))
    chosen = np.array(chosen)
    same = np.arange(pairs) % 2 == 0
    return (
        prepare_images(images[chosen], (2, 28, 28)),
        same.astype("float32"),
        writers[chosen[:, 0]],
    )


def build_model():
    """Return a network that takes a pair, (2, 28, 28), and says how likely one person wrote both.

    The two images share all layers: a network within the network looks at each.
    """
    look = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(32),
        ],
        name="look",
    )
    pair = keras.Input((2, 28, 28))
    first, second = (look(pair[:, one, :, :, None]) for one in (0, 1))
    distance = ops.abs(first - second)  # the same if the two change places
    return keras.Model(pair, layers.Dense(1, activation="sigmoid")(distance))


def features(images):
    """Return ink, slant, width, height and thickness of each image: (..., 5).

    Slant is the covariance of row and column over the variance of rows; thickness is the ink over
    the edges that one crosses from left to right, row by row.
    """
    ink = images.sum(axis=(-2, -1)) + 1e-6
    rows, columns = np.mgrid[:28, :28].astype("float32")
    middle = [(images * axis).sum(axis=(-2, -1)) / ink for axis in (rows, columns)]
    far = [a - m[..., None, None] for a, m in zip((rows, columns), middle, strict=True)]
    variance = (images * far[0] ** 2).sum(axis=(-2, -1)) / ink
    slant = (images * far[0] * far[1]).sum(axis=(-2, -1)) / ink / variance
    spread = (images * far[1] ** 2).sum(axis=(-2, -1)) / ink
    steps = np.abs(np.diff(images, axis=-1)).sum(axis=(-2, -1))  # edges crossed, row by row
    return np.stack([ink, slant, spread**0.5, variance**0.5, ink / steps], axis=-1)


def differences(pairs):
    """Return how the images of each pair differ, in five features and by pixels: (n, 6)."""
    apart = np.abs(np.diff(features(pairs), axis=1))[:, 0]
    pixels = np.sqrt(((pairs[:, 0] - pairs[:, 1]) ** 2).sum(axis=(1, 2)))
    return np.column_stack([apart, pixels])


def judge(same, probabilities, writers):
    """Return the share of right answers, with an interval over writers, and the AUC."""
    right = (probabilities > 0.5) == (same == 1)
    return mean_over_groups(right, writers) | {"auc": float(roc_auc_score(same, probabilities))}


def draw(pairs, same, probabilities):
    """Draw eight pairs, with the network's answers."""
    figure, panels = plt.subplots(2, 8, figsize=(9, 2.9))
    for row, value in enumerate((1, 0)):
        for axes, one in zip(panels[row], np.flatnonzero(same == value)[:8], strict=True):
            axes.imshow(np.hstack(pairs[one]), cmap="gray_r")
            axes.set_title(f"{probabilities[one]:.0%}", fontsize=10)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
        panels[row, 0].set_ylabel("same" if value else "different")
    return figure


def main(argv=None):
    """Return what the network and logistic regression reach on writers that they have not met."""
    parser = make_parser("Tell whether two digits are by the same writer.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--pairs", type=number(int, 2), default=PAIRS, help="to learn from")
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    random = np.random.default_rng(args.seed)
    pairs, same, _ = draw_pairs("train", args.pairs, random)
    pairs_val, same_val, writers = draw_pairs("validation", VALIDATION_PAIRS, random)

    model = build_model()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    known = (pairs_val, same_val)
    history = model.fit(
        pairs, same, BATCH_SIZE, args.epochs, validation_data=known, verbose=verbosity()
    ).history
    probabilities = model.predict(pairs_val, verbose=0)[:, 0]
    simple = make_pipeline(StandardScaler(), LogisticRegression())
    simple.fit(differences(pairs), same)
    by_features = simple.predict_proba(differences(pairs_val))[:, 1]
    scores = {
        "siamese network": judge(same_val, probabilities, writers),
        "logistic regression": judge(same_val, by_features, writers),
    }
    both = {"network": probabilities, "regression": by_features}
    right = {name: ((p > 0.5) == (same_val == 1)).astype(float) for name, p in both.items()}
    ahead = mean_over_groups(right["network"] - right["regression"], writers)
    for name, found in scores.items():
        print(
            f"{name:20} {found['mean']:.1%} right ({found['low']:.1%} to {found['high']:.1%})"
            f", AUC {found['auc']:.3f}"
        )
    print("ahead by {mean:+.1%} ({low:+.1%} to {high:+.1%})".format(**ahead))
    save_figure(draw(pairs_val, same_val, probabilities), folder / "siamese.png")
    results = {"scores": scores, "ahead": ahead, "history": history}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
