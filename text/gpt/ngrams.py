"""What n-grams know of the next character: a language model without a network, to compare with.

    python text/gpt/ngrams.py
    python text/gpt/ngrams.py --run 2026-11-24_15-04-05     # beside a run of shakespeare.py

You will see the loss, in nats per character, of n-grams of one to seven characters on the
validation part of the text, a line that each of them writes, and how far the network of the run is
ahead or behind. The figure shows the losses. Half a minute on two cores.
Chapter: text/gpt/README.md#n-grams
"""

from chapter import OUTPUTS

from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from text.gpt.characters import (
    SHAKESPEARE,
    load_run,
    load_text,
    mean_with_interval,
    text_of_run,
    token_losses,
)
from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, printable, save_results

ORDER = 7  # characters of the longest n-grams
LENGTH = 60  # of a sample
SEED = 1


class NGrams:
    """How often each character followed the characters before it: 0 of them, 1, ... order - 1.

    What was seen after a context counts once for each time. What shorter contexts say counts once
    for each different character that followed: a context that many characters follow can be
    followed by a new one, too. Source: Witten and Bell, "The zero-frequency problem", 1991.
    """

    def __init__(self, order, text, alphabet):
        self.order, self.alphabet = order, alphabet
        self.counts, self.followed, self.kinds = Counter(), Counter(), Counter()
        for length in range(1, order + 1):
            grams = Counter(text[i : i + length] for i in range(len(text) - length + 1))
            self.counts.update(grams)
            for gram, count in grams.items():
                self.followed[gram[:-1]] += count
                self.kinds[gram[:-1]] += 1

    def probabilities(self, character, context):
        """Return the probability of a character by n-grams of 1, 2, ... order: a list."""
        probability, found = 1 / len(self.alphabet), []
        for length in range(self.order):
            tail = context[len(context) - length :]
            if length <= len(context) and (followed := self.followed[tail]):
                kinds = self.kinds[tail]
                seen = self.counts[tail + character]
                probability = (seen + kinds * probability) / (followed + kinds)
            found.append(probability)
        return found

    def losses(self, text):
        """Return the loss in nats of each character but the first: (order, characters - 1)."""
        rows = [
            self.probabilities(text[place], text[max(0, place - self.order + 1) : place])
            for place in range(1, len(text))
        ]
        return -np.log(np.array(rows)).T

    def write(self, order, length, random):
        """Return a text that the n-grams of this order write."""
        text = "\n"
        for _ in range(length):
            context = text[max(0, len(text) - order + 1) :] if order > 1 else ""
            weights = [self.probabilities(c, context)[order - 1] for c in self.alphabet]
            text += random.choice(list(self.alphabet), p=np.array(weights) / sum(weights))
        return text[1:]


def draw(of_orders, of_network, path):
    """Draw the losses over the length of the n-grams, and that of the network as a line."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8))
    lengths = range(1, len(of_orders) + 1)
    axes.plot(lengths, [one["mean"] for one in of_orders], marker="o")
    ends = [[one[end] for one in of_orders] for end in ("low", "high")]
    axes.fill_between(lengths, *ends, color="C0", alpha=0.2, linewidth=0)
    axes.set(xlabel="characters of an n-gram", ylabel="nats per character")
    axes.set_title("Loss on the validation part")
    axes.text(2.1, of_orders[1]["mean"] + 0.08, "n-grams", color="C0")
    if of_network:
        axes.axhline(of_network["mean"], color="C1", linestyle="--")
        axes.axhspan(of_network["low"], of_network["high"], color="C1", alpha=0.15, linewidth=0)
        axes.text(1, of_network["mean"] + 0.04, "the network", color="C1")
    save_figure(figure, path)


def main(argv=None):
    """Return the losses of all n-grams, their samples, and the difference from the network."""
    parser = make_parser("N-grams as a language model.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", help="a text; None: that of the run, or Shakespeare")
    add("--run", metavar="RUN", help="a run of shakespeare.py to compare with")
    add("--order", type=positive(int, 12), default=ORDER)
    add("--seed", type=seed, default=SEED, help="of the samples")
    args = parser.parse_args(argv)
    if args.run and args.data:
        fail("--run brings its own text: leave out --data.")
    folder, random = make_folder(args.outputs), np.random.default_rng(args.seed)
    model, settings, _ = load_run(args.run) if args.run else (None, None, None)
    text = text_of_run(settings) if args.run else load_text(args.data or SHAKESPEARE)
    learned, validation = (
        "".join(text.alphabet[token] for token in part) for part in (text.train, text.validation)
    )
    ngrams = NGrams(args.order, learned, text.alphabet)
    losses = ngrams.losses(validation)
    results = {"orders": [mean_with_interval(one) for one in losses], "samples": []}
    for order, one in enumerate(results["orders"], 1):
        results["samples"].append(ngrams.write(order, LENGTH, random))
        shown = printable(results["samples"][-1].replace("\n", "/"))
        print("{:2} {mean:.3f} nats ({low:.3f} to {high:.3f})  {}".format(order, shown, **one))
    if model:
        of_network = token_losses(model, text.validation)
        results["network"] = mean_with_interval(of_network)
        results["best"] = int(losses.mean(axis=1).argmin()) + 1
        results["difference"] = mean_with_interval(losses[results["best"] - 1] - of_network)
        print(
            "best n-grams - network: {mean:.3f} ({low:.3f} to {high:.3f})".format(
                **results["difference"]
            )
        )
    draw(results["orders"], results.get("network"), folder / "ngrams.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
