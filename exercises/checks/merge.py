from hypothesis import strategies as st

from exercises.bench import expect

RESULTS = ("pair", "pieces")
HINTS = [
    "`itertools.pairwise` yields all pairs of neighbours, overlapping ones, too, and "
    "`collections.Counter` counts them.",
    "`max` can take a `key`, a function of a pair. Tuples are compared by what comes first in "
    "them, and by the rest only if that is equal: which tuple puts the count before the order?",
    "Then a loop with a place of its own: where both pieces of the pair stand append the joined "
    "piece and go two further, elsewhere append the piece and go one further.",
]


def check(ask):
    pair, pieces = ask(list("xabcab"))
    expect(
        len(pair) == 2 and all(isinstance(one, str) for one in pair),
        f"The pair should be two strings, and is {pair}.",
        hint=2,
    )
    expect(
        pair != ("b", "a"),
        "It pairs what are no neighbours, or turns a pair around: b before "
        "a does not occur in x a b c a b.",
    )
    expect(
        pair == ("a", "b"),
        f"In x a b c a b the pair a, b occurs twice, every other once. It finds {pair}.",
        hint=2,
    )
    expect(
        "".join(pieces) == "xabcab",
        f"Joined, the pieces give {''.join(pieces)!r}, and should give what went in, 'xabcab'.",
        hint=3,
    )
    expect(len(pieces) != 5, "Only one of the two places where a and b stand was joined.", hint=3)
    expect(
        pieces == ["x", "ab", "c", "ab"],
        f"x a b c a b should become x ab c ab; it is {pieces}.",
        hint=3,
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
            hint=2,
        )
    twice = ask(list("zyababzx"))[0]
    expect(
        twice == ("a", "b"),
        f"In z y a b a b z x it finds {twice}: the count comes first, the "
        "order only where counts are equal.",
        hint=2,
    )
    pair, pieces = ask(list("aaaaa"))
    expect(
        "".join(pieces) == "aaaaa",
        f"a a a a a becomes {pieces}: an a was used twice, or lost.",
        hint=3,
    )
    expect(
        pieces != ["a", "aa", "aa"],
        "a a a a a is joined from the right; begin at the left.",
        hint=3,
    )
    expect(pieces == ["aa", "aa", "a"], f"a a a a a should become aa aa a; it is {pieces}.", hint=3)
    several = ["th", "e", " ", "th", "e"]
    long = ask(several)[1]
    expect(
        long == ["the", " ", "the"],
        f"A piece may be longer than a letter, and it may be a space: {several} becomes {long}.",
        hint=3,
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
        hint=3,
    )
    borders = ask(["a", "b", "xa", "b", "a", "bc", "a", "b"])[1]
    expect(
        borders == ["ab", "xa", "b", "a", "bc", "ab"],
        "Only whole pieces make a pair: xa, b and a, bc are other pairs than a, b; "
        f"a b xa b a bc a b becomes {borders}.",
        hint=3,
    )
    expect(
        ask(["a", "b"])[1] == ["ab"], "A pair at the very end of the list is not joined.", hint=3
    )
    overlap = ask(list("aaab"))[0]
    expect(
        overlap == ("a", "a"),
        "Overlapping pairs count, too: in a a a b the pair a, a occurs twice, every other once. "
        f"It finds {overlap}.",
    )


@st.composite
def inputs(draw):
    pieces = st.sampled_from(["a", "b", "c", "ab", "bc", "A", " "])
    return (draw(st.lists(pieces, min_size=2, max_size=30)),)
