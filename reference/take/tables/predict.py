"""Predict the column for each row of a new file: python predict.py new.csv

Writes predictions.csv: the file as it was, and a column more.
"""

import sys

import pandas as pd
import skops.io


def load(path="model.skops"):
    """Load a model that train.py has written; it is your own file, so its types are trusted."""
    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


def predict(model, table):
    """Return a prediction for each row; columns that the model does not know are left out."""
    return model.predict(table[list(model.feature_names_in_)])


def main(path):
    table = pd.read_csv(path, sep=None, engine="python")
    answers = predict(load(), table)
    as_it_was = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    as_it_was.assign(prediction=answers).to_csv("predictions.csv", index=False)
    print(pd.Series(answers).describe())


if __name__ == "__main__":
    main(sys.argv[1])
