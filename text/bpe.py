"""Byte-pair encoding by hand: learn which pieces of words are frequent, cut texts into them.

Any text survives: the smallest pieces are the 256 bytes, and even what is not valid in UTF-8 has
bytes. Source: Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword
units", 2016.
Chapter: text/README.md#pieces-of-words
"""

import re
from collections import Counter, defaultdict
from itertools import pairwise

# A word with the space before it, or a run of other characters. What is learned never crosses that.
WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")


def to_bytes(text):
    return text.encode("utf-8", errors="surrogateescape")


def merge(pieces, pair):
    """Return a list of pieces in which each such pair has become one piece."""
    merged = []
    for piece in pieces:
        if merged and (merged[-1], piece) == pair:
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def train(text, size):
    """Return the pairs to merge, each the most frequent one of its time: size - 256 or fewer."""
    counts = Counter(WORD.findall(text))
    words = {word: [bytes([byte]) for byte in to_bytes(word)] for word in counts}
    pairs, places = Counter(), defaultdict(set)  # how often each pair occurs, and in which words

    def count(word, sign):
        for pair in pairwise(words[word]):
            pairs[pair] += sign * counts[word]
            places[pair].add(word)

    for word in words:
        count(word, 1)
    merges = []
    while len(merges) < size - 256 and pairs:
        pair = max(pairs, key=lambda pair: (pairs[pair], pair))
        if pairs[pair] < 2:
            break
        merges.append(pair)
        for word in places.pop(pair):
            count(word, -1)
            words[word] = merge(words[word], pair)
            count(word, 1)
    return merges


class Encoder:
    """Turns texts into numbers of pieces, and back."""

    def __init__(self, merges):
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.pieces = [bytes([byte]) for byte in range(256)] + [a + b for a, b in merges]
        self.numbers = {piece: number for number, piece in enumerate(self.pieces)}

    def encode(self, text):
        return [self.numbers[piece] for word in WORD.findall(text) for piece in self.cut(word)]

    def cut(self, word):
        """Return the pieces of a word: what was learned first is merged first."""
        pieces = [bytes([byte]) for byte in to_bytes(word)]
        while known := self.ranks.keys() & set(pairwise(pieces)):
            pieces = merge(pieces, min(known, key=self.ranks.get))
        return pieces

    def decode(self, numbers):
        joined = b"".join(self.pieces[number] for number in numbers)
        return joined.decode("utf-8", errors="surrogateescape")
