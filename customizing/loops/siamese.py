"""Are two digits by the same writer? A siamese network, judged on writers that it has not met.

    python customizing/loops/siamese.py
    python customizing/loops/siamese.py --dropout 0

Two images of the same digit go through the same convolutions, and the network looks at how far
apart they come out. It learns from 20,000 pairs, half of them by one writer. Beside it stands
logistic regression that knows how the strokes of the two differ in weight, slant and size. A tenth
of the training writers is set aside: on their pairs each of the two gets a threshold. You will see
the share of right answers, at 0.5 and at that threshold, and the AUC, on pairs by the writers who
validate, with intervals over writers; then, what the network says of pairs that it has learned
from, in use and with its dropout at work. The figure shows pairs. Takes a minute or two.
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

from customizing.loops.writer_pairs import differences, draw_pairs
from mnist.data import writers_of
from utils.figures import save_figure
from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, save_results

PAIRS = 20_000  # to learn from
VALIDATION_PAIRS = 4_000  # as many choose the thresholds
EPOCHS = 4
BATCH_SIZE = 100
DROPOUT = 0.3  # of what the convolutions say of an image
DRAWS = 1_000  # of writers, for the intervals
SEED = 1  # of the pairs and of the initial weights
MEASURES = ["at_half", "right", "auc"]


def build_model(dropout=DROPOUT):
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
            layers.Dropout(dropout),
            layers.Dense(32),
        ],
        name="look",
    )
    pair = keras.Input((2, 28, 28))
    first, second = (look(pair[:, one, :, :, None]) for one in (0, 1))
    distance = ops.abs(first - second)  # the same if the two change places
    return keras.Model(pair, layers.Dense(1, activation="sigmoid")(distance))


def answer_in_training(model, pairs):
    """Return what the model says of pairs while its dropout is at work, (pairs,)."""
    parts = np.array_split(pairs, 8)
    answers = [ops.convert_to_numpy(model(part, training=True)) for part in parts]
    return np.concatenate(answers)[:, 0]


def fit_threshold(same, answers):
    """Return the threshold above which "one writer" is most often right."""
    tried = np.quantile(answers, np.linspace(0, 1, 201))
    return float(max(tried, key=lambda threshold: np.mean((answers > threshold) == same)))


def measure(same, answers, threshold, weights=None):
    """Return the share of right answers at 0.5 and at a threshold, and the AUC."""
    right = [np.average((answers > at) == same, weights=weights) for at in (0.5, threshold)]
    return [*right, roc_auc_score(same, answers, sample_weight=weights)]


def draw_writers(same, writers):
    """Yield what each pair counts if the writers are drawn again: as often as both of its writers.

    writers: of each pair, (pairs, 2). Source: Snijders and Borgatti, "Non-parametric standard
    errors and tests for network statistics", 1999.
    """
    names, places = np.unique(writers, return_inverse=True)
    first, second = places.reshape(writers.shape).T
    random = np.random.default_rng(0)
    for _ in range(DRAWS):
        times = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))
        yield times[first] * np.where(same, 1, times[second])


def judge(same, writers, answers, thresholds):
    """Return {who, or "difference": {measure: mean and interval over writers}}.

    answers: {who: probabilities (pairs,)}; the difference is that of the first and the second.
    """

    def measure_all(weights=None):
        found = [measure(same, answers[who], thresholds[who], weights) for who in answers]
        return np.array([*found, np.subtract(*found)])

    drawn = np.array([measure_all(weights) for weights in draw_writers(same, writers)])
    numbers = [measure_all(), *np.quantile(drawn, [0.025, 0.975], axis=0)]
    return {
        who: {
            name: dict(zip(("mean", "low", "high"), map(float, ends), strict=True))
            for name, ends in zip(MEASURES, of_one, strict=True)
        }
        for who, of_one in zip([*answers, "difference"], np.moveaxis(numbers, 0, 2), strict=True)
    }


def draw(pairs, same, probabilities):
    """Draw eight pairs of each kind, with the network's answers."""
    figure, panels = plt.subplots(2, 8, figsize=(9, 2.2))
    for row, value in enumerate((True, False)):
        for axes, one in zip(panels[row], np.flatnonzero(same == value)[:8], strict=True):
            axes.imshow(np.hstack(pairs[one]), cmap="gray_r")
            axes.set_title(f"{100 * probabilities[one]:.0f} %", fontsize=10)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            axes.spines[:].set_visible(False)
        panels[row, 0].set_ylabel("one writer" if value else "two writers")
    return figure


def main(argv=None):
    """Return what the network and logistic regression reach on writers that they have not met."""
    parser = make_parser("Tell whether two digits are by the same writer.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--pairs", type=number(int, 2), default=PAIRS, help="to learn from")
    parser.add_argument("--dropout", type=number(float, 0, 0.9), default=DROPOUT)
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    random = np.random.default_rng(args.seed)
    names = np.unique(writers_of("train"))
    aside = names[::10]
    pairs, same, _ = draw_pairs("train", args.pairs, random, np.setdiff1d(names, aside))
    choosing, same_choosing, _ = draw_pairs("train", VALIDATION_PAIRS, random, aside)
    pairs_val, same_val, writers = draw_pairs("validation", VALIDATION_PAIRS, random)

    model = build_model(args.dropout)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(pairs, same, batch_size=BATCH_SIZE, epochs=args.epochs, verbose=2)
    simple = make_pipeline(StandardScaler(), LogisticRegression()).fit(differences(pairs), same)
    ask = {
        "siamese network": lambda x: model.predict(x, batch_size=1000, verbose=0)[:, 0],
        "logistic regression": lambda x: simple.predict_proba(differences(x))[:, 1],
    }
    thresholds = {who: fit_threshold(same_choosing, of(choosing)) for who, of in ask.items()}
    answers = {who: of(pairs_val) for who, of in ask.items()}
    scores = judge(same_val, writers, answers, thresholds)
    for who, found in scores.items():
        print(f"{who:20}", f"threshold {thresholds[who]:.2f}" if who in thresholds else "")
        for name, one in found.items():
            print("  {:8} {mean:.3f} ({low:.3f} to {high:.3f})".format(name, **one))
    of_strangers = answers["siamese network"]
    known = pairs[:VALIDATION_PAIRS]  # half of them are by one writer, as of the others
    said = {
        "strangers": float(of_strangers.mean()),
        "known": float(ask["siamese network"](known).mean()),
        "known_in_training": float(answer_in_training(model, known).mean()),
    }
    print("mean probability: strangers {strangers:.2f}, learned from {known:.2f}".format(**said))
    print("of these as in training, with dropout: {known_in_training:.2f}".format(**said))
    save_figure(draw(pairs_val, same_val, of_strangers), folder / "siamese.png")
    results = {"scores": scores, "thresholds": thresholds, "probability": said}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
