"""Learn to tell texts apart: python train.py messages.csv LABEL TEXT

LABEL and TEXT are the names of two columns. Logistic regression on pieces of two to five characters
is simple and strong. It is judged on texts that it has not seen, near copies neither, and then
learns from all. Writes model.skops, with the vectorizer inside.

Did one person write several texts? Then name the column that says who, as in --group sender, or
what is right is too much for new ones; and cut signatures and quoted replies off.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

STRENGTHS = [1, 10, 100]  # how far the weights may grow: the best is taken
RAREST = 15  # texts of a class that are not near copies


def near_copies(texts):
    """Return for each text what those share that differ in digits, marks or capitals only."""
    letters = texts.str.lower().str.replace(r"[\W\d_]+", " ", regex=True).str.strip()
    return letters.where(letters != "", texts)  # one of digits only is near to nothing else


def join(groups, others):
    """Return for each text a group that holds together what either of two columns does."""
    joined, before = pd.Series(np.arange(len(groups)), groups.index), None
    while not joined.equals(before):
        before = joined
        joined = joined.groupby(groups).transform("min").groupby(others).transform("min")
    return joined


def main(argv=None):
    parser = argparse.ArgumentParser()
    for name in ("file", "label", "text"):
        parser.add_argument(name)
    parser.add_argument("--group", metavar="COLUMN", help="who wrote each text")
    args = parser.parse_args(argv)
    try:
        with Path(args.file).open(encoding="utf-8-sig") as file:
            separator = max(",;\t|", key=file.readline().count)
        how = {"dtype": str, "keep_default_na": False}  # a class may be called None
        table = pd.read_csv(args.file, sep=separator, **how).fillna("")
        table = table[(table[args.label] != "") & (table[args.text] != "")]
        groups = near_copies(table[args.text])
        groups = join(groups, table[args.group]) if args.group else groups
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"cannot read these columns of {args.file}: {error}")
    texts, labels = table[args.text].to_numpy(object), table[args.label].to_numpy(object)
    different = groups.groupby(table[args.label]).nunique()
    if len(different) < 2 or different.min() < RAREST:
        said = ", ".join(f"{count} {name}" for name, count in different.nsmallest(5).items())
        what = args.group or "texts"
        parser.error(f"needs two classes of {RAREST} different {what}, or more, and has {said}")
    split = StratifiedGroupKFold(5, shuffle=True, random_state=1)
    known, test = next(split.split(texts, labels, groups))
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(pieces, LogisticRegression(max_iter=2_000))
    strengths = {"logisticregression__C": STRENGTHS}
    how = {"response_method": "predict_proba", "greater_is_better": False}
    loss = make_scorer(log_loss, labels=sorted(different.index), **how)
    search = GridSearchCV(model, strengths, scoring=loss, cv=StratifiedGroupKFold(3))
    search.fit(texts[known], labels[known], groups=groups.iloc[known])
    if not np.isfinite(search.best_score_):
        parser.error("a class is missing where the model learns: it needs more different texts")
    model = search.best_estimator_
    print(classification_report(labels[test], model.predict(texts[test]), zero_division=0))
    skops.io.dump(clone(model).fit(texts, labels), "model.skops")
    return model.score(texts[test], labels[test])


if __name__ == "__main__":
    main()
