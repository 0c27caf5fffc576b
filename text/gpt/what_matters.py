"""What is each part of a GPT worth? And is a GRU better? Train again and again, and compare.

    python text/gpt/what_matters.py
    python text/gpt/what_matters.py --variants rotary --seeds 1     # a first look, in a minute
    python text/gpt/what_matters.py --rivals      # GPT and GRU, each with its best learning rate
    python text/gpt/what_matters.py --outputs FOLDER      # stopped? Goes on with what is missing

You will see for each variant and seed weights, steps, the loss on the validation part and how far
it is from that of the base, which has GPT-2's blocks, with an interval over pieces of the text.
Each training is kept when it is done. Twelve networks, two seeds, 500 steps: half an hour on two
cores. With --rivals, the GPT, the same with AdamW in place of Muon, and a GRU of equal size each
try five learning rates with 500 steps; then each is trained with its best one for as many steps as
shakespeare.py trains, and they are compared: forty minutes.
Chapter: text/gpt/README.md#what-matters
"""

from chapter import OUTPUTS

import numpy as np

from text.gpt.characters import load_text, mean_with_interval
from text.gpt.shakespeare import STEPS as WHOLE
from text.gpt.variants import RIVALS, VARIANTS, train
from utils.comparisons import tune
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, read_json, replacing, save_results, write_json

STEPS = 500
SEEDS = [1, 2]
# Of the rivals: scientific are the kind of network and the optimizer; the rate is tuned for each.
# Fixed are the schedule, the windows, and about as many weights.
RATES = [0.001, 0.002, 0.005, 0.012, 0.03]


def train_once(name, text, steps, seed, folder, **settings):
    """Return what train returns, but from the folder if this training is there already."""
    path = folder / "_".join(map(str, [name, *settings.values(), steps, seed])).replace(".", "-")
    if not path.with_suffix(".json").exists():
        one, losses = train(text, steps, seed, **(VARIANTS | RIVALS)[name], **settings)
        with replacing(path.with_suffix(".npy")) as partial:
            np.save(partial, losses.astype("float32"))
        write_json(one, path.with_suffix(".json"))  # comes last: with it, the training is there
    return read_json(path.with_suffix(".json")), np.load(path.with_suffix(".npy"))


def compare_rivals(text, args, folder):
    """Return what tune finds for each rival, what it reaches, and how far it is from the GPT."""
    found, losses, seed = {}, {}, args.seeds[0]
    for name in RIVALS:

        def validation_loss(learning_rate, name=name):
            rate = {"learning_rate": learning_rate}
            return train_once(name, text, args.steps, seed + 100, folder, **rate)[0]["mean"]

        found[name] = tune(validation_loss, {"learning_rate": RATES})
        whole, losses[name] = train_once(name, text, WHOLE, seed, folder, **found[name]["best"])
        found[name]["whole"] = whole
        found[name]["above_gpt"] = mean_with_interval(losses[name] - losses["GPT"])
        print("{}: {mean:.3f} ({low:.3f} to {high:.3f}) nats".format(name, **whole))
    return {"rivals": found}


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
    add("--rivals", action="store_true", help="GPT and GRU, each with its best rate")
    args = parser.parse_args(argv)
    folder, text = make_folder(args.outputs), load_text()
    if args.rivals:
        return save_results(compare_rivals(text, args, folder), folder, __file__, argv)
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
