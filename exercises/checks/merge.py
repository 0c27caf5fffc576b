from hypothesis import strategies as st

from exercises.bench import expect

RESULTS = ("pair", "pieces")
HINTS = [
    "`itertools.pairwise(pieces)` yields all pairs of neighbours, and `collections.Counter` counts "
    "them.",
    "`max(counts, key=lambda pair: (counts[pair], pair))` finds the pair: first by its count, then "
    "by its order.",
    "Then a loop with a place of its own: where the pair begins append the joined piece and go two "
    "further, elsewhere append the piece and go one further.",
]


def check(ask):
    pair, pieces = ask(list("xabcab"))
    expect(
        len(pair) == 2 and all(isinstance(one, str) for one in pair),
        f"The pair should be two strings, and is {pair}.",
    )
    expect(
        pair != ("b", "a"),
        "It pairs what are no neighbours, or turns a pair around: b before "
        "a does not occur in x a b c a b.",
    )
    expect(
        pair == ("a", "b"),
        f"In x a b c a b the pair a, b occurs twice, every other once. It finds {pair}.",
    )
    expect(
        "".join(pieces) == "xabcab",
        f"Joined, the pieces give {''.join(pieces)!r}, and should give what went in, 'xabcab'.",
    )
    expect(len(pieces) != 5, "Only one of the two places where a and b stand was joined.")
    expect(
        pieces == ["x", "ab", "c", "ab"], f"x a b c a b should become x ab c ab; it is {pieces}."
    )
    for pieces, largest in (
        (("a", "b", "c", "b"), ("c", "b")),
        (("Bcd", "ab", "a", "z"), ("ab", "a")),
    ):
        once = ask(list(pieces))[0]
        expect(
            once == largest,
            f"In {' '.join(pieces)} three pairs occur once each. The largest by order, as Python "
            f"compares tuples, is {largest}; it finds {once}.",
        )
    twice = ask(list("zyababzx"))[0]
    expect(
        twice == ("a", "b"),
        f"In z y a b a b z x it finds {twice}: the count comes first, the "
        "order only where counts are equal.",
    )
    pair, pieces = ask(list("aaaaa"))
    expect("".join(pieces) == "aaaaa", f"a a a a a becomes {pieces}: an a was used twice, or lost.")
    expect(pieces != ["a", "aa", "aa"], "a a a a a is joined from the right; begin at the left.")
    expect(pieces == ["aa", "aa", "a"], f"a a a a a should become aa aa a; it is {pieces}.")
    several = ["th", "e", " ", "th", "e"]
    long = ask(several)[1]
    expect(
        long == ["the", " ", "the"],
        f"A piece may be longer than a letter, and it may be a space: {several} becomes {long}.",
    )
    letters = ask(["yz", "y", "z", "c", "d", "c", "d"])[0]
    expect(
        letters == ("c", "d"),
        "In yz y z c d c d the pair y, z occurs once: the piece yz is no pair. c, d occurs "
        f"twice; it finds {letters}.",
    )
    apart = ask(["a", "bc", "ab", "c", "a", "bc"])[1]
    expect(
        apart == ["abc", "ab", "c", "abc"],
        "ab, c is another pair than a, bc, even though both "
        f"spell abc; a bc ab c a bc becomes {apart}.",
    )
    borders = ask(["a", "b", "xa", "b", "a", "bc", "a", "b"])[1]
    expect(
        borders == ["ab", "xa", "b", "a", "bc", "ab"],
        "Only whole pieces make a pair: xa, b and a, bc are other pairs than a, b; "
        f"a b xa b a bc a b becomes {borders}.",
    )
    expect(ask(["a", "b"])[1] == ["ab"], "A pair at the very end of the list is not joined.")
    overlap = ask(list("aaab"))[0]
    expect(
        overlap == ("a", "a"),
        "Overlapping pairs count, too: in a a a b the pair a, a occurs twice, every other once. "
        f"It finds {overlap}.",
    )


@st.composite
def inputs(draw):
    pieces = st.sampled_from(["a", "b", "c", "ab", "bc", "A", " "])
    return (draw(st.lists(pieces, min_size=2, max_size=10)),)
