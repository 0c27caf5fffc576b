"""Names as numbers, and n-grams: how likely each letter is after the last few.

`surnames.txt` holds 88,799 surnames of the census of the United States in 1990 (a work of its
government, in the public domain), as the Python package names 0.3.0 (MIT) carries them.
SHA-256: cc6e6f69c119471a97fe3efc9f68082df5121dde31c6700a534742828106ae49.
Chapter: rnn/README.md#names
"""

from pathlib import Path
from string import ascii_lowercase

import numpy as np

from utils.kneser_ney import NGrams
from utils.statistics import interval

HELD_OUT = 5_000  # names for the test, and the same number for validation
LONGEST = 13  # letters of a name
PADDING, EDGE = 0, 27  # EDGE stands before the first letter and after the last; a is 1, z is 26
SYMBOLS = 28


def load_names(seed, most=None):
    """Return lists of names for training (at most `most`), validation and test."""
    names = Path(__file__).with_name("surnames.txt").read_text(encoding="ascii").split()
    names = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    return names[2 * HELD_OUT :][:most], names[HELD_OUT : 2 * HELD_OUT], names[:HELD_OUT]


def encode(names):
    """Return what the network reads and what it should say, (names, LONGEST + 1) each.

    The second is the first, one place on: after the edge comes the first letter, and after the
    last letter comes the edge.
    """
    x = np.full((len(names), LONGEST + 1), PADDING)
    y = x.copy()
    for row, name in enumerate(names):
        letters = [ord(letter) - ord("a") + 1 for letter in name[:LONGEST]]
        x[row, : len(letters) + 1] = [EDGE, *letters]
        y[row, : len(letters) + 1] = [*letters, EDGE]
    return x, y


def count_letters(order, names):
    """Return n-grams of up to order letters, ^ before each name and $ after it among them."""
    return NGrams(order, [f"^{name}$" for name in names], ascii_lowercase + "$")


def ngram_bits(ngrams, name):
    """Return -log2 of the probability of each letter and of the end: (order, letters + 1)."""
    return ngrams.losses(f"^{name}$") / np.log(2)


def network_bits(model, names):
    """Return the same for a network: a list for each name, (letters + 1), the end among them."""
    x, y = encode(names)
    logits = model.predict(x, batch_size=1024, verbose=0).astype("float64")
    logits -= np.logaddexp.reduce(logits, axis=2, keepdims=True)
    bits = -np.take_along_axis(logits, y[:, :, None], axis=2)[:, :, 0] / np.log(2)
    return [row[truth != PADDING] for row, truth in zip(bits, y, strict=True)]


def mean_bits(bits):
    """Return the mean over all letters of names, given a list for each name."""
    return float(np.concatenate(bits).mean())


def difference(bits, others, seed):
    """Return the mean of bits - others per letter and its 95 % interval, by drawing names again."""
    sums = np.array([sum(one) - sum(other) for one, other in zip(bits, others, strict=True)])
    letters = np.array([len(one) for one in bits])
    return {"mean": float(sums.sum() / letters.sum())} | interval(sums, letters, seed)
