"""Machinery of this part: the other models, how far off an answer is, and the book's rule.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#is-the-network-better
"""

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from mlp.tables.columns import FAR
from mlp.tables.kept import NETWORK, ask_other, one_thread
from mlp.tables.network import mean_curve
from mnist.studies.temperature import cross_fit_temperature, fit_temperature
from utils.comparisons import correct_family
from utils.statistics import SMALLEST, mean_over_groups, score

LARGE = 50_000  # rows, above which one setting must do, and of which a tree of the forest learns
BOOSTING = HistGradientBoostingClassifier, HistGradientBoostingRegressor
MOST_GROUPS = 5_000  # that are drawn one by one
STRENGTHS = (0.1, 1, 10, 100)  # of the linear model's penalty on its weights: the best is taken
RATES = (0.1, 0.04)  # of boosting
LEAVES = (5, 1)  # rows in a leaf of the forest, at least
SHARES = (0.33, 1.0)  # of the columns, among which each split of the forest chooses
TREES = 100  # of the forest


def rivals(rows, classes, seed):
    """Return the other models, the simplest first: {name: one for each setting to choose from}."""
    words = make_column_selector(dtype_include="category")
    numbers = make_column_selector(dtype_exclude="category")
    large = rows > LARGE
    # What the network gets: scaled numbers, the median and a flag for a gap, and 0 or 1 for words.
    scaled = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        FunctionTransformer(np.clip, kw_args={"a_min": -FAR, "a_max": FAR}),
    )
    one_hot = OneHotEncoder(handle_unknown="ignore")
    prepared = make_column_transformer((scaled, numbers), (one_hot, words))
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    coded = make_column_transformer((coded, words), remainder="passthrough")
    # Like the network, boosting stops where the loss on the validation rows no longer falls.
    # "auto" would stop only above 10,000 rows (scikit-learn 1.9.1).
    steps = {"max_iter": 1000, "early_stopping": True, "categorical_features": "from_dtype"}
    boosting = [{"learning_rate": rate, "random_state": seed} | steps for rate in RATES]
    trees = {"n_estimators": TREES, "max_samples": LARGE if large else None, "random_state": seed}
    forest = [
        {"min_samples_leaf": least, "max_features": share} | trees
        for least in LEAVES
        for share in SHARES
    ]
    strengths = STRENGTHS
    if large:
        strengths, boosting, forest = strengths[1:2], boosting[:1], forest[:1]
    if not classes:
        return {
            "mean": [DummyRegressor()],
            "ridge_regression": [make_pipeline(prepared, Ridge(one)) for one in strengths],
            "gradient_boosting": [HistGradientBoostingRegressor(**one) for one in boosting],
            "random_forest": [make_pipeline(coded, RandomForestRegressor(**one)) for one in forest],
        }
    logistic = [LogisticRegression(C=1 / one, max_iter=1000) for one in strengths]
    return {
        "majority_class": [DummyClassifier()],
        "logistic_regression": [make_pipeline(prepared, one) for one in logistic],
        "gradient_boosting": [HistGradientBoostingClassifier(**one) for one in boosting],
        "random_forest": [with_prior(coded, RandomForestClassifier(**one)) for one in forest],
    }


def with_prior(coded, forest):
    """Return a forest that has a tree more: it says how frequent each class is.

    Without, a class that is in no leaf has a probability of 0, and one such row decides.
    """
    parts = [("forest", make_pipeline(coded, forest)), ("prior", DummyClassifier())]
    return VotingClassifier(parts, voting="soft", weights=[TREES, 1])


@one_thread
def train_others(folds, classes, seed):
    """Return the other models, each with the best of its settings: {name: one for each fold}."""
    found = {}
    for name, settings in rivals(len(folds[0].training.y), classes, seed).items():
        tried = [fit_folds(one, folds) for one in settings]
        off = [
            np.concatenate(
                [
                    losses(ask_other(model, fold.validation.frame), fold.validation.y, classes)
                    for model, fold in zip(models, folds, strict=True)
                ]
            )
            for models in tried
        ]
        found[name] = tried[int(np.argmin([one.mean() for one in off]))]
    return found


def fit_folds(setting, folds):
    """Return a model of a setting for each fold.

    Boosting stops by the rows that validate, ten trees behind the best; then it gets as many trees
    as are best for all folds together.
    """
    if isinstance(setting, BOOSTING):
        curves = []  # the score of each fold's validation rows, at first without a tree
        for training, validation, *_ in folds:
            rows = {"X_val": validation.frame, "y_val": validation.y}
            watched = clone(setting).fit(training.frame, training.y, **rows)
            curves.append(watched.validation_score_)
        best = max(1, int(np.argmax(mean_curve(curves))))
        setting = clone(setting).set_params(max_iter=best, early_stopping=False)
    return [clone(setting).fit(training.frame, training.y) for training, *_ in folds]


