"""The network for any table: words, gaps and scaling are layers of it, in one file.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#words-gaps-and-scaling-in-one-file
"""

import logging
from types import SimpleNamespace

import keras
import numpy as np
from keras import layers, ops

from mlp.tables.columns import FAR, RAREST, find_words
from mlp.tables.kept import apply, input_names
from utils.runs import fail

PATIENCE = 15  # epochs without a lower validation loss, after which the training ends
MOST_ROWS = 20_000_000  # that are learned from in all epochs: a large table gets fewer epochs

# TensorFlow would warn that it compiles a model anew for each new number of rows.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def build_preparation(inputs):
    """Return a model that turns plain values into numbers, and its words: {input: words}.

    inputs: of the part that trains, as columns.to_inputs returns them. All that is fitted is
    fitted here: words, medians, deviations, and which inputs have gaps.
    """
    vocabularies = find_words(inputs)
    numbers = [name for name in inputs if name not in vocabularies]
    tensors = {
        name: keras.Input((1,), name=called, dtype="string" if name in vocabularies else "float32")
        for name, called in input_names(inputs).items()
    }
    parts = []
    if numbers:
        matrix = np.stack([inputs[name] for name in numbers], axis=1).astype("float64")
        gaps = np.isnan(matrix)
        matrix[:, gaps.all(axis=0)] = 0
        median, variance = np.nanmedian(matrix, axis=0), np.nanvar(matrix, axis=0)
        variance[variance == 0] = 1
        # A scaled number is 0 where it is the median, so a gap that becomes 0 becomes the median.
        scaling = layers.Normalization(mean=median, variance=variance)
        scaled = scaling(side_by_side([tensors[name] for name in numbers]))
        parts.append(ops.clip(ops.nan_to_num(scaled), -FAR, FAR))
        with_gaps = np.flatnonzero(gaps.sum(axis=0) >= RAREST)
        if len(with_gaps):  # a flag for each of these: 1 where the number is missing
            missing = ops.isnan(ops.take(scaled, with_gaps.tolist(), axis=1))
            parts.append(ops.cast(missing, "float32"))
    for name, words in vocabularies.items():
        if words:
            one_hot = layers.StringLookup(vocabulary=words, output_mode="one_hot")
            parts.append(one_hot(tensors[name])[:, 1:])  # all 0 for rare and for unknown words
    if not parts:
        fail("no column has words that occur often enough. Leave out --words, or add rows.")
    by_name = {tensor.name: tensor for tensor in tensors.values()}
    return keras.Model(by_name, side_by_side(parts)), vocabularies


def side_by_side(tensors):
    return layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]


def build_network(width, hidden, outputs):
    """Return an MLP: so many inputs, hidden layers of these sizes, so many outputs."""
    return keras.Sequential(
        [
            keras.Input((width,)),
            *(layers.Dense(neurons, activation="relu") for neurons in hidden),
            layers.Dense(outputs),
        ]
    )


def train(training, validation, classes, options, epochs=None, verbose=0):
    """Return the trained network and its history; training, validation: with X and y.

    It is the network of the epoch with the lowest validation loss, or after so many epochs. It
    gives a logit for each class, or, if there are no classes, the number to predict.
    """
    rows, y = len(training.X), training.y
    middle, scale = (0, 1) if classes else (y.mean(), y.std() or 1)
    network = build_network(training.X.shape[1], options.hidden, len(classes) or 1)
    network.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True) if classes else "mse",
        steps_per_execution=10,
    )
    stopping = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    history = network.fit(
        training.X,
        (y - middle) / scale,
        batch_size=int(np.clip(rows // 100, 32, 1024)),
        epochs=epochs or min(options.epochs, max(10, MOST_ROWS // rows)),
        validation_data=None if epochs else (validation.X, (validation.y - middle) / scale),
        validation_batch_size=4096,
        callbacks=[] if epochs else [stopping],
        verbose=verbose,
    )
    if not classes:
        network.add(layers.Rescaling(scale, offset=middle))
    return network, history.history


def train_each(folds, classes, options):
    """Return the network of each fold, and the mean of their histories."""
    networks, histories = [], []
    for number, (training, validation, *_) in enumerate(folds, 1):
        print(f"Training of the network, fold {number} of {len(folds)}:")
        verbose = 2 if number == 1 else 0
        network, history = train(training, validation, classes, options, verbose=verbose)
        networks.append(network)
        histories.append(history)
    means = {name: mean_curve([one[name] for one in histories]) for name in histories[0]}
    return networks, {name: curve.tolist() for name, curve in means.items()}


def mean_curve(curves):
    """Return the mean of curves of several lengths; a shorter one goes on as it ends."""
    longest = max(map(len, curves))
    return np.mean([np.pad(one, (0, longest - len(one)), "edge") for one in curves], axis=0)


def has_diverged(network, fold):
    """Tell whether a network gives numbers that are none, or infinite, for rows that validate."""
    return not np.isfinite(network.predict(fold.validation.X, batch_size=4096, verbose=0)).all()


def train_again(inputs, y, names, temperature, options, epochs):
    """Return a joined network, trained for so many epochs on all these rows, and its words."""
    classes = names if len(names) > 1 else []
    preparation, words = build_preparation(inputs)
    rows = SimpleNamespace(X=apply(preparation, inputs), y=y)
    network, _ = train(rows, None, classes, options, epochs)
    return join(preparation, network, temperature, names), words


def join(preparation, network, temperature, names):
    """Return one model from plain values to answers: {class: probability}, or {target: number}.

    names: of the classes, or of the target alone. The logits are divided by the temperature.
    """
    answer = network(preparation.output)
    if len(names) > 1:
        answer = ops.softmax(layers.Rescaling(1 / temperature)(answer))
    answers = {name: answer[:, i : i + 1] for i, name in enumerate(names)}
    return keras.Model(preparation.input, answers)
