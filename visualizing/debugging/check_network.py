"""The checks of the checklist, of any network and its data, and what stands out.

    from visualizing.debugging.check_network import check

    check(model, x, y, x_val, y_val)

Classes may be numbers (0, 1, 2) or one-hot rows; other answers count as quantities.
Chapter: visualizing/debugging/README.md#a-checklist
"""

import math

import keras
import numpy as np

from utils.gradients import weight_gradients
from visualizing.debugging.forms import (
    apart,
    classes_of,
    copy,
    divide,
    missing,
    name_of_loss,
    refuse,
    takes_logits,
)

BATCH = 32  # rows that the network should memorize
STEPS = 500  # in so many steps
SEED = 1  # of the order in which the rows come
SHOWN = 2  # predictions beside their labels
WIDE = 10  # typical size of inputs from which on they are too large
LOUD = 2.5  # times the loss of guessing: too much for the start
COPIES = 0.05  # share of the validation rows that may be among the others
APART = 0.25  # share of the validation labels that had to change to be like the others
CHANCE = 1e-6  # and how unlikely that must be by chance
LEARNED = 0.1  # of the loss of guessing: a batch whose loss is below was learned by heart
SURE = 0.5  # by how much the predictions for such a batch should vary
SCALES = keras.layers.Normalization, keras.layers.Rescaling, keras.layers.Embedding, keras.Model


def what_arrives(x, classes):
    """Print what the first layer gets; return the largest number in it."""
    print(f"inputs: shape {x.shape}, {x.dtype}, from {x.min():.2f} to {x.max():.2f}")
    if classes is not None:
        print(f"rows of each class: {np.bincount(classes).tolist()}")
    return float(x.max())


def twins(x_train, x_val):
    """Return how many of the validation rows are among the training rows, number by number."""
    known = {row.tobytes() for row in x_train}
    return sum(row.tobytes() in known for row in x_val)


def loss_of_guessing(model, y, classes):
    """Return the loss of one answer for all rows: equal shares, or the mean of the quantities."""
    if classes is not None and "crossentropy" in name_of_loss(model):
        return math.log(max(2, model.output_shape[-1]))
    answers = np.broadcast_to(y.mean(axis=0), y.shape)
    return float(np.mean(keras.ops.convert_to_numpy(keras.losses.get(model.loss)(y, answers))))


def loss_at_start(model, x, y):
    """Return the loss of a network that has learned nothing: it should be that of guessing."""
    return float(model.evaluate(x, y, verbose=0, return_dict=True)["loss"])


def look_at_layers(model, x, y):
    """Print each layer's weights and biases, its output and its gradient; return the gradients.

    All of them as root mean squares. A layer that is frozen has no gradient.
    """

    def size(array):
        return float(np.sqrt(np.square(keras.ops.convert_to_numpy(array), dtype="float64").mean()))

    layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
    outputs = keras.tree.flatten(keras.Model(model.inputs[0], [one.output for one in layers])(x))
    slopes = weight_gradients(model, x, y, keras.losses.get(model.loss))
    print(f"{'':20}{'weights':>9}{'biases':>9}{'output':>9}{'gradient':>11}{'inactive':>10}")
    sizes = {}
    for layer, output in zip(layers, map(keras.ops.convert_to_numpy, outputs), strict=True):
        biases = 0 if layer.bias is None else size(layer.bias)
        print(f"{layer.name:20}{size(layer.kernel):9.4f}{biases:9.4f}{size(output):9.4f}", end="")
        if (slope := slopes.get(f"{layer.name}/kernel")) is not None:
            sizes[layer.name] = size(slope)
        print(f"{sizes[layer.name]:11.6f}" if layer.name in sizes else f"{'frozen':>11}", end="")
        print(f"{(output <= 0).mean():10.0%}")
    return sizes


def overfit_one_batch(model, x, y, steps):
    """Train with a single batch; return loss and accuracy: a network that works memorizes it."""
    for _ in range(steps):
        logs = model.train_on_batch(x[:BATCH], y[:BATCH], return_dict=True)
    return float(logs["loss"]), float(logs["accuracy"])


def look_at_predictions(model, x, y):
    """Print what the network says of the batch; return by how much an output varies, and the sums.

    0: it says the same of every input.
    """
    rows = keras.ops.convert_to_numpy(model(x[:BATCH]))
    sums, spread = rows.sum(axis=1), float(np.ptp(rows, axis=0).max())
    several = f"{rows.shape[1]} outputs: they add up to" if rows.shape[1] > 1 else "1 output: it is"
    print(f"{several} {sums.min():.2f} to {sums.max():.2f}, and vary by {spread:.2f}")
    if rows.shape[1] == 1:  # five in a line
        rows, y = rows.reshape(1, -1)[:, :5], y[:BATCH].reshape(1, -1)[:, :5]
    for row, labels in zip(rows[:SHOWN], y, strict=False):
        whole = (labels == labels.round()).all()
        print(f"  {row.round(2)} for {labels.astype(int) if whole else labels.round(2)}")
    return spread, [float(sums.min()), float(sums.max())]