@one_thread
def refit(models, frame, y):
    """Return a model fitted on other rows, with what was found for those of the folds."""
    return clone(models[0]).fit(frame, y)


def recommend(by_model, groups):
    """Return the model with the lowest loss, or the first if that is not a standard error higher.

    by_model: the loss of each row, by model, first that which looks at no column; groups: of the
    rows, (n,).
    """
    first, best = next(iter(by_model)), min(by_model, key=lambda name: by_model[name].mean())
    number = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(number, by_model[first] - by_model[best])  # of each group
    return first if sums.sum() <= sums.std() * np.sqrt(len(sums)) else best


def choose_temperature(probabilities, y, groups):
    """Return the temperature of a model: 1, unless a higher one helps with rows not used for it.

    A lower one would make the answers surer. Where a model has all of a few validation rows right,
    the best one is near 0, and the first mistake on other rows would be made with certainty.
    """
    labels = np.eye(probabilities.shape[1])[y]
    half = np.unique(groups, return_inverse=True)[1] % 2
    if half.max() == 0:
        return 1.0  # all rows are of one group
    scaled, _ = cross_fit_temperature(probabilities, labels, half)
    before, after = (score(labels, p)["cross_entropy"] for p in (probabilities, scaled))
    return max(1.0, fit_temperature(probabilities, labels)) if after < before else 1.0


def surprise(probabilities, y):
    """Return the cross-entropy of each answer; y: the number of the class that is true."""
    return -np.log(np.maximum(probabilities[np.arange(len(y)), y], SMALLEST))


def losses(answers, y, classes, variance=1.0):
    """Return how far off each answer is: cross-entropy, or squared error over the variance."""
    return surprise(answers, y) if classes else (answers - y) ** 2 / variance


def evaluate(answers, y, classes, loss):
    """Return the scores of one model; loss: a function of answers and y."""
    scores = {"loss": float(loss(answers, y).mean())}
    if not classes:
        scores["mean_absolute_error"] = float(np.abs(answers - y).mean())
        scores["r2"] = float(1 - ((answers - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())
        return scores
    scores["accuracy"] = float((answers.argmax(axis=1) == y).mean())
    if len(classes) == 2:
        scores["auc"] = float(roc_auc_score(y, answers[:, 1]))
    return scores


def describe_scores(scores):
    """Return the scores of one model in words."""
    forms = {"loss": ".3f", "mean_absolute_error": ".4g", "r2": ".3f", "accuracy": ".1%"}
    return "  ".join(
        f"{name.replace('_', ' ')} {value:{forms.get(name, '.3f')}}"
        for name, value in scores.items()
    )


def describe_gain(one):
    """Return in words what compare has found."""
    verdict = "shown" if one["shown"] else "not shown"
    return "{mean:+.3f} ({low:+.3f} to {high:+.3f}), ".format(**one) + verdict


def compare(by_model, groups, network=NETWORK):
    """Return for each other model how much lower the network's loss is: the book's rule.

    by_model: the loss of each row, by model; groups: of the rows, (n,). The interval draws whole
    groups; p is that of a t-test of the groups' sums; all models together are one family.
    """
    family = {}
    if network not in by_model:  # it has diverged
        return family
    # Of a large table, blocks of groups are drawn: a draw of each single one takes gigabytes.
    number = np.unique(groups, return_inverse=True)[1] % MOST_GROUPS
    for name, values in by_model.items():
        if name == network:
            continue
        gains = values - by_model[network]
        sums = np.bincount(number, gains)
        if np.allclose(sums, sums[0], atol=0):
            p = float(sums[0] == 0)  # there is no deviation to compare with
        else:
            p = float(stats.ttest_1samp(sums, 0).pvalue)
        family[name] = mean_over_groups(gains, number) | {"p": p}
    correct_family(family.values())
    return family


def report(title, answers, y, groups, classes, loss):
    """Print and return the scores of each model, and by how much the network's loss is lower."""
    scores = {name: evaluate(one, y, classes, loss) for name, one in answers.items()}
    print(f"On the {len(y):,} {title} rows:")
    for name, one in scores.items():
        print(f"  {name.replace('_', ' '):20} {describe_scores(one)}")
    family = compare({name: loss(one, y) for name, one in answers.items()}, groups)
    if family:
        print("The network's loss is lower than theirs by (95 % interval; minus: it is higher)")
    for name, one in family.items():
        print(f"  {name.replace('_', ' '):20} {describe_gain(one)}")
    return {"scores": scores, "compared": family}
