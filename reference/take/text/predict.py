"""Say what texts are: python predict.py "a new message" ..., or of lines: predict.py < FILE"""

import sys

import skops.io


def load(path="model.skops"):
    """Load a model that train.py has written; skops refuses types that could run code."""
    return skops.io.load(path)


def predict(model, texts):
    """Return the likeliest class of each text and its probability."""
    shares = model.predict_proba(texts)
    return list(zip(model.classes_[shares.argmax(axis=1)], shares.max(axis=1), strict=True))


def main(texts):
    for text, (label, share) in zip(texts, predict(load(), texts), strict=True):
        print(f"{label}\t{share:.3f}\t{text}")


if __name__ == "__main__":
    main(sys.argv[1:] or [line.strip() for line in sys.stdin if line.strip()])
