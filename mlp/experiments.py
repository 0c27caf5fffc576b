"""Measures what the churn chapter quotes: each change to the network, on twenty splits.

    python mlp/experiments.py                    # every change, about five minutes on two cores
    python mlp/experiments.py --only base epochs_30
    python mlp/experiments.py --real PATH        # only the check on real customers

The test customers of the second lesson are set aside and stay unseen. Each seed splits the others
into training and validation customers, the same for every change and for the unchanged network
("base"). The networks of all splits are trained at once as one model (`utils/bundles.py`
says how); each learns as it would alone. With `--real`, models that learned from the synthetic file
are tested on another file, such as the public one. Results are printed and written to
`mlp/outputs/<start time>/results.json`.
Chapter: mlp/README.md#churn-experiment
"""

from chapter import OUTPUTS

import argparse
from pathlib import Path

import keras
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import churn
import mlp_data_split as lesson
from utils.bundles import build_bundle
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_and_deviation

SEEDS = 20  # splits, and networks on each
CHANGES = {
    "base": {},
    "no_hidden_layer": {"hidden": ()},
    "one_hidden_layer": {"hidden": (6,)},
    "three_hidden_layers": {"hidden": (6, 6, 6)},
    "hidden_2_2": {"hidden": (2, 2)},
    "hidden_64_64": {"hidden": (64, 64)},
    "epochs_10": {"epochs": 10},
    "epochs_30": {"epochs": 30},
    "epochs_300": {"epochs": 300},
    "batch_size_10": {"batch_size": 10},
    "batch_size_500": {"batch_size": 500},
    "learning_rate_0_0001": {"learning_rate": 0.0001},
    "learning_rate_0_01": {"learning_rate": 0.01},
    "learning_rate_0_1": {"learning_rate": 0.1},
    "not_scaled": {},
    "country_as_number": {},
}


def hyperparameters(change, most_epochs):
    """Return the lesson's constants, with one of them changed."""
    values = {
        "hidden": lesson.HIDDEN,
        "epochs": lesson.EPOCHS,
        "batch_size": lesson.BATCH_SIZE,
        "learning_rate": lesson.LEARNING_RATE,
    } | CHANGES[change]
    values["epochs"] = min(values["epochs"], most_epochs or values["epochs"])
    return argparse.Namespace(**values)


def make_preprocessor(change):
    """Return the lesson's preprocessor, or what a change makes of it."""
    usual = churn.make_preprocessor()
    if change == "not_scaled":
        return usual[:1]
    if change == "country_as_number":
        codes = OrdinalEncoder(categories=list(churn.CATEGORIES.values()))
        columns = [("codes", codes, list(churn.CATEGORIES)), ("n", "passthrough", churn.NUMBERS)]
        scaled = make_pipeline(ColumnTransformer(columns), StandardScaler())
        return scaled.set_output(transform="pandas")
    return usual


def train_networks(X, y, options):
    """Return a bundle of trained networks, one for each split: X (rows, splits, inputs)."""
    networks, inputs = X.shape[1:]
    model = build_bundle(networks, [inputs, *options.hidden, 1], "relu")
    model.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate),
        loss="binary_crossentropy",
        loss_weights=float(networks),  # makes the sum over the networks of the mean over them
        steps_per_execution=churn.steps_at_once(),
        # On a processor Keras leaves XLA off unless it is told to; here it saves half the time.
        jit_compile=True if keras.config.backend() == "tensorflow" else "auto",
    )
    model.fit(X, y, batch_size=options.batch_size, epochs=options.epochs, verbose=0)
    return model


def measure(pairs, change, most_epochs):
    """Return for each model by name its scores on each split.

    pairs: for each split, a table to train on and one to evaluate on.
    """
    keras.utils.set_random_seed(0)
    prepared = [lesson.prepare(pair, make_preprocessor(change)) for pair in pairs]
    X, y, X_judged, y_judged = (
        np.stack([split[part][i] for split in prepared], axis=1) for part in (0, 1) for i in (0, 1)
    )
    networks = train_networks(X, y[..., None], hyperparameters(change, most_epochs))
    judged, trained = (networks.predict(x, verbose=0)[..., 0] for x in (X_judged, X))
    scores = {"neural_network": []}
    for split in range(len(pairs)):
        one = lesson.judge(y_judged[:, split], judged[:, split])
        one["train_accuracy"] = lesson.judge(y[:, split], trained[:, split])["accuracy"]
        scores["neural_network"].append(one)
        if not CHANGES[change]:  # the other models know no epochs or layers
            others = lesson.train_others(X[:, split], y[:, split], seed=split)
            for name, model in others.items():
                probability = model.predict_proba(X_judged[:, split])[:, 1]
                scores.setdefault(name, []).append(lesson.judge(y_judged[:, split], probability))
    return scores


def summarize(scores, base, ratio):
    """Return mean, deviation and all values of each score of a model, and its gain over the base.

    base: the scores of the unchanged network, on the same splits; ratio: validation customers
    per training customer.
    """
    summary = {}
    for score in [score for score in scores[0] if score != "confusion_matrix"]:
        values = np.array([one[score] for one in scores])
        mean, deviation = mean_and_deviation(values.tolist())
        summary |= {score: mean, f"{score}_sd": deviation}
        summary[f"{score}_by_seed"] = values.round(4).tolist()
        if base and scores is not base and len(base) > 1:
            gains = values - [one[score] for one in base]
            gain, deviation = mean_and_deviation(gains.tolist())
            # The splits share most of their customers. Nadeau and Bengio, "Inference for the
            # generalization error", 2003, therefore add the ratio to 1 / splits.
            error = deviation * (1 / len(base) + ratio) ** 0.5
            summary |= {f"{score}_gain": gain, f"{score}_gain_error": error}
    return summary


def show(change, summary):
    for name, scores in summary.items():
        line = f"{change:22} {name:20} accuracy {scores['accuracy']:.1%}  AUC {scores['auc']:.3f}"
        if "auc_gain" in scores:
            line += f"  AUC gained {scores['auc_gain']:+.3f} ± {scores['auc_gain_error']:.3f}"
        print(line, flush=True)


def parse_options(argv):
    parser = make_parser("Measures what changes to the churn network do.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--only", nargs="+", choices=CHANGES, default=list(CHANGES), help="changes to measure")
    add("--seeds", type=count, default=SEEDS, help="number of splits")
    add("--epochs", type=count, help="stop every training after this many, to try the script")
    add("--real", type=Path, help="CSV file of other customers: only test on these")
    return parser.parse_args(argv)


def main(argv=None):
    options = parse_options(argv)
    folder = make_folder(options.outputs)
    customers = churn.read_table(churn.DATA)
    if options.real:
        pairs = [(customers, churn.read_table(options.real))] * options.seeds
        changes = {"invented_to_real": "base"}
    else:
        others, _ = lesson.take(customers, lesson.TEST_SHARE, lesson.SEED)
        share = lesson.VALIDATION_SHARE / (1 - lesson.TEST_SHARE)
        pairs = [lesson.take(others, share, seed) for seed in range(options.seeds)]
        changes = {change: change for change in CHANGES if change in options.only}
    ratio = len(pairs[0][1]) / len(pairs[0][0])
    base, results = None, {}
    for title, change in changes.items():
        scores = measure(pairs, change, options.epochs)
        base = scores["neural_network"] if title == "base" else base
        results[title] = {name: summarize(some, base, ratio) for name, some in scores.items()}
        show(title, results[title])
    return save_results(results | {"seeds": options.seeds}, folder, __file__, argv)


if __name__ == "__main__":
    main()
