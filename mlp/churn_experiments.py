"""Measures what the churn chapter quotes: other networks and models, tuned, on twenty splits.

    python mlp/churn_experiments.py                # all, some four to eight minutes on two cores
    python mlp/churn_experiments.py --only base hidden_64_64
    python mlp/churn_experiments.py --real PATH        # only the check on real customers

Each network but the one that is not stopped, and each model, gets the same search first: five
learning rates (for the regression, five strengths of its penalty), and when to stop, by a tenth of
the training customers. Then the best of each is compared in pairs on twenty other splits with the
network of the lesson ("base"), on the validation customers. The changes are one family for the
book's rule, with Holm's correction: the last lines say of each what it gains and whether that is
shown. With `--real`, models that learned from the synthetic file are tested on another file, such
as the public one. Results go to `mlp/outputs/<start time>/results.json`.
Chapter: mlp/README.md#churn-experiment
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from mlp import churn, splits
from mlp import evaluation as lesson
from mlp.ceiling import best_possible
from utils.comparisons import correct_family, tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

CHANGES = {  # hidden layers
    "base": lesson.HIDDEN,
    "no_hidden_layer": (),
    "three_hidden_layers": (6, 6, 6),
    "hidden_64_64": (64, 64),
    "hidden_64_64_not_stopped": (64, 64),
    "not_scaled": lesson.HIDDEN,
    "country_as_number": lesson.HIDDEN,
}
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]  # of Adam
STRENGTHS = [0.001, 0.01, 0.1, 1, 10]  # of logistic regression: how far its weights may grow
SHRINKING = [0.03, 0.05, 0.1, 0.2, 0.3]  # the learning rate of gradient boosting
TREES = 200  # at most
TUNING, FIRST = 3, 100  # splits to tune by, and their first seed


def make_preprocessor(change):
    """Return the lesson's preprocessor, or what a change makes of it."""
    usual = churn.make_preprocessor()
    if change == "not_scaled":
        return usual[:1]
    if change == "country_as_number":
        codes = OrdinalEncoder(categories=list(churn.CATEGORIES.values()))
        columns = churn.make_encoder().set_params(categories=codes)
        return make_pipeline(columns, StandardScaler()).set_output(transform="pandas")
    return usual


def tune_rate(tuning, preprocessor, hidden, epochs):
    """Return what was tried, and the best learning rate. All are tried at once, as one bundle."""
    parts = splits.stack(splits.prepare(tuning, preprocessor))
    # Each split comes once for each rate.
    learn, stop, _ = [[np.tile(a, (1, len(RATES), 1)[: a.ndim]) for a in part] for part in parts]
    keras.utils.set_random_seed(0)
    rates = np.repeat(RATES, len(tuning))
    _, losses = splits.train_networks(learn, stop, hidden, rates, epochs)
    losses = dict(zip(RATES, losses.reshape(len(RATES), -1).mean(axis=1), strict=True))
    return tune(lambda rate: losses[rate], {"rate": RATES})


def measure_network(tuning, pairs, change, epochs):
    """Return the scores of the tuned network on each split, and what was tried to tune it.

    tuning, pairs: for each split, a table to train on and one to evaluate on.
    """
    preprocessor, hidden = make_preprocessor(change), CHANGES[change]
    learn, stop, (X, y) = splits.stack(splits.prepare(pairs, preprocessor))
    if change.endswith("not_stopped"):
        stop, search = None, {"best": {"rate": lesson.LEARNING_RATE}}
    else:
        search = tune_rate(tuning, preprocessor, hidden, epochs)
    keras.utils.set_random_seed(1)
    networks, _ = splits.train_networks(learn, stop, hidden, search["best"]["rate"], epochs)
    judged, learned = (keras.ops.convert_to_numpy(networks(x))[..., 0] for x in (X, learn[0]))
    scores = []
    for split in range(len(pairs)):
        one = lesson.evaluate(y[:, split], judged[:, split])
        one["train_accuracy"] = lesson.evaluate(learn[1][:, split], learned[:, split])["accuracy"]
        scores.append(one)
    return scores, search


def fit_regression(parts, C):
    """Return a fitted logistic regression and its loss on the customers to stop by."""
    learn, (X, y), _ = parts
    model = LogisticRegression(C=C).fit(*learn)
    return model.predict_proba, log_loss(y, model.predict_proba(X))


