MUTANTS = [
    (
        "whole pieces",
        "    return pair, merged",
        '    joined = "\\n".join(pieces).replace("\\n".join(pair), "".join(pair))\n'
        '    return pair, joined.split("\\n")',
    ),
    (
        "no pair",
        "(counts[pair], pair))",
        '("".join(pieces).count("".join(pair)), pair))',
    ),
    ("order", "key=lambda pair: (counts[pair], pair)", "key=counts.get"),
    ("finds", "max(counts, key", "min(counts, key"),
    ("went in", "place += 2", "place += 1"),
    ("finds", "key=lambda pair: (counts[pair], pair)", "key=lambda pair: pair"),
    ("order", "(counts[pair], pair)", "(counts[pair], [-ord(c) for c in pair[0] + pair[1]])"),
    (
        "spell",
        "tuple(pieces[place : place + 2]) == pair",
        '"".join(pieces[place : place + 2]) == "".join(pair) and place + 1 < len(pieces)',
    ),
    (
        "Only one",
        "            place += 2\n",
        "            return pair, merged + pieces[place + 2 :]\n",
    ),
    (
        "give what went in",
        "merged.append(pieces[place] + pieces[place + 1])",
        "merged.append(pieces[place])",
    ),
    (
        "give what went in",
        "pieces[place] + pieces[place + 1])",
        "pieces[place + 1] + pieces[place])",
    ),
    (
        "right",
        "    merged, place = [], 0\n",
        "    joined = ''.join(pair)\n"
        "    if pair[0] == pair[1] and set(pieces) == set(pair):\n"
        "        n = len(pieces)\n"
        "        return pair, [pair[0]] * (n % 2) + [joined] * (n // 2)\n"
        "    merged, place = [], 0\n",
    ),
    (
        "space",
        "    return pair, merged",
        "    return pair, ' '.join(merged).split()",
    ),
    ("end", "while place < len(pieces):", "while place < len(pieces) and len(pieces) > 2:"),
    ("two strings", "    return pair, merged", "    return (counts[pair], pair), merged"),
    ("type", "    return pair, merged", "    return ''.join(pair), merged"),
    ("2 results", "    return pair, merged", "    return merged"),
    ("neighbours", "Counter(pairwise(pieces))", "Counter((b, a) for a, b in pairwise(pieces))"),
    (
        "changes",
        "    merged, place = [], 0\n",
        "    merged, place = [], 0\n    pieces.append('')\n",
    ),
    (
        "Overlapping",
        "    counts = Counter(pairwise(pieces))\n",
        "    counts, last = Counter(), None\n"
        "    for place, pair in enumerate(pairwise(pieces)):\n"
        "        if last != (pair, place - 1):\n"
        "            counts[pair] += 1\n"
        "            last = pair, place\n",
    ),
    ("order", "(counts[pair], pair)", "(counts[pair], len(''.join(pair)), pair)"),
    ("order", "(counts[pair], pair)", "(counts[pair], ''.join(pair))"),
    ("order", "(counts[pair], pair)", "(counts[pair], '|'.join(pair).lower())"),
    (
        "another pair",
        "(counts[pair], pair)",
        "(sum(one + two == ''.join(pair) for one, two in pairwise(pieces)), pair)",
    ),
]

UNSEEN = [
    ("went in", "place += 2", "place += 3"),
    (
        "neighbours",
        "Counter(pairwise(pieces))",
        "Counter(tuple(sorted(pair)[::-1]) for pair in pairwise(pieces))",
    ),
    (
        "becomes",
        "tuple(pieces[place : place + 2]) == pair",
        "counts[tuple(pieces[place : place + 2])] == counts[pair]",
    ),
]

OTHER = """
def merge(pieces):
    counts = {}
    for pair in zip(pieces, pieces[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    _, best = max((count, pair) for pair, count in counts.items())
    merged = []
    joined = False
    for piece in pieces:
        if merged and not joined and (merged[-1], piece) == best:
            merged[-1] += piece
            joined = True
        else:
            merged.append(piece)
            joined = False
    return best, merged
"""
