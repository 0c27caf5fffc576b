"""Machinery of the book: what a cache of keys and values saves the small GPT of the book.

    python book/timings/gpt_cache.py

Untrained networks with the sizes of the chapter's, one of which sees 64 characters and one 256,
name one character after another until they see no more, in numpy, on one thread. Prints how many
times as long that takes if nothing is kept: a ratio of processor times, which other programs change
little. A minute or two.
Chapter: text/gpt/README.md#writing
"""

from chapter import OUTPUTS

import keras

from text.gpt.generate import check
from text.gpt.gpt import SYMBOLS, build_gpt
from utils.options import make_parser
from utils.runs import make_folder, save_results

PLACES = [64, 256]  # that the networks see at once
SEED = 1


def main(argv=None):
    """Return what check finds for each number of places."""
    args = make_parser("What a cache saves.", OUTPUTS).parse_args(argv)
    folder, alphabet, results = make_folder(args.outputs), "".join(map(chr, range(SYMBOLS))), {}
    for places in PLACES:
        keras.utils.set_random_seed(SEED)
        model = build_gpt(SYMBOLS, context=places)
        results[f"places_{places}"] = one = check(
            model, alphabet, alphabet[0], places * alphabet[1]
        )
        ratios = ", ".join(f"{ratio:.2f}" for ratio in one["ratios"])
        print(f"{places} places: {ratios} times as long without the cache", flush=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
