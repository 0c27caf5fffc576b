"""What n-grams know of the next character: a language model without a network, to compare with.

    python text/gpt/ngrams.py
    python text/gpt/ngrams.py --run 2026-11-24_15-04-05     # beside a run of shakespeare.py

You will see the loss, in nats per character, of n-grams of one to seven characters on the
validation part of the text, a line that each of them writes, and how far the network of the run is
ahead or behind. The figure shows the losses. Half a minute on two cores.
Chapter: text/gpt/README.md#n-grams
"""

from chapter import OUTPUTS

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from text.gpt.characters import (
    SHAKESPEARE,
    character_losses,
    decode,
    load_run,
    load_text,
    mean_with_interval,
    text_of_run,
)
from utils.figures import save_figure
from utils.kneser_ney import NGrams
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, printable, save_results

ORDER = 7  # characters of the longest n-grams
LENGTH = 60  # of a sample
SEED = 1


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
    learned, validation = (decode(part, text.alphabet) for part in (text.train, text.validation))
    ngrams = NGrams(args.order, [learned], sorted(set(learned + validation)))
    losses = ngrams.losses(validation)
    results = {"orders": [mean_with_interval(one) for one in losses], "samples": []}
    for order, one in enumerate(results["orders"], 1):
        results["samples"].append(ngrams.write(order, LENGTH, random))
        shown = printable(results["samples"][-1].replace("\n", "/"))
        print("{:2} {mean:.3f} nats ({low:.3f} to {high:.3f})  {}".format(order, shown, **one))
    if model:
        of_network = character_losses(model, text.validation, text.alphabet)
        results["network"] = mean_with_interval(of_network)
        results["best"] = int(losses.mean(axis=1).argmin()) + 1
        results["difference"] = mean_with_interval(
            losses[results["best"] - 1, -len(of_network) :] - of_network
        )
        print("the network: {mean:.3f} nats ({low:.3f} to {high:.3f})".format(**results["network"]))
        print(
            "n-grams of {} need {mean:+.3f} nats more than that ({low:+.3f} to {high:+.3f})".format(
                results["best"], **results["difference"]
            )
        )
    draw(results["orders"], results.get("network"), folder / "ngrams.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
