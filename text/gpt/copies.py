"""Does it copy? The longest runs of what a GPT writes that stand in the text it learned from.

    python text/gpt/copies.py

Of the network that comes with the book, or with RUN of one that `shakespeare.py` has trained. At
each place of a text, the longest run that begins there and stands letter for letter in the training
part: you will see its mean and the longest of all, for what the network writes at three
temperatures, for what n-grams write, and for pieces of the held-out text, which nobody copied. A
minute on two cores.
Chapter: text/gpt/README.md#does-it-copy
"""

from chapter import OUTPUTS

from pathlib import Path

import numpy as np

from text.gpt.characters import add_run, decode, load_run, text_of_run
from text.gpt.generate import write
from utils.kneser_ney import NGrams
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, printable, save_results

LENGTH = 1_500  # characters of each text
TEMPERATURES = [1.0, 0.8, 0.5]
ORDERS = [5, 9]  # of n-grams
PIECES = 5  # of each kind, each of that length
SEED = 1


def longest_runs(text, learned):
    """Return the length of the longest run from each place that stands in the learned text."""
    lengths, length = [], 1
    for place in range(len(text)):
        length -= 1  # what stood there without its first character still does
        while place + length < len(text) and text[place : place + length + 1] in learned:
            length += 1
        lengths.append(length)
    return lengths


def describe(texts, learned):
    runs = [
        (length, text[place : place + length])
        for text in texts
        for place, length in enumerate(longest_runs(text, learned))
    ]
    longest, example = max(runs)
    mean = float(np.mean([length for length, _ in runs]))
    return {"mean": mean, "longest": longest, "example": example}


def main(argv=None):
    """Return mean and longest run for each kind of text."""
    parser = make_parser("Looks for copies in what a GPT writes.", OUTPUTS)
    add = parser.add_argument
    add_run(parser)
    add("--length", type=positive(int), default=LENGTH, help="characters of each text")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder, random = make_folder(args.outputs), np.random.default_rng(args.seed)
    model, settings, _ = load_run(args.run)
    text = text_of_run(settings)
    learned, validation = (decode(part, text.alphabet) for part in (text.train, text.validation))
    texts = {}
    for temperature in TEMPERATURES:
        how = {"seed": args.seed, "temperature": temperature, "samples": PIECES}
        steps = write(model, text.alphabet, "\n", args.length, **how)
        # Pieces may have several characters.
        written = ["".join(one)[: args.length] for one in zip(*steps, strict=True)]
        texts[f"network, temperature {temperature}"] = written
    ngrams = NGrams(max(ORDERS), [learned], sorted(set(learned + validation)))
    for order in ORDERS:
        written = [ngrams.write(order, args.length, random) for _ in range(PIECES)]
        texts[f"n-grams of {order} characters"] = written
    starts = np.linspace(0, len(validation) - args.length, PIECES).astype(int)
    name = Path(settings["data"]).stem.capitalize()  # Shakespeare, or your text
    held_out = printable(f"held-out {name}")
    texts[held_out] = [validation[s : s + args.length] for s in starts]
    results = {}
    for name, some in texts.items():
        results[name] = describe(some, learned)
        print("{:28} mean {mean:.1f}, longest {longest}: {example!r}".format(name, **results[name]))
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
