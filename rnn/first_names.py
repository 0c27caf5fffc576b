"""Female or male? Two networks and logistic regression read first names.

    python rnn/first_names.py
    python rnn/first_names.py --search      # and looks for the learning rates first, minutes more

You will see which names are both and were set aside; how many of the held-out names six models get
right, each on five splits: the majority class, logistic regression on how often each letter occurs
and on n-grams, the latter also from the very names that the networks learn from, a GRU and a
convolution. About two minutes on two cores.

`first_names.csv` holds 5,494 rows of first names, from the census of the United States in 1990 (a
work of its government, in the public domain), as the Python package names 0.3.0 (MIT) carries them.
SHA-256: e27bc42d81699c9f6d04e7e0b934f75d0874c438428d156cabf78f0635345342.
Chapter: rnn/README.md#first-names
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from rnn.letters import LONGEST, SYMBOLS, encode
from utils.comparisons import tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_and_deviation

UNITS = 32
LETTER_SIZE = 32  # numbers that stand for a letter
FILTERS = 96  # of each length
EPOCHS = 60  # at most: what is kept is the epoch with the lowest validation loss
PATIENCE = 8
BATCH_SIZE = 64
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
BEST = {"GRU": 0.03, "convolution": 0.001}  # of these, by SEARCHED; --search looks again
SEARCHED = [101, 102, 103]  # splits to look for the rates with
TEST_SHARE = 0.2  # of all names, and as much for validation
SPLITS = 5  # each with a seed of its own


def load_first_names():
    """Return names, 1 for female and 0 for male, and the names that are both."""
    # Nan is a name; without keep_default_na, pandas would take it for a missing value.
    table = pd.read_csv(Path(__file__).with_name("first_names.csv"), keep_default_na=False)
    both = sorted(set(table.loc[table.duplicated("name"), "name"]))
    table = table[~table["name"].isin(both)]
    return table["name"].to_numpy(), (table["sex"] == "female").to_numpy(int), both


def make_others():
    """Return the models to compare with by name; each takes a list of names."""
    letters = CountVectorizer(analyzer="char")
    # char_wb puts a space before and after each name, which tells an ending from a beginning.
    ngrams = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), binary=True)
    return {
        "majority_class": make_pipeline(letters, DummyClassifier()),
        "letters": make_pipeline(letters, LogisticRegression(max_iter=2_000)),
        "n_grams": make_pipeline(ngrams, LogisticRegression(max_iter=2_000)),
    }


def build_gru():
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            # Names are filled up with zeros to equal length; mask_zero lets the GRU skip them.
            layers.Embedding(SYMBOLS, LETTER_SIZE, mask_zero=True),
            layers.GRU(UNITS),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def build_convolution():
    """The strongest answer to patterns of two, three and four letters, wherever they stand."""
    numbers = keras.Input((LONGEST + 1,), dtype="int32")
    x = layers.Embedding(SYMBOLS, LETTER_SIZE)(numbers)
    answers = [
        layers.Conv1D(FILTERS, length, padding="same", activation="relu")(x) for length in (2, 3, 4)
    ]
    x = layers.Concatenate()([layers.GlobalMaxPooling1D()(one) for one in answers])
    x = layers.Dropout(0.5)(x)
    return keras.Model(numbers, layers.Dense(1, activation="sigmoid")(x))


NETWORKS = {"GRU": build_gru, "convolution": build_convolution}


def divide(names, female, seed):
    """Return names and sexes to learn from, to stop by, and to test with, in this order."""
    known, test, sex, test_sex = train_test_split(
        names, female, test_size=TEST_SHARE, stratify=female, random_state=seed
    )
    # A network sets a quarter of its names aside, to know when to stop.
    learn, stop, learn_sex, stop_sex = train_test_split(
        known, sex, test_size=TEST_SHARE / (1 - TEST_SHARE), random_state=seed
    )
    return (learn, learn_sex), (stop, stop_sex), (test, test_sex)


def train_network(name, learn, stop, seed, rate, epochs):
    """Return a trained network and its lowest loss on the names to stop by."""
    keras.utils.set_random_seed(seed)
    model = NETWORKS[name]()
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    stopping = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    history = model.fit(
        encode(learn[0])[0],
        learn[1],
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(encode(stop[0])[0], stop[1]),
        callbacks=[stopping],
        verbose=0,
    )
    return model, min(history.history["val_loss"])


def find_rate(name, names, female, epochs):
    """Return what was tried and the best learning rate; see utils.comparisons.tune."""

    def loss(rate, seed):
        return train_network(name, *divide(names, female, seed)[:2], seed, rate, epochs)[1]

    return tune(lambda rate: np.mean([loss(rate, seed) for seed in SEARCHED]), {"rate": RATES})


def score_models(names, female, seed, rates, epochs):
    """Return the scores of each model on the test names of a split, and the networks."""
    learn, stop, (test, sex) = divide(names, female, seed)
    more = [np.concatenate(both) for both in zip(learn, stop, strict=True)]
    others = {name: model.fit(*more) for name, model in make_others().items()}
    others["n_grams_of_fewer"] = make_others()["n_grams"].fit(*learn)
    predicted = {name: model.predict_proba(test)[:, 1] for name, model in others.items()}
    models = {
        name: train_network(name, learn, stop, seed, rate, epochs)[0]
        for name, rate in rates.items()
    }
    predicted |= {name: predict(model, test) for name, model in models.items()}
    scores = {
        name: {
            "accuracy": float(((probability > 0.5) == sex).mean()),
            "auc": float(roc_auc_score(sex, probability)),
        }
        for name, probability in predicted.items()
    }
    return scores, models


def predict(model, names):
    """Return the probability that each name is female."""
    return model.predict(encode(names)[0], verbose=0)[:, 0]


def main(argv=None):
    """Return the accuracies of each model on each split, and the names that are both."""
    parser = make_parser("Tells female from male first names.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--splits", type=positive(int), default=SPLITS)
    parser.add_argument("--search", action="store_true", help="look for the learning rates first")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    names, female, both = load_first_names()
    print(f"{len(names):,} names, {female.mean():.1%} female; {len(both)} are both: {both[:5]} ...")
    results = {"names": len(names), "female": female.mean(), "both": len(both), "models": {}}
    rates = BEST
    if args.search:
        results["tuned"] = {one: find_rate(one, names, female, args.epochs) for one in NETWORKS}
        rates = {one: found["best"]["rate"] for one, found in results["tuned"].items()}
    splits = []
    for seed in range(1, args.splits + 1):
        scores, models = score_models(names, female, seed, rates, args.epochs)
        splits.append(scores)
    for name in splits[0]:
        one = results["models"][name] = {}
        for key in ("accuracy", "auc"):
            values = [scores[name][key] for scores in splits]
            mean, deviation = mean_and_deviation(values)
            one[key] = {"splits": values, "mean": mean, "deviation": deviation}
        shown = "".join(f"{value:7.1%}" for value in one["accuracy"]["splits"])
        print(f"{name:17}{one['accuracy']['mean']:7.1%}   AUC {one['auc']['mean']:.3f}   {shown}")
    results["parameters"] = {name: model.count_params() for name, model in models.items()}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
