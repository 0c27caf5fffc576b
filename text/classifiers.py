"""Eight ways to tell messages apart, from counting words to a small transformer.

Each learns from texts and labels, and others say when it should stop; what comes back is a function
from texts to the probabilities of the classes, (texts, classes).
Chapter: text/README.md#eight-models
"""

from functools import partial

import keras
import numpy as np
from keras import layers, ops

from text.counting import REGRESSIONS, fit_regression
from text.gpt.gpt import Positions

WORDS = 5_000  # the most frequent words, which the networks of words know
LONGEST = 32  # words that they read; the rest is cut off
BYTES = 200  # of a message that the network of characters reads
WIDTH = 64  # numbers that stand for a word
EPOCHS = 50  # at most: the loss on the messages to stop by has risen long before
PATIENCE = 3  # epochs without progress; what is kept is the best one
BATCH_SIZE = 128
LEARNING_RATE = 0.003


def averaged(x, mask):
    """The mean of the vectors of all words: their order does not count."""
    return layers.GlobalAveragePooling1D()(x, mask=mask)


def convolution(x, mask):
    """The strongest answer to each of 64 patterns of four words."""
    x = layers.Conv1D(WIDTH, 4, padding="same", activation="relu")(x)
    return layers.GlobalMaxPooling1D()(x)


def gru(x, mask):
    """The state after the last word."""
    return layers.GRU(WIDTH)(x, mask=mask)


def transformer(x, mask):
    """One block of attention, in which each word looks at all others; then the mean."""
    x = Positions(x.shape[1])(x)
    looked = layers.MultiHeadAttention(num_heads=4, key_dim=WIDTH // 4)(x, x, key_mask=mask)
    x = layers.LayerNormalization()(x + looked)
    thought = layers.Dense(WIDTH)(layers.Dense(2 * WIDTH, activation="relu")(x))
    x = layers.LayerNormalization()(x + thought)
    return layers.GlobalAveragePooling1D()(x, mask=mask)


def patterns(x, mask):
    """The strongest answer to each of 96 patterns of three, of five and of seven characters."""
    answers = [layers.Conv1D(96, n, padding="same", activation="relu")(x) for n in (3, 5, 7)]
    return layers.Concatenate()([layers.GlobalMaxPooling1D()(one) for one in answers])


def build_network(reader, classes):
    """Return a network: numbers of words (batch, LONGEST), 0 for none, to probabilities.

    For patterns the numbers are those of bytes, (batch, BYTES).
    """
    length, kinds = (BYTES, 256) if reader is patterns else (LONGEST, WORDS)
    numbers = keras.Input((length,), dtype="int32")
    mask = ops.not_equal(numbers, 0)  # for layers that can leave padding out
    x = layers.Embedding(kinds, WIDTH, name="embedding")(numbers)  # (batch, length, WIDTH)
    x = layers.Dropout(0.3)(reader(x, mask))
    return keras.Model(numbers, layers.Dense(classes, activation="softmax")(x))


def make_vectorizer(texts):
    """Return a layer that turns texts into numbers of words: 0 is padding, 1 an unknown word."""
    vectorizer = layers.TextVectorization(WORDS, output_sequence_length=LONGEST)
    vectorizer.adapt(list(texts))
    return vectorizer


def numbers_of(vectorizer, texts):
    """Return the numbers of the words, (texts, LONGEST). A text without any is one unknown word.

    Otherwise the mean over its words would be 0 / 0, and after one such number each answer is nan.
    """
    numbers = np.array(ops.convert_to_numpy(vectorizer(list(texts))))
    numbers[:, 0] = np.maximum(numbers[:, 0], 1)
    return numbers


def bytes_of(texts):
    """Return the first bytes of each text in UTF-8, (texts, BYTES), filled up with zeros."""
    numbers = [list(text.encode("utf-8", "replace")) or [ord(" ")] for text in texts]
    return keras.utils.pad_sequences(numbers, BYTES, padding="post", truncating="post")


def fit_network(reader, texts, labels, stop_texts, stop_labels, rate=LEARNING_RATE):
    """Train a network until the loss on the messages to stop by falls no more."""
    encode = bytes_of if reader is patterns else partial(numbers_of, make_vectorizer(texts))
    model = build_network(reader, int(labels.max()) + 1)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    model.fit(
        encode(texts),
        labels,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(encode(stop_texts), stop_labels),
        callbacks=[stop],
        verbose=0,
    )
    return lambda some: model.predict(encode(some), verbose=0)


NETWORKS = {
    "averaged embeddings": averaged,
    "convolution": convolution,
    "GRU": gru,
    "transformer": transformer,
    "convolution of characters": patterns,
}
NAMES = [*REGRESSIONS, *NETWORKS]


def fit(name, texts, labels, stop_texts, stop_labels, seed, rate=LEARNING_RATE):
    """Fit a model by its name; return a function from texts to probabilities of the classes.

    rate: of a network. Logistic regression chooses its strength by itself.
    """
    keras.utils.set_random_seed(seed)
    if name in REGRESSIONS:
        pieces = REGRESSIONS[name]
        return fit_regression(pieces, texts, labels, stop_texts, stop_labels).predict_proba
    return fit_network(NETWORKS[name], texts, labels, stop_texts, stop_labels, rate)