def stands_out(model, x, found):
    """Yield a sentence for each thing that looks wrong in what was measured of a model."""
    last, outputs = model.layers[-1], model.output_shape[-1]
    softmax = getattr(getattr(last, "activation", None), "__name__", None) == "softmax"
    classes, right, vary = found["classes"], found["one_batch_accuracy"], found["predictions_vary"]
    scales = any(isinstance(layer, SCALES) for layer in model.layers)
    learned = found["one_batch"] < LEARNED * found["guessing"]
    if not np.isfinite(x).all():
        yield "some inputs are not finite numbers (nan, inf)"
    elif not scales and np.sqrt((x.astype("float64") ** 2).mean()) > WIDE:
        yield "the inputs are large: scale them, or begin with Normalization or Rescaling"
    if found["twins"] > COPIES * found["validation_rows"]:
        yield f"{found['twins']} validation rows are among the training rows: a leak"
    if found["apart"] > APART and found["chance"] < CHANCE:
        yield "the validation labels are unlike the training labels: was a sorted table cut in two?"
    elif found["missing"]:
        which = ", ".join(map(str, found["missing"]))
        yield f"only one of the two parts has rows of class {which}: was a sorted table cut in two?"
    if classes and found["classes_in_a_batch"] == 1 < classes:
        yield "all rows of a batch are of one class: shuffle them, or the others are rare"
    if found["loss_at_start"] > LOUD * found["guessing"]:
        scale = "" if classes else ": scale what it should answer, and the inputs"
        yield f"the loss at the start is far above that of guessing{scale}"
    if silent := [name for name, size in found["gradients"].items() if size == 0]:
        yield f"no gradient reaches {', '.join(silent)}"
    if outputs == 1 and softmax:
        yield "one neuron with softmax says 1 of every input: give the last layer sigmoid"
    elif outputs == 1 and (classes or 0) > 2:
        yield f"there is one output for {classes} classes"
    elif learned and right is not None and right < 1:
        yield f"the batch is learned by heart, says the loss; but its accuracy is {right:.1%}"
    elif not learned or (right is not None and right < 1):
        yield "it does not learn one batch by heart: look at rate, activations, loss and size"
    elif classes and vary < SURE:
        yield "it has learned the batch by heart, but not what it predicts for it afterwards"
    shares = "categorical" in name_of_loss(model) and not takes_logits(model)
    if shares and max(abs(total - 1) for total in found["sums"]) > 0.01:
        yield "the outputs do not add up to 1: softmax is missing"


def check(model, x, y, x_val=None, y_val=None, steps=STEPS, shuffle=True):
    """Print the checks of a compiled network, which stays as it is; return what they measured.

    x, y: what it learns from, y as classes, one-hot rows or quantities; without x_val, the last
    fifth of it validates. shuffle: whether fit mixes the rows.
    """
    x, y, x_val, y_val = divide(x, y, x_val, y_val)
    refuse(model, x, y)
    refuse(model, x_val, y_val)
    model, order = copy(model), np.arange(len(x))
    if shuffle:
        order = np.random.default_rng(SEED).permutation(order)
    x, y = x[order], y[order].astype("float32")
    classes, classes_val = classes_of(model, y), classes_of(model, y_val)
    if classes_val is None:
        classes = None
    found = {"largest_input": what_arrives(x, classes), "twins": twins(x, x_val)}
    print(f"of {len(x_val)} validation rows {found['twins']} are among them")
    labels = (y[:, 0], y_val[:, 0]) if classes is None else (classes, classes_val)
    found["apart"], found["chance"] = apart(*labels)
    found["missing"] = [] if classes is None else missing(classes, classes_val)
    print(f"validation labels unlike those of training: {found['apart']:.0%}")
    found["validation_rows"] = len(x_val)
    found["loss_at_start"] = loss_at_start(model, x, y)
    found["guessing"] = loss_of_guessing(model, y, classes)
    print(f"loss at the start {found['loss_at_start']:.3f}, by guessing {found['guessing']:.3f}")
    found["gradients"] = look_at_layers(model, x[:256], y[:256])
    found["least_gradient"] = min(found["gradients"].values(), default=0.0)
    found["classes"] = None if classes is None else len(np.unique(classes))
    found["classes_in_a_batch"] = None if classes is None else len(np.unique(classes[:BATCH]))
    found["one_batch"], right = overfit_one_batch(model, x, y, steps)
    found["one_batch_accuracy"] = None if classes is None else right
    print(f"one batch of {min(BATCH, len(x))} rows", end="")
    print("" if classes is None else f", {found['classes_in_a_batch']} classes", end="")
    print(f", after {steps} steps: loss {found['one_batch']:.4f}", end="")
    print("" if classes is None else f", accuracy {right:.1%}")
    found["predictions_vary"], found["sums"] = look_at_predictions(model, x, y)
    found["stands_out"] = list(stands_out(model, x, found))
    for text in found["stands_out"] or ["nothing"]:
        print(f"stands out: {text}" + "." * (not text.endswith("?")))
    return found
