"""Let a trained GPT write: greedily, or by chance, as boldly as you like.

    python text/gpt/generate.py --prompt "ROMEO:"
    python text/gpt/generate.py --temperature 0                # always the likeliest character
    python text/gpt/generate.py --temperature 0.8 --top-k 10   # among the ten likeliest
    python text/gpt/generate.py --top-p 0.9 --length 500 --seed 3
    python text/gpt/generate.py --samples 5                    # five texts, written at once

It is the network that comes with the book; with RUN, the folder of a run of `shakespeare.py` or its
name, it is yours. You will see the text appear, token by token. A cache of keys and values
(`cache.py`) lets each new character cost one place and not a whole window; --check compares with
and without it, which takes half a minute more.
Chapter: text/gpt/README.md#writing
"""

from chapter import OUTPUTS

import time

import numpy as np
from scipy.special import softmax

from text.gpt.cache import cached_logits, uncached_logits
from text.gpt.characters import add_run, encode, harmless, load_run
from utils.options import make_parser, number, positive, seed
from utils.runs import fail, make_folder, save_results

PROMPT = "ROMEO:"
TEMPERATURE = 0.8  # below 1 likely characters become likelier, above 1 less so; 0: greedy
COLDEST = 1e-6  # below, it is taken for 0: only the likeliest character is left
LENGTH = 200  # tokens to write
TURNS = 9  # of the cache, and of none
SEED = 1


def likeliest(logits, temperature=1.0, top_k=None, top_p=1.0):
    """Return all tokens, the likeliest first, and the probabilities with which they are drawn.

    logits: (symbols,). top_k: draw among so many likeliest ones. top_p: among the likeliest ones
    that together have at least this probability. Source of the latter: Holtzman and others, "The
    curious case of neural text degeneration", 2020.
    """
    order = np.argsort(-logits, kind="stable")
    if temperature < COLDEST:
        return order, np.eye(len(order))[0]
    probabilities = softmax(logits[order].astype("float64") / temperature)
    before = np.cumsum(probabilities) - probabilities  # of the tokens that are likelier
    probabilities[top_k or len(order) :] = 0
    probabilities[before >= top_p] = 0
    return order, probabilities / probabilities.sum()


def choose(logits, random, *how, **options):
    """Return the next token, drawn by chance; how, options: as for likeliest."""
    order, probabilities = likeliest(logits, *how, **options)
    return int(random.choice(order, p=probabilities))


def write(model, alphabet, prompt, length, seed=SEED, samples=1, **how):
    """Yield what the network writes after a prompt, one token of each sample at a time.

    how: as for choose.
    """
    random, logits = np.random.default_rng(seed), cached_logits(model)
    tokens = np.tile(encode(prompt, alphabet), (samples, 1))
    for _ in range(length):
        newest = [choose(one, random, **how) for one in logits(tokens)]
        tokens = np.column_stack([tokens, newest])
        yield [alphabet[token] for token in newest]


def check(model, alphabet, prompt, text):
    """Return how far the logits with a cache lie from those without, and what the cache saves.

    The latter is how many times as long a text takes without, in each turn, from the least to the
    most, and the milliseconds of the prompt and of each next token in the median turn.
    """
    tokens, first = encode(prompt + text, alphabet)[None], len(encode(prompt, alphabet))
    ways = {"cached": cached_logits(model, xla=True), "uncached": uncached_logits(model, xla=True)}

    def run(way):
        ways[way](tokens[:, :1])  # forgets what was read before
        start, found, times = time.perf_counter(), [], []
        for end in range(first, tokens.shape[1]):
            found.append(ways[way](tokens[:, :end]))
            times.append(1000 * (time.perf_counter() - start))
        return found, times

    logits = {way: run(way)[0] for way in ways}  # compiles, too
    turns = [{way: run(way)[1] for way in ways} for _ in range(TURNS)]
    results = {"difference": float(np.abs(np.subtract(*logits.values())).max())}
    results["ratios"] = sorted(turn["uncached"][-1] / turn["cached"][-1] for turn in turns)
    for way in ways:
        median = sorted((turn[way] for turn in turns), key=lambda times: times[-1])[TURNS // 2]
        each = (median[-1] - median[0]) / max(1, len(median) - 1)
        results[way] = {"first": median[0], "each": each, "a_second": 1000 / each if each else 0}
    return results


def main(argv=None):
    """Return the text, and with --check what check returns."""
    parser = make_parser("Lets a trained GPT write.", OUTPUTS, kept=False)
    add = parser.add_argument
    add_run(parser)
    add("--prompt", default=PROMPT, help="how the text begins")
    add("--temperature", type=number(float, 0), default=TEMPERATURE)
    add("--top-k", type=positive(int), metavar="K", help="among the K likeliest; None: all")
    add("--top-p", type=positive(float, 1), default=1.0, metavar="P")
    add("--length", type=positive(int), default=LENGTH, help="tokens to write")
    add("--seed", type=seed, default=SEED)
    add("--samples", type=positive(int), default=1, help="texts that are written at once")
    add("--check", action="store_true", help="compare with and without the cache")
    args = parser.parse_args(argv)
    if not args.prompt:
        fail("the prompt is empty: give the network a character to begin with.")
    folder = make_folder(args.outputs)
    model, settings, _ = load_run(args.run)
    how = {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p}
    alphabet, written = settings["alphabet"], []
    tokens = encode(args.prompt, alphabet)  # ends if a character is not known
    if len(tokens) > model.input_shape[1]:
        fail(f"the prompt is too long: the network sees {model.input_shape[1]} tokens at once.")
    print(args.prompt, end="", flush=True)
    for newest in write(
        model, alphabet, args.prompt, args.length, args.seed, samples=args.samples, **how
    ):
        print(harmless(newest[0]), end="", flush=True)  # the first text, as it is written
        written.append(newest)
    text, *others = map("".join, zip(*written, strict=True))
    print(*("", *(f"\n{args.prompt}{harmless(other)}" for other in others)), sep="\n")
    results = {"prompt": args.prompt, "text": text, "others": others}
    if args.check:
        results |= check(model, alphabet, args.prompt, text)
        print(
            f"logits with and without the cache differ by {results['difference']:.7f} at most;"
            f" without it {results['ratios'][TURNS // 2]:.1f} times as long (median of {TURNS})"
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
