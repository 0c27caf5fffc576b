"""Measures what the churn chapter quotes: each change to the network, on twenty splits.

    python mlp/churn_experiments.py                # every change, about five minutes on two cores
    python mlp/churn_experiments.py --only base epochs_30
    python mlp/churn_experiments.py --real PATH        # only the check on real customers

Trains the networks of all splits at once, each change and the unchanged network ("base") on the
same splits (`splits.py` says how), and compares them in pairs on the validation customers. The
changes are one family for the book's rule, with Holm's correction: the last lines say of each what
it gains and whether that is shown. With `--real`, models that learned from the synthetic file are
tested on another file, such as the public one. Results go to
`mlp/outputs/<start time>/results.json`.
Chapter: mlp/README.md#churn-experiment
"""

from chapter import OUTPUTS

import argparse
from pathlib import Path

import keras
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from mlp import churn
from mlp import evaluation as lesson
from mlp.splits import SPLITS, compare, describe, make_pairs, stack, summarize, train_networks
from utils.comparisons import correct_family
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

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
        encoder = churn.make_encoder().set_params(categories=codes)
        return make_pipeline(encoder, StandardScaler()).set_output(transform="pandas")
    return usual


def measure(pairs, change, most_epochs):
    """Return for each model by name its scores on each split.

    pairs: for each split, a table to train on and one to evaluate on.
    """
    keras.utils.set_random_seed(0)
    prepared = [lesson.prepare_parts(pair, make_preprocessor(change)) for pair in pairs]
    (X, y), (X_judged, y_judged) = stack(prepared)
    values = hyperparameters(change, most_epochs)
    networks, _ = train_networks(
        (X, y), None, values.hidden, values.learning_rate, values.epochs, values.batch_size
    )
    judged, trained = (keras.ops.convert_to_numpy(networks(x))[..., 0] for x in (X_judged, X))
    scores = {"neural_network": []}
    for split in range(len(pairs)):
        one = lesson.evaluate(y_judged[:, split], judged[:, split])
        one["train_accuracy"] = lesson.evaluate(y[:, split], trained[:, split])["accuracy"]
        scores["neural_network"].append(one)
        if not CHANGES[change]:  # the other models know no epochs or layers
            others = lesson.train_others(X[:, split], y[:, split], seed=split)
            for name, model in others.items():
                probability = model.predict_proba(X_judged[:, split])[:, 1]
                scores.setdefault(name, []).append(lesson.evaluate(y_judged[:, split], probability))
    return scores


def show(change, summary):
    for name, scores in summary.items():
        line = f"{change:22} {name:20} accuracy {scores['accuracy']:.1%}  AUC {scores['auc']:.3f}"
        print(line, flush=True)


def enter_gains(results, scores, ratio):
    """Enter for each model by how much its AUC exceeds that of the unchanged network, and print it.

    There are two families: the changes of the network, and the other models beside it.
    """
    base = scores["base"]["neural_network"]
    families = {"changes": {}, "other models": {}}
    for change, models in results.items():
        for name, summary in models.items():
            if (change, name) == ("base", "neural_network"):
                continue
            summary["auc_gained"] = compare(scores[change][name], base, ratio)
            if name == "neural_network":
                families["changes"][change] = summary["auc_gained"]
            elif change == "base":
                families["other models"][name] = summary["auc_gained"]
    for title, family in families.items():
        correct_family(family.values())
        print(f"{len(family)} {title}: AUC gained over the unchanged network (95 % interval)")
        for name, one in family.items():
            print(f"  {name:22}{describe(one)}")


def parse_options(argv):
    parser = make_parser("Measures what changes to the churn network do.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--only", nargs="+", choices=CHANGES, default=list(CHANGES), help="changes to measure")
    add("--seeds", type=count, default=SPLITS, help="number of splits")
    add("--epochs", type=count, help="stop every training after this many, to try the script")
    add("--real", type=Path, help="CSV file of other customers: only test on these")
    return parser.parse_args(argv)


def main(argv=None):
    options = parse_options(argv)
    folder = make_folder(options.outputs)
    customers = churn.load_customers(churn.DATA)
    if options.real:
        pairs = [(customers, churn.load_customers(options.real))] * options.seeds
        changes = {"invented_to_real": "base"}
    else:
        pairs = make_pairs(customers, options.seeds)
        changes = {change: change for change in CHANGES if change in options.only}
    ratio = len(pairs[0][1]) / len(pairs[0][0])
    scores, results = {}, {}
    for title, change in changes.items():
        scores[title] = measure(pairs, change, options.epochs)
        results[title] = {name: summarize(some) for name, some in scores[title].items()}
        show(title, results[title])
    if "base" in results:
        enter_gains(results, scores, ratio)
    return save_results(results | {"seeds": options.seeds}, folder, __file__, argv)


if __name__ == "__main__":
    main()