def fit_boosting(parts, learning_rate):
    """Return what predicts with the number of trees that stops best, and its loss."""
    learn, (X, y), _ = parts
    about = {"learning_rate": learning_rate, "n_estimators": TREES, "random_state": 0}
    model = GradientBoostingClassifier(**about).fit(*learn)
    losses = [log_loss(y, p) for p in model.staged_predict_proba(X)]
    model.estimators_ = model.estimators_[: int(np.argmin(losses)) + 1]
    return model.predict_proba, min(losses)


def measure_others(tuning, pairs):
    """Return {model: (its scores on each split, what was tried to tune it)}."""
    preprocessor = churn.make_preprocessor()
    tuning, prepared = (splits.prepare(some, preprocessor) for some in (tuning, pairs))
    found = {"majority_class": ([], None)}
    for learn, _, (X, y) in prepared:
        nobody = DummyClassifier().fit(*learn).predict_proba(X)
        found["majority_class"][0].append(lesson.evaluate(y, nobody[:, 1]))
    grids = {
        "logistic_regression": (fit_regression, {"C": STRENGTHS}),
        "gradient_boosting": (fit_boosting, {"learning_rate": SHRINKING}),
    }
    for name, (fit, grid) in grids.items():
        search = tune(lambda fit=fit, **one: np.mean([fit(p, **one)[1] for p in tuning]), grid)
        scores = []
        for parts in prepared:
            predict, _ = fit(parts, **search["best"])
            X, y = parts[2]
            scores.append(lesson.evaluate(y, predict(X)[:, 1]))
        found[name] = (scores, search)
    return found


def enter_gains(results, scores, ratio):
    """Enter for each model by how much its AUC exceeds that of the lesson's network, and print it.

    There are two families: the changes of the network, and the other models beside it.
    """
    base = scores["base"]["neural_network"]
    families = {"changes": {}, "other models": {}}
    for change, models in scores.items():
        for name, some in models.items():
            if (change, name) != ("base", "neural_network") and name != "best_possible":
                results[change][name]["auc_gained"] = splits.compare(some, base, ratio)
                family, key = ("other models", name) if change == "base" else ("changes", change)
                families[family][key] = results[change][name]["auc_gained"]
    for title, family in families.items():
        correct_family(family.values())
        print(f"{len(family)} {title}: AUC gained over the lesson's network (95 % interval)")
        for name, one in family.items():
            print(f"  {name:25}{splits.describe(one)}")


def parse_options(argv):
    parser = make_parser("Measures what changes to the churn network do.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--only", nargs="+", choices=CHANGES, default=list(CHANGES), help="changes to measure")
    add("--seeds", type=count, default=splits.SPLITS, help="number of splits")
    add("--epochs", type=count, default=lesson.EPOCHS, help="of every training, at most")
    add("--real", type=Path, help="CSV file of other customers: only test on these")
    return parser.parse_args(argv)


def main(argv=None):
    options = parse_options(argv)
    folder = make_folder(options.outputs)
    customers = churn.load_customers(churn.DATA)
    tuning = splits.make_pairs(customers, min(TUNING, options.seeds), FIRST)
    if options.real:
        pairs = [(customers, churn.load_customers(options.real))] * options.seeds
        changes = {"invented_to_real": "base"}
    else:
        pairs = splits.make_pairs(customers, options.seeds)
        changes = {change: change for change in CHANGES if change in options.only}
    ratio = len(pairs[0][1]) / len(pairs[0][0])
    scores, results = {}, {"tuned": {}}
    for title, change in changes.items():
        models = measure_others(tuning, pairs) if change == "base" else {}
        models["neural_network"] = measure_network(tuning, pairs, change, options.epochs)
        scores[title] = {name: found for name, (found, _) in models.items()}
        results["tuned"][title] = {name: tried for name, (_, tried) in models.items() if tried}
        if change == "base":
            best = [(judged[churn.TARGET], best_possible(judged)) for _, judged in pairs]
            scores[title]["best_possible"] = [lesson.evaluate(*one) for one in best]
        results[title] = {name: splits.summarize(some) for name, some in scores[title].items()}
        for name, one in results[title].items():
            print(f"{title:25} {name:20} accuracy {one['accuracy']:.1%}  AUC {one['auc']:.3f}")
    if "base" in results:
        enter_gains(results, scores, ratio)
    return save_results(results | {"seeds": options.seeds}, folder, __file__, argv)


if __name__ == "__main__":
    main()
