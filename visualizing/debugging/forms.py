"""Machinery of the checklist: any network and its data, brought into one form or refused.

Chapter: visualizing/debugging/README.md#your-own-network
"""

import keras
import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

SPLIT = 0.2  # the last rows validate, if no others are given
FEWEST = 10  # rows
EXPECTED = 10  # rows of a class that one part should have, if it has none


def name_of_loss(model):
    """Return it in small letters and without underscores, as it may be a function or a class."""
    name = getattr(model.loss, "name", None) or getattr(model.loss, "__name__", model.loss)
    return str(name).replace("_", "").lower()


def takes_logits(model):
    return isinstance(model.loss, keras.Loss) and model.loss.get_config().get("from_logits", False)


def classes_of(model, y):
    """Return the class of each row of y, shape (n, outputs) or (n, 1); None for quantities."""
    if y.shape[1] > 1:
        one_hot = ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()
        return y.argmax(axis=1) if one_hot else None
    whole = (y == y.round()).all() and y.min() >= 0
    several = model.output_shape[-1] > 1 or "crossentropy" in name_of_loss(model)
    return y[:, 0].astype(int) if whole and (several or y.max() <= 1) else None


def refuse(model, x, y):
    """Raise ValueError, with a sentence, if a network and its data cannot be checked."""
    takes, gives = model.input_shape, model.output_shape
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(gives) != 2:
        raise ValueError("these checks are for a network with one input and one row of outputs")
    if not getattr(model, "optimizer", None) or not model.loss:
        raise ValueError("the network is not compiled, and its loss is among what is checked")
    if x.dtype.kind not in "biuf" or y.dtype.kind not in "biuf":
        raise ValueError("x and y are to be numbers: turn words into numbers first")
    if x.ndim != len(takes) or any(n not in (None, m) for n, m in zip(takes, x.shape, strict=True)):
        raise ValueError(f"inputs of shape {x.shape} do not fit {takes}, which the network takes")
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} rows of inputs and {len(y)} labels to validate")
    if y.ndim > 2 or y.shape[-1] not in (1, gives[1]) or not np.isfinite(y).all():
        raise ValueError(f"labels of shape {y.shape} do not fit {gives}, which the network gives")
    sparse, least, most = "sparse" in name_of_loss(model), y.min(), y.max()
    if y.shape[1] == 1 < gives[1] and sparse and not 0 <= least <= most < gives[1]:
        raise ValueError(f"labels are {least:.4g} to {most:.4g}, outputs 0 to {gives[1] - 1}")


def divide(x, y, x_val=None, y_val=None):
    """Return the four as arrays, labels as rows; without x_val the last fifth of x and y validates.

    That is what fit(validation_split=0.2) does.
    """
    x, y = np.atleast_1d(x), np.atleast_1d(y)
    if len(x) != len(y) or len(x) < FEWEST:
        raise ValueError(f"{len(x)} rows of inputs and {len(y)} labels cannot be checked")
    if x_val is None:
        cut = len(x) - int(SPLIT * len(x))
        x, x_val, y, y_val = x[:cut], x[cut:], y[:cut], y[cut:]
    y, y_val = (np.asarray(part).reshape(len(part), -1) for part in (y, y_val))
    return x, y, np.asarray(x_val), y_val


def apart(labels, labels_val):
    """Return how far the labels of the two parts are apart, 0 to 1, and p: is that chance?

    Both: classes as whole numbers, or quantities, shape (n,).
    """
    if labels.dtype.kind != "i":
        test = ks_2samp(labels, labels_val)
        return float(test.statistic), float(test.pvalue)
    most = 1 + max(labels.max(), labels_val.max())
    counts = np.array([np.bincount(part, minlength=most) for part in (labels, labels_val)])
    counts = counts[:, counts.any(axis=0)]
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(np.abs(shares[0] - shares[1]).sum() / 2), float(chi2_contingency(counts).pvalue)


def missing(classes, classes_val):
    """Return the classes of which one of the two parts has no row, though it should have some."""
    found = []
    for part, other in ((classes, classes_val), (classes_val, classes)):
        numbers, counts = np.unique(part, return_counts=True)
        enough = counts / len(part) * len(other) >= EXPECTED
        found += numbers[enough & ~np.isin(numbers, other)].tolist()
    return found


def judge(model, x, y, x_val=None, y_val=None):
    """Print and return how right a trained network is, and one that says the same of every row.

    As shares of right answers, or, of quantities, as mean absolute errors.
    """
    x, y, *validation = divide(x, y, x_val, y_val)
    found = {}
    for part, inputs, labels in (("training", x, y), ("validation", *validation)):
        refuse(model, inputs, labels)
        rows, classes = model.predict(inputs, verbose=0), classes_of(model, labels)
        if classes is None:
            error, guess = (np.abs(labels - one).mean() for one in (rows, y.mean(axis=0)))
            print(f"{part}: mean error {error:.4g}; of the mean answer {guess:.4g}")
        else:
            limit = 0 if takes_logits(model) else 0.5
            said = rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0] > limit
            error, guess = (said == classes).mean(), np.bincount(classes).max() / len(classes)
            print(f"{part}: accuracy {error:.1%}; of always saying its commonest class {guess:.1%}")
        found[part] = {"network": float(error), "same_answer": float(guess)}
    return found


def copy(model):
    """Return the network with the same weights, and an optimizer that has not begun."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    optimizer = model.optimizer.from_config(model.optimizer.get_config())
    twin.compile(optimizer, model.loss, metrics=["accuracy"])
    return twin


def begin_again(model):
    """Give all layers that learn new weights, as before the training."""
    fresh = keras.models.clone_model(model)
    for layer, new in zip(model.layers, fresh.layers, strict=True):
        if layer.trainable_weights:
            layer.set_weights(new.get_weights())
