"""What is each part of a GPT worth? And is a GRU better? Train again and again, and compare.

    python text/gpt/what_matters.py
    python text/gpt/what_matters.py --variants rotary --seeds 1     # a first look, in a minute
    python text/gpt/what_matters.py --rivals RUN    # GPT and GRU, each with its best learning rate
    python text/gpt/what_matters.py --outputs FOLDER      # stopped? Goes on with what is missing

You will see for each variant and seed weights, steps, the loss on the validation part and how far
it is from that of the base, which has GPT-2's blocks, with an interval over pieces of the text.
Each training is kept when it is done. About a quarter of an hour on two cores: ten networks, two
seeds, 500 steps. With --rivals five learning rates are tried for GPT and GRU with few steps; then
the GRU is trained with its best one as the GPT of RUN was, a run of shakespeare.py, and the two are
compared: five minutes. Chapter: text/gpt/README.md#what-matters"""

from chapter import OUTPUTS

import numpy as np

from text.gpt.characters import (
    load_run,
    load_text,
    mean_with_interval,
    text_of_run,
    token_losses,
)
from text.gpt.variants import RIVALS, VARIANTS, train
from utils.comparisons import tune
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, read_json, save_results, write_json

STEPS = 500
SEEDS = [1, 2]
# Of the rivals, GPT and GRU: scientific is the kind of network, and the rate is tuned for each.
# Fixed are the optimizer, the schedule, the windows, and about as many weights.
RATES = [0.001, 0.002, 0.005, 0.012, 0.03]
SEARCH = 250  # steps with each rate


def train_once(name, text, steps, seed, folder, **settings):
    """Return what train returns, but from the folder if this training is there already."""
    path = folder / "_".join(map(str, [name, *settings.values(), steps, seed])).replace(".", "-")
    if not path.with_suffix(".json").exists():
        one, losses = train(text, steps, seed, **(VARIANTS | RIVALS)[name], **settings)
        np.save(path.with_suffix(".npy"), losses.astype("float32"))
        write_json(one, path.with_suffix(".json"))  # comes last: with it, the training is there
    return read_json(path.with_suffix(".json")), np.load(path.with_suffix(".npy"))


def search_rate(name, text, folder):
    """Return what tune finds for one of the rivals."""

    def validation_loss(learning_rate):
        return train_once(name, text, SEARCH, 0, folder, learning_rate=learning_rate)[0]["mean"]

    return tune(validation_loss, {"learning_rate": RATES})


def compare_rivals(run, folder):
    """Return what tune finds for GPT and GRU, and what they reach with their best rates.

    run: of shakespeare.py, which has trained the GPT with its best rate; the GRU is trained alike.
    """
    model, settings, _ = load_run(run)
    text, steps = text_of_run(settings), settings["steps"]
    found = {name: search_rate(name, text, folder) for name in RIVALS}
    losses = {"GPT": token_losses(model, text.validation)}
    rate = found["GRU"]["best"]
    _, losses["GRU"] = train_once("GRU", text, steps, settings["seed"], folder, **rate)
    for name, one in found.items():
        one["whole"] = mean_with_interval(losses[name])
        print("{}: {mean:.3f} ({low:.3f} to {high:.3f}) nats".format(name, **one["whole"]))
    return {"rivals": found, "difference": mean_with_interval(losses["GPT"] - losses["GRU"])}


def summarize(runs):
    """Return for each variant its seeds, the mean of their losses, and how far they are from base.

    runs: {variant: [(what it reached, loss of each character) with each seed]}.
    """
    variants = {}
    for name, seeds in runs.items():
        variants[name] = {
            "seeds": [one for one, _ in seeds],
            "mean": float(np.mean([one["mean"] for one, _ in seeds])),
        }
        if name != "base":
            pairs = [
                (losses, base) for (_, losses), (_, base) in zip(seeds, runs["base"], strict=True)
            ]
            lengths = [min(len(losses), len(base)) for losses, base in pairs]
            variants[name]["above_base"] = [
                mean_with_interval(losses[-length:] - base[-length:])
                for (losses, base), length in zip(pairs, lengths, strict=True)
            ]
    return variants


def main(argv=None):
    """Return what each variant reached with each seed."""
    parser = make_parser("Trains the GPT with one thing changed at a time.", OUTPUTS)
    add = parser.add_argument
    add("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME",
        help=f"of {', '.join(VARIANTS)}")  # fmt: skip
    add("--steps", type=positive(int), default=STEPS)
    add("--seeds", type=seed, nargs="+", default=SEEDS)
    add("--rivals", metavar="RUN", help="of shakespeare.py: GPT and GRU, each with its best rate")
    args = parser.parse_args(argv)
    folder, text = make_folder(args.outputs), load_text()
    if args.rivals:
        return save_results(compare_rivals(args.rivals, folder), folder, __file__, argv)
    runs = {}
    for name in dict.fromkeys(["base", *args.variants]):
        runs[name] = [train_once(name, text, args.steps, one, folder) for one in args.seeds]
        summary = summarize(runs)[name]
        for one in summary["seeds"]:
            print(
                "{:14}{parameters:10,} weights, {steps:,} steps: {mean:.3f} nats".format(
                    name, **one
                )
            )
        for one in summary.get("above_base", []):
            print("{:14}above base {mean:+.3f} ({low:+.3f} to {high:+.3f})".format("", **one))
    results = {"steps": args.steps, "variants": summarize(runs)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
