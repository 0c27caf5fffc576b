"""A step of byte-pair encoding: the most frequent pair of neighbours becomes one piece.

pieces: a list of two or more strings. Find the pair of neighbours that occurs most often.
(Overlapping pairs count, too: a a a has the pair a, a twice. If several occur equally often, take
the largest by Python's order, as `max` does.) Then go through the list from the left and join each
such pair; a piece that has just been joined is not used again for the same pair.
Returns the pair, a tuple of two strings, and the new list.

    >>> merge(["b", "a", "n", "a", "n", "a", "s"])
    (('n', 'a'), ['b', 'a', 'na', 'na', 's'])

Check: python exercises/check.py merge
Chapter: text/README.md#pieces-of-words
"""


def merge(pieces):
    raise NotImplementedError
