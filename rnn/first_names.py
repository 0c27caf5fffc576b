"""Female or male? A network and logistic regression read first names.

    python rnn/first_names.py

You will see which names are both and were set aside; how many of the held-out names five models
get right, each on five splits: the majority class, logistic regression on how often each letter
occurs and on n-grams, the latter also from the very names that the network learns from, and a GRU;
how far the last two lie apart on each split; and what the network predicts for some names. A little
over a minute on two cores.

`first_names.csv` holds 5,494 first names of the census of the United States in 1990 (a work of its
government, in the public domain), as the Python package names 0.3.0 (MIT) carries them.
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

from rnn.letters import SYMBOLS, encode
from utils.comparisons import compare_networks
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_and_deviation

FOLDER = Path(__file__).resolve().parent

UNITS = 32
LETTER_SIZE = 8  # numbers that stand for a letter
EPOCHS = 40  # at most: what is kept is the epoch with the lowest validation loss
PATIENCE = 5
BATCH_SIZE = 64
LEARNING_RATE = 0.003
TEST_SHARE = 0.2  # of all names, and as much for validation
SPLITS = 5  # each with a seed of its own
ASKED = ["hermione", "galadriel", "gandalf", "sherlock", "yoshua"]  # none of them is in the table


def load_first_names():
    """Return names, 1 for female and 0 for male, and the names that are both."""
    # Nan is a name; without keep_default_na, pandas would take it for a missing value.
    table = pd.read_csv(FOLDER / "first_names.csv", keep_default_na=False)
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


def build_network():
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            # Names are filled up with zeros to equal length; mask_zero lets the GRU skip them.
            layers.Embedding(SYMBOLS, LETTER_SIZE, mask_zero=True),
            layers.GRU(UNITS),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def train_network(names, female, names_val, female_val, seed, epochs):
    """Train on some names; others decide when to stop."""
    keras.utils.set_random_seed(seed)
    model = build_network()
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    model.fit(
        encode(names)[0],
        female,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(encode(names_val)[0], female_val),
        callbacks=[stop],
        verbose=0,
    )
    return model


def evaluate(names, female, seed, epochs):
    """Return for one split the scores of each model on the test names, a lead, and the network.

    The lead is how many more names (as a share) n-grams get right than the GRU if both learn from
    the same names, with its interval over names.
    """
    split = train_test_split(
        names, female, test_size=TEST_SHARE, stratify=female, random_state=seed
    )
    train_names, test_names, train_sex, test_sex = split
    # The network sets a quarter of its names aside, to know when to stop.
    fewer, names_val, fewer_sex, sex_val = train_test_split(
        train_names, train_sex, test_size=TEST_SHARE / (1 - TEST_SHARE), random_state=seed
    )
    predicted = {
        name: model.fit(train_names, train_sex).predict_proba(test_names)[:, 1]
        for name, model in make_others().items()
    }
    same = make_others()["n_grams"].fit(fewer, fewer_sex)
    predicted["n_grams_of_fewer"] = same.predict_proba(test_names)[:, 1]
    model = train_network(fewer, fewer_sex, names_val, sex_val, seed, epochs)
    predicted["GRU"] = predict(model, test_names)
    right = {name: (female > 0.5) == test_sex for name, female in predicted.items()}
    scores = {
        name: {
            "accuracy": float(right[name].mean()),
            "auc": float(roc_auc_score(test_sex, female)),
        }
        for name, female in predicted.items()
    }
    groups = np.arange(len(test_names))  # each name is a group of its own
    return scores, compare_networks(right["GRU"], right["n_grams_of_fewer"], groups), model


def predict(model, names):
    """Return the probability that each name is female."""
    return model.predict(encode(names)[0], verbose=0)[:, 0]


def main(argv=None):
    """Return the accuracies of each model on each split, and the names that are both."""
    parser = make_parser("Tells female from male first names.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--splits", type=positive(int), default=SPLITS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    names, female, both = load_first_names()
    print(f"{len(names):,} names, {female.mean():.1%} female; {len(both)} are both, such as")
    print(", ".join(both[:10]))
    splits, leads = [], []
    for seed in range(1, args.splits + 1):
        scores, lead, model = evaluate(names, female, seed, args.epochs)
        splits.append(scores)
        leads.append(lead)
    results = {"names": len(names), "female": female.mean(), "both": len(both), "models": {}}
    results["leads"] = leads
    for name in splits[0]:
        results["models"][name] = {}
        for key in ("accuracy", "auc"):
            values = [scores[name][key] for scores in splits]
            mean, deviation = mean_and_deviation(values)
            one = {"splits": values, "mean": mean, "deviation": deviation}
            results["models"][name][key] = one
        accuracy, auc = results["models"][name].values()
        shown = "".join(f"{value:7.1%}" for value in accuracy["splits"])
        print(f"{name:17}{accuracy['mean']:7.1%}   AUC {auc['mean']:.3f}   splits {shown}")
    print("Names that n-grams of the same names get right more than the GRU, on each split:")
    print("; ".join("{mean:.1%} ({low:.1%} to {high:.1%})".format(**lead) for lead in leads))
    results["asked"] = dict(zip(ASKED, map(float, predict(model, ASKED)), strict=True))
    for name, probability in results["asked"].items():
        print(f"{name:10} female with probability {probability:.2f}")
    results["parameters"] = model.count_params()
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
