"""N-grams: how likely a character is after the last few, from how often that was seen.

What was seen rarely is smoothed as by Kneser and Ney, modified: Chen and Goodman, "An empirical
study of smoothing techniques for language modeling", 1998.
"""

from collections import Counter

import numpy as np


class Table:
    """How often each character follows each context, by counts {context + character: times}.

    Each count gives a part of itself away, its discount, which goes to what a shorter context says:
    one for counts of 1, one for 2, one for more, from how many such counts there are.
    """

    def __init__(self, counts):
        self.counts, self.followed, self.given = counts, Counter(), Counter()
        times = Counter(counts.values())
        n = [max(times[k], 1) for k in range(5)]  # so many have this count
        y = n[1] / (n[1] + 2 * n[2])
        discounts = [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]
        self.discounts = np.clip(discounts, 0.01, [0.99, 1.99, 2.99]).tolist()
        for gram, count in counts.items():
            self.followed[gram[:-1]] += count
            self.given[gram[:-1]] += self.discounts[min(count, 3) - 1]

    def probability(self, context, character, shorter):
        """Return the probability of a character; shorter: what a shorter context says."""
        if not (followed := self.followed[context]):
            return shorter
        count = self.counts[context + character]
        kept = count - self.discounts[min(count, 3) - 1] if count else 0
        return (kept + self.given[context] * shorter) / followed


class NGrams:
    """N-grams of 1, 2, ... order characters of some texts.

    The longest context counts how often a character was seen after it. The shorter ones, which are
    asked where it knows little, count after how many different characters that was: "Francisco" may
    be frequent and yet follow a single word. The first character of a text is given, not predicted.
    """

    def __init__(self, order, texts, alphabet):
        self.order, self.alphabet = order, alphabet
        grams = [
            Counter(text[i : i + n] for text in texts for i in range(n == 1, len(text) - n + 1))
            for n in range(1, order + 2)
        ]
        self.longest = [Table(counts) for counts in grams[:-1]]
        self.shorter = []
        for n, longer in enumerate(grams[1:], 1):
            counts = Counter(gram[1:] for gram in longer)
            if n > 1:  # before what begins a text there is nothing that could differ
                counts.update(text[:n] for text in texts if len(text) >= n)
            self.shorter.append(Table(counts))

    def probabilities(self, character, context):
        """Return the probability of a character by n-grams of 1, 2, ... order: a list."""
        shorter, found = 1 / len(self.alphabet), []
        for length in range(self.order):
            tail = context[max(0, len(context) - length) :]
            found.append(self.longest[length].probability(tail, character, shorter))
            shorter = self.shorter[length].probability(tail, character, shorter)
        return found

    def losses(self, text):
        """Return the loss in nats of each character but the first: (order, characters - 1)."""
        rows = [
            self.probabilities(text[place], text[max(0, place - self.order + 1) : place])
            for place in range(1, len(text))
        ]
        return -np.log(np.array(rows)).T

    def write(self, order, length, random):
        """Return a text that the n-grams of this order write, after a line break."""
        text = "\n"
        for _ in range(length):
            context = text[max(0, len(text) - order + 1) :] if order > 1 else ""
            weights = [self.probabilities(c, context)[order - 1] for c in self.alphabet]
            text += random.choice(list(self.alphabet), p=np.array(weights) / sum(weights))
        return text[1:]
