"""The models that are compared: four for numbers, four for classes, and what all of them get."""

from sklearn import dummy, ensemble, impute, linear_model, neural_network, preprocessing
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.compose import make_column_selector as selector
from sklearn.pipeline import make_pipeline

SEED = {"random_state": 1}
NETWORK = {"max_iter": 1_000, **SEED}
REGRESSORS = {
    "the mean": dummy.DummyRegressor(),
    "linear": linear_model.RidgeCV([0.1, 1, 10, 100]),
    "network": TransformedTargetRegressor(
        neural_network.MLPRegressor(early_stopping=True, **NETWORK),
        transformer=preprocessing.StandardScaler(),
    ),
    "forest": ensemble.RandomForestRegressor(min_samples_leaf=2, **SEED),
    "boosting": ensemble.HistGradientBoostingRegressor(learning_rate=0.06, **SEED),
}
CLASSIFIERS = {
    "always the same": dummy.DummyClassifier(),
    "linear": linear_model.LogisticRegression(max_iter=2_000),
    "network": neural_network.MLPClassifier(alpha=1, **NETWORK),
    "forest": ensemble.VotingClassifier(  # the prior: no class has a probability of 0
        [
            ("trees", ensemble.RandomForestClassifier(min_samples_leaf=2, **SEED)),
            ("prior", dummy.DummyClassifier()),
        ],
        voting="soft",
        weights=[100, 1],  # as many as there are trees, and one
    ),
    "boosting": ensemble.HistGradientBoostingClassifier(learning_rate=0.06, **SEED),
}
# Gaps become medians, and a column says so; words become columns of 0 and 1.
FILL = impute.SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
WORDS = {"handle_unknown": "infrequent_if_exist", "max_categories": 30, "sparse_output": False}
PREPARE = make_column_transformer(
    (make_pipeline(FILL, preprocessing.StandardScaler()), selector(dtype_include="number")),
    (preprocessing.OneHotEncoder(**WORDS), selector(dtype_exclude="number")),
)
