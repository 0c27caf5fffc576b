"""A text becomes numbers: by characters, by words, and by pieces of words.

    python text/pieces.py
    python text/pieces.py --data mine.txt --word unbelievable

You will see how byte-pair encoding cuts some words, how many pieces a word of unseen text needs
with vocabularies of several sizes, and how many of its words TextVectorization, which knows whole
words only, does not know with as large a vocabulary. The figure shows both. Half a minute on two
cores. Any text survives: the smallest pieces are the 256 bytes, and even what is not valid in UTF-8
has bytes. Source: Sennrich, Haddow and Birch, "Neural machine translation of rare words with
subword units", 2016.
Chapter: text/README.md#pieces-of-words
"""

from chapter import OUTPUTS

import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
from keras import layers, ops

from utils.figures import save_figure
from utils.files import read_text
from utils.options import make_parser, number
from utils.runs import fail, make_folder, save_results

PLAYS = Path(__file__).with_name("shakespeare.txt")
SIZES = [256, 512, 1024, 2048]  # of the vocabularies
ASKED = ["king", "kingdom", "unking'd", "Keras", "naïve", "👑"]
LEARN = 0.9  # of the text; the rest is what the pieces have not seen
# A word with the space before it, or a run of other characters. What is learned never crosses that.
WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")


def to_bytes(text):
    return text.encode("utf-8", errors="surrogateescape")


def byte_pieces(word):
    return [bytes([byte]) for byte in to_bytes(word)]


def merge(pieces, whole):
    """Return a list of pieces in which neighbours that together are the whole have become one."""
    merged = []
    for piece in pieces:
        if merged and merged[-1] + piece == whole:
            merged[-1] = whole
        else:
            merged.append(piece)
    return merged


def learn(text, count, smallest=byte_pieces):
    """Return so many pieces or fewer, each made of its time's most frequent pair of neighbours.

    smallest: cuts a word into what it begins with: bytes, or `list` for its characters.
    """
    counts = Counter(WORD.findall(text))
    words = {word: smallest(word) for word in counts}
    pairs, places = Counter(), defaultdict(set)  # how often each pair occurs, and in which words

    def tally(word, sign):
        for pair in pairwise(words[word]):
            pairs[pair] += sign * counts[word]
            places[pair].add(word)

    for word in words:
        tally(word, 1)
    learned = {}  # in order
    while len(learned) < count and pairs:
        pair = max(pairs, key=lambda pair: (pairs[pair], pair))
        if pairs[pair] < 2:
            break
        whole = pair[0] + pair[1]
        learned[whole] = None
        for word in places.pop(pair):
            tally(word, -1)
            words[word] = merge(words[word], whole)
            tally(word, 1)
    return list(learned)


class Encoder:
    """Turns texts into numbers of pieces, and back.

    pieces: all of them, the smallest first, then what was learned, in its order. smallest: as for
    learn.
    """

    def __init__(self, pieces, smallest=byte_pieces):
        self.pieces, self.smallest = pieces, smallest
        self.numbers = {piece: number for number, piece in enumerate(pieces)}
        self.known = {}  # words that were cut before

    def encode(self, text):
        return [self.numbers[piece] for word in WORD.findall(text) for piece in self.cut(word)]

    def cut(self, word):
        """Return the pieces of a word: what was learned first is merged first."""
        if word not in self.known:
            pieces = self.smallest(word)
            while some := self.numbers.keys() & {a + b for a, b in pairwise(pieces)}:
                pieces = merge(pieces, min(some, key=self.numbers.get))
            self.known[word] = pieces
        return self.known[word]

    def decode(self, numbers):
        joined = b"".join(self.pieces[number] for number in numbers)
        return joined.decode("utf-8", errors="surrogateescape")


def read(path):
    """Return what to learn of the text in a file, and its end, cut between two lines or words."""
    text = read_text(path, errors="surrogateescape")
    end = round(LEARN * len(text))
    cut = text.rfind("\n", end // 2, end) + 1 or text.rfind(" ", 0, end) + 1 or end
    parts = text[:cut], text[cut:]
    if len(text.split()) < 100 or not all(part.split() for part in parts):
        fail(f"{path} needs 100 words or more, in its first nine tenths and in its last one.")
    return parts


def unknown_words(learned, unseen, size):
    """Return the share of words in unseen text that TextVectorization does not know."""
    # It takes UTF-8 only: bytes that are none become the character for "unknown".
    learned, unseen = (to_bytes(text).decode(errors="replace") for text in (learned, unseen))
    vectorizer = layers.TextVectorization(size)  # of which 0 is padding and 1 the unknown word
    vectorizer.adapt([learned])
    numbers = ops.convert_to_numpy(vectorizer([unseen]))[0]
    return float((numbers == 1).mean())


def draw(sizes, path):
    figure, panels = plt.subplots(1, 2, figsize=(9.6, 3.6))
    figure.get_layout_engine().set(wspace=0.06)
    names = [f"{one['size']:,}" for one in sizes]
    panels[0].plot(names, [one["pieces_per_word"] for one in sizes], marker="o")
    panels[0].set(title="Byte-pair encoding", ylabel="pieces per word", ylim=(0, None))
    panels[1].plot(names, [100 * one["unknown"] for one in sizes], marker="o", color="C1")
    panels[1].set(title="TextVectorization", ylabel="words unknown, %", ylim=(0, None))
    for axes in panels:
        axes.set(xlabel="size of the vocabulary")
    save_figure(figure, path)


def main(argv=None):
    """Return for each size pieces per word and unknown words, and how the asked words are cut."""
    parser = make_parser("Cuts texts into pieces of words.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, default=PLAYS, metavar="FILE", help="a text")
    add("--sizes", type=number(int, 256), nargs="+", default=SIZES, help="of the vocabularies")
    add("--word", nargs="+", default=ASKED, metavar="WORD", help="words to cut")
    args = parser.parse_args(argv)
    (learned, unseen), folder = read(args.data), make_folder(args.outputs)
    pieces = [*(bytes([byte]) for byte in range(256)), *learn(learned, max(args.sizes) - 256)]
    words = len(unseen.split())
    sizes = []
    for size in sorted(args.sizes):
        encoder = Encoder(pieces[:size])  # the first ones do not depend on the later
        numbers = encoder.encode(unseen)
        assert encoder.decode(numbers) == unseen
        sizes.append(
            {
                "size": size,
                "pieces_per_word": len(numbers) / words,
                "characters_per_piece": len(unseen) / len(numbers),
                "unknown": unknown_words(learned, unseen, size),
            }
        )
        print(
            "{size:5} tokens: {pieces_per_word:.2f} pieces a word; of whole words {unknown:.1%}"
            " are unknown".format(**sizes[-1])
        )
    asked = {}
    for word in args.word:
        asked[word] = [one.decode("utf-8", errors="replace") for one in encoder.cut(f" {word}")]
        print(f"{word:12} {' | '.join(asked[word])}")
    draw(sizes, folder / "pieces.png")
    longest = [one.decode("utf-8", "replace") for one in sorted(pieces, key=len, reverse=True)[:8]]
    results = {"sizes": sizes, "asked": asked, "longest": longest}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
