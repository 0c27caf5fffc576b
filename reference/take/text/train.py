"""Learn to tell texts apart: python train.py messages.csv LABEL TEXT

LABEL and TEXT are the names of two columns. Logistic regression on pieces of two to five characters
is simple and strong. It is judged on texts that it has not seen, and then learns from all. Writes
model.skops, with the vectorizer inside.
"""

import argparse

import pandas as pd
import skops.io
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit
from sklearn.pipeline import make_pipeline

STRENGTHS = [1, 10, 100]  # how far the weights may grow: the best is taken


def main(argv=None):
    parser = argparse.ArgumentParser()
    for name in ("file", "label", "text"):
        parser.add_argument(name)
    args = parser.parse_args(argv)
    table = pd.read_csv(args.file, sep=None, engine="python", dtype=str)
    table = table.dropna(subset=[args.label, args.text])
    texts, labels = table[args.text].to_numpy(object), table[args.label].to_numpy(object)
    # Texts that differ in digits, punctuation or capitals only are held out together.
    alike = table[args.text].str.lower().str.replace(r"[\W\d_]+", " ", regex=True)
    split = GroupShuffleSplit(1, test_size=0.2, random_state=1)
    known, test = next(split.split(texts, groups=alike))
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(pieces, LogisticRegression(max_iter=2_000))
    strengths = {"logisticregression__C": STRENGTHS}
    search = GridSearchCV(model, strengths, scoring="neg_log_loss", cv=3)
    search.fit(texts[known], labels[known])
    model = search.best_estimator_
    print(classification_report(labels[test], model.predict(texts[test]), zero_division=0))
    skops.io.dump(clone(model).fit(texts, labels), "model.skops")
    return model.score(texts[test], labels[test])


if __name__ == "__main__":
    main()
