"""Names as numbers, and n-grams: how likely each letter is after the last few.

`surnames.txt` holds 88,799 surnames of the census of the United States in 1990 (a work of its
government, in the public domain), as the Python package names 0.3.0 (MIT) carries them.
SHA-256: cc6e6f69c119471a97fe3efc9f68082df5121dde31c6700a534742828106ae49.
Chapter: rnn/README.md#names
"""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from utils.statistics import interval

HELD_OUT = 5_000  # names for the test, and the same number for validation
LONGEST = 13  # letters of a name
PADDING, EDGE = 0, 27  # EDGE stands before the first letter and after the last; a is 1, z is 26
SYMBOLS = 28
TRUSTS = [5, 10, 20, 40, 80]  # how much n-grams may rely on shorter ones


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


class NGrams:
    """How often each letter follows the letters before it, at most order - 1 of them.

    Shorter contexts help out where longer ones are rare: what they say counts as much as `trust`
    letters that were seen. Source: MacKay and Bauman Peto, "A hierarchical Dirichlet language
    model", Natural Language Engineering 1 (3), 1995.
    """

    def __init__(self, order, names, trust=20):
        self.order, self.trust = order, trust
        self.counts = defaultdict(Counter)
        for name in names:
            text = f"^{name}$"
            for place in range(1, len(text)):
                for length in range(min(order, place + 1)):
                    self.counts[text[place - length : place]][text[place]] += 1

    def probability(self, letter, context):
        """Return the probability of a letter after a context, which may be empty."""
        shorter = self.probability(letter, context[1:]) if context else 1 / 27
        followers = self.counts.get(context)
        if not followers:
            return shorter
        return (followers[letter] + self.trust * shorter) / (followers.total() + self.trust)

    def choose_trust(self, names):
        """Keep the trust in shorter contexts that gives these names the fewest bits."""

        def bits(trust):
            self.trust = trust
            return mean_bits([self.bits(name) for name in names])

        self.trust = min(TRUSTS, key=bits)

    def bits(self, name):
        """Return -log2 of the probability of each letter of a name, and of its end."""
        text = f"^{name}$"
        contexts = (text[max(place - self.order + 1, 0) : place] for place in range(1, len(text)))
        pairs = zip(text[1:], contexts, strict=True)
        return [-np.log2(self.probability(letter, context)) for letter, context in pairs]


def network_bits(model, names):
    """Return the same for a network: a list for each name."""
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
