"""Machinery of this part: the other models, how far off an answer is, and the book's rule.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#is-the-network-better
"""

from collections import namedtuple

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import roc_auc_score

from mlp.tables.network import apply
from mnist.studies.temperature import cross_fit_temperature, fit_temperature, with_temperature
from utils.comparisons import correct_family
from utils.statistics import SMALLEST, mean_over_groups, score

LARGE = 100_000  # rows, from which on the usual strength must do
MOST_GROUPS = 5_000  # that are drawn one by one
STRENGTHS = (0.1, 1, 10, 100)  # of the linear model's penalty on its weights: the best is taken

# Rows as each model likes them: inputs by name, a pandas frame, the numbers that the network gets.
Part = namedtuple("Part", ["inputs", "frame", "X", "y", "groups"])


def to_frame(inputs, vocabularies):
    """Return the inputs as boosting likes them best: numbers with their gaps, words as categories.

    It gets the same words as the network; the others are gaps to it.
    """
    columns = {}
    for name, values in inputs.items():
        if name not in vocabularies:
            columns[name] = values
        elif words := vocabularies[name]:  # a column of rare words says nothing
            columns[name] = pd.Categorical.from_codes(pd.Index(words).get_indexer(values), words)
    return pd.DataFrame(columns)


def make_parts(inputs, y, groups, parts, preparation, words):
    """Return each part as each model likes it; parts: its rows, by name."""
    made = []
    for rows in parts.values():
        plain = {name: values[rows] for name, values in inputs.items()}
        X = apply(preparation, plain)
        made.append(Part(plain, to_frame(plain, words), X, y[rows], groups[rows]))
    return made


def train_others(training, validation, classes, seed):
    """Return the other models by name, each a function from a part to its answers.

    The linear model gets what the network gets. Probabilities are calibrated like the network's.
    """
    X, y = training.X, training.y
    # Like the network, boosting stops where the loss on the validation rows no longer falls. It
    # does not go back to the best step, though.
    options = {"categorical_features": "from_dtype", "random_state": seed, "max_iter": 1000}
    options["early_stopping"] = True  # "auto" stops only above 10,000 rows (scikit-learn 1.9.1)
    watched = {"X_val": validation.frame, "y_val": validation.y}
    if not classes:
        mean = DummyRegressor().fit(X, y)
        linear = RidgeCV(alphas=STRENGTHS).fit(X, y)
        boosting = HistGradientBoostingRegressor(**options).fit(training.frame, y, **watched)
        return {
            "mean": lambda part: mean.predict(part.X),
            "ridge_regression": lambda part: linear.predict(part.X),
            "gradient_boosting": lambda part: boosting.predict(part.frame),
        }
    majority = DummyClassifier().fit(X, y)
    strengths = STRENGTHS if len(y) <= LARGE else [1]
    linear = min(
        (LogisticRegression(C=1 / strength, max_iter=1000).fit(X, y) for strength in strengths),
        key=lambda model: surprise(model.predict_proba(validation.X), validation.y).mean(),
    )
    boosting = HistGradientBoostingClassifier(**options).fit(training.frame, y, **watched)
    models = {
        "majority_class": lambda part: majority.predict_proba(part.X),
        "logistic_regression": lambda part: linear.predict_proba(part.X),
        "gradient_boosting": lambda part: boosting.predict_proba(part.frame),
    }
    return {name: calibrate(model, validation) for name, model in models.items()}


def calibrate(model, validation):
    """Return the model with its probabilities scaled by a temperature."""
    temperature = choose_temperature(model(validation), validation)
    return lambda part: with_temperature(model(part), temperature)


def choose_temperature(probabilities, part):
    """Return the temperature of a model: 1, unless a higher one helps with rows not used for it.

    A lower one would make the answers surer. Where a model has all of a few validation rows right,
    the best one is near 0, and the first mistake on other rows would be made with certainty.
    """
    labels = np.eye(probabilities.shape[1])[part.y]
    half = np.unique(part.groups, return_inverse=True)[1] % 2
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


def evaluate(answers, y, classes, variance):
    """Return the scores of one model."""
    scores = {"loss": float(losses(answers, y, classes, variance).mean())}
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


def compare(by_model, groups, network="neural_network"):
    """Return for each other model how much lower the network's loss is: the book's rule.

    by_model: the loss of each row, by model; groups: of the rows, (n,). The interval draws whole
    groups; p is that of a t-test of the groups' sums; all models together are one family.
    """
    family = {}
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


def report(title, part, models, classes, variance):
    """Print and return the scores of each model, and by how much the network's loss is lower."""
    answers = {name: model(part) for name, model in models.items()}
    scores = {name: evaluate(a, part.y, classes, variance) for name, a in answers.items()}
    print(f"On the {len(part.y):,} {title} rows:")
    for name, one in scores.items():
        print(f"  {name.replace('_', ' '):20} {describe_scores(one)}")
    by_row = {name: losses(a, part.y, classes, variance) for name, a in answers.items()}
    family = compare(by_row, part.groups)
    print("The network's loss is lower than theirs by (95 % interval; minus: it is higher)")
    for name, one in family.items():
        print(f"  {name.replace('_', ' '):20} {describe_gain(one)}")
    return answers, {"scores": scores, "compared": family}
