"""Predict the column for each row of a new file: python predict.py new.csv

The file is read as that of the training was. Writes predictions.csv: its texts as they were, with
the same separator, and a column more.
"""

import json
import sys
from pathlib import Path

import pandas as pd
import skops.io
from table import read, to_table

# What the models of train.py have in them besides what skops knows; it refuses all else.
TRUSTED = ["numpy.dtype", "sklearn.compose._column_transformer.make_column_selector"]
TRUSTED += ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
TRUSTED += ["sklearn.tree._tree.Tree", "sklearn.utils._bunch.Bunch"]
TRUSTED += ["sklearn.neural_network._stochastic_optimizers.AdamOptimizer"]


def load():
    """Return the model that train.py has written, and how its table was read."""
    about = json.loads(Path("about.json").read_text(encoding="utf-8"))
    return skops.io.load("model.skops", trusted=TRUSTED), about


def main(path):
    model, about = load()
    texts, _ = read(path, about["separator"])
    answers = model.predict(to_table(texts, about["kinds"], about["decimal"]))
    name = "prediction"
    while name in texts:
        name += "_"
    how = {"sep": about["separator"], "decimal": about["decimal"] or ".", "index": False}
    texts.assign(**{name: answers}).to_csv("predictions.csv", **how)
    print(f"the column {name} of predictions.csv:\n{pd.Series(answers).describe()}")


if __name__ == "__main__":
    main(sys.argv[1])
