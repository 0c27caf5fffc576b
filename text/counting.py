"""Three ways to tell messages apart by counting: logistic regression on words, or on characters.

The five networks stand in `classifiers.py`. `ask.py` takes one of these three, which learn in
seconds; the best of them beat all five networks.
Chapter: text/README.md#eight-models
"""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

STRENGTHS = [0.1, 1, 10, 100, 1_000]  # how far the weights of logistic regression may grow


def counted_words():
    return CountVectorizer(token_pattern=r"(?u)\b\w+\b", binary=True)


def weighted_words():
    """Words weighed by how rare they are (TF-IDF), numbers and pairs of words among them."""
    return TfidfVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(1, 2), sublinear_tf=True)


def characters():
    """Pieces of two to five characters, weighed likewise."""
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)


def fit_regression(pieces, texts, labels, stop_texts, stop_labels):
    """Return logistic regression on pieces of the texts, with the strength that stops best."""
    vectorizer = pieces().fit(texts)
    x, x_stop = vectorizer.transform(texts), vectorizer.transform(stop_texts)
    models = [LogisticRegression(C=c, max_iter=2_000).fit(x, labels) for c in STRENGTHS]
    losses = [
        log_loss(stop_labels, model.predict_proba(x_stop), labels=model.classes_)
        for model in models
    ]
    return make_pipeline(vectorizer, models[np.argmin(losses)])


REGRESSIONS = {
    "words": counted_words,
    "weighted words": weighted_words,
    "characters": characters,
}
