"""Learn to predict one column of a table from the others: python train.py customers.csv churned

Four kinds of models are compared on the same rows. The best is judged on rows that none of them has
seen, and then learns from all. Writes model.skops.
"""

import sys

import pandas as pd
import skops.io
from sklearn import dummy, ensemble, impute, linear_model, neural_network, preprocessing
from sklearn.base import clone
from sklearn.compose import make_column_selector as selector
from sklearn.compose import make_column_transformer
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

MODELS = {  # by what they are judged by: numbers, and classes
    "neg_mean_absolute_error": {
        "the mean": dummy.DummyRegressor(),
        "linear": linear_model.RidgeCV([0.1, 1, 10, 100]),
        "network": neural_network.MLPRegressor(early_stopping=True, max_iter=1_000),
        "forest": ensemble.RandomForestRegressor(min_samples_leaf=2),
        "boosting": ensemble.HistGradientBoostingRegressor(learning_rate=0.06),
    },
    "neg_log_loss": {
        "always the same": dummy.DummyClassifier(),
        "linear": linear_model.LogisticRegression(max_iter=2_000),
        "network": neural_network.MLPClassifier(early_stopping=True, max_iter=1_000),
        "forest": ensemble.RandomForestClassifier(min_samples_leaf=2),
        "boosting": ensemble.HistGradientBoostingClassifier(learning_rate=0.06),
    },
}
# Gaps become medians, and a column says so; words become columns of 0 and 1.
FILL = impute.SimpleImputer(strategy="median", add_indicator=True)
WORDS = {"handle_unknown": "infrequent_if_exist", "max_categories": 30, "sparse_output": False}
PREPARE = make_column_transformer(
    (
        make_pipeline(FILL, preprocessing.StandardScaler()),
        selector(dtype_include="number"),
    ),
    (preprocessing.OneHotEncoder(**WORDS), selector(dtype_exclude="number")),
)


def main(path, target):
    table = pd.read_csv(path, sep=None, engine="python").dropna(subset=target)
    x, y = table.drop(columns=target), table[target]
    numbers = pd.api.types.is_numeric_dtype(y) and y.nunique() > 20
    y, score = (y, "neg_mean_absolute_error") if numbers else (y.astype(str), "neg_log_loss")
    how = {"test_size": 0.2, "random_state": 1, "stratify": None if numbers else y}
    x_known, x_test, y_known, y_test = train_test_split(x, y, **how)
    losses, models = {}, {name: make_pipeline(PREPARE, one) for name, one in MODELS[score].items()}
    for name, model in models.items():
        losses[name] = -cross_val_score(model, x_known, y_known, scoring=score).mean()
        print(f"{name:16}{losses[name]:12.4g}")
    best = models[min(losses, key=losses.get)].fit(x_known, y_known)
    losses["test"] = -get_scorer(score)(best, x_test, y_test)
    print(f"the best one, on {len(y_test)} rows that no model has seen: {losses['test']:.4g}")
    skops.io.dump(clone(best).fit(x, y), "model.skops")
    return losses


if __name__ == "__main__":
    main(*sys.argv[1:])
