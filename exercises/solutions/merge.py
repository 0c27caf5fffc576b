from collections import Counter
from itertools import pairwise


def merge(pieces):
    counts = Counter(pairwise(pieces))
    pair = max(counts, key=lambda pair: (counts[pair], pair))
    merged, place = [], 0
    while place < len(pieces):
        if tuple(pieces[place : place + 2]) == pair:
            merged.append(pieces[place] + pieces[place + 1])
            place += 2
        else:
            merged.append(pieces[place])
            place += 1
    return pair, merged
