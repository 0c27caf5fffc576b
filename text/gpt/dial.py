"""One dial: the depth of a GPT sets all else, and three small ones foretell the loss of a fourth.

    python text/gpt/dial.py
    python text/gpt/dial.py --depths 1 2 3 4 --steps 20  # a first look
    python text/gpt/dial.py --outputs FOLDER             # stopped? Goes on with what is missing

Width, heads, learning rate and steps follow from the depth; the steps so that each weight reads as
many characters at any depth. You will see weights, characters, operations and loss of each depth,
and what two curves through all but the last promise for the last: a line in logarithms, and one
that falls towards a floor; how many operations a second the training did, beside what the processor
can do; and what ten, a thousand and a million times as many would take. Ten minutes on two cores.
Sources: Kaplan and others, "Scaling laws for neural language models", 2020; Hoffmann and others,
"Training compute-optimal large language models" (Chinchilla), 2022.
Chapter: text/gpt/README.md#one-dial
"""

from chapter import OUTPUTS

import math
import time

import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from scipy.optimize import least_squares

from text.gpt.characters import load_text
from text.gpt.gpt import BLOCKS, CONTEXT, HEADS, WIDTH
from text.gpt.shakespeare import BATCH_SIZE, LEARNING_RATE, WARM_UP
from text.gpt.what_matters import train_once
from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

DEPTHS = [2, 3, 4, 5]  # all but the last foretell the last
STEPS = 1_500  # at the depth of shakespeare.py
SEED = 1
SIDE = 2_048  # of the matrices that tell how fast the processor is
BYTES = 12  # that a weight takes in training: itself, its gradient and Muon's average, 4 each
TIMES = [10, 1_000, 1_000_000]  # as many operations


def settings(depth, steps=STEPS):
    """Return what follows from the depth; at that of shakespeare.py, its own sizes."""
    share = depth / BLOCKS
    return {
        "blocks": depth,
        "width": round(WIDTH * share),
        "heads": round(HEADS * share),
        "learning_rate": LEARNING_RATE * share**-0.5,
        "steps": round(steps * share**3),  # weights grow as the third power, too
        "warm_up": round(WARM_UP * share**3),
    }


def count(parameters, steps):
    """Return characters read and operations: each weight multiplies and adds three times for each.

    Once forward, and twice backward: for the gradient of what came in, and for its own.
    """
    characters = steps * BATCH_SIZE * CONTEXT
    return {"characters": characters, "operations": 6 * parameters * characters}


def processor_speed(rounds=5):
    """Return the operations a second of this computer's fastest product of two large matrices."""
    x = ops.ones((SIDE, SIDE))
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        ops.convert_to_numpy(x @ x)
        seconds.append(time.perf_counter() - start)
    return 2 * SIDE**3 / min(seconds)


def fit_line(operations, losses):
    """Return a function of operations: a line through the logarithms of both."""
    line = np.polyfit(np.log(operations), np.log(losses), 1)
    return lambda x: np.exp(np.polyval(line, np.log(x)))


def fit_floor(operations, losses):
    """Return a function of operations, floor + rest * operations ** -power, and its floor.

    The floor is what no network could foretell. Source: Hoffmann and others, 2022.
    """
    unit = max(operations)

    def curve(x, floor, rest, power):
        return floor + rest * (np.asarray(x) / unit) ** -power

    start = [min(losses) / 2, min(losses) / 2, 0.3]
    found = least_squares(
        lambda three: curve(operations, *three) - losses, start, bounds=(0, np.inf), xtol=1e-12
    ).x
    return lambda x: curve(x, *found), found[0]


def larger(largest, foretell, times):
    """Return what so many times as many operations take: weights and characters grow alike.

    "days" are those of this computer; so many "computers" would take a month, if sharing cost
    nothing.
    """
    weights, characters = (largest[key] * times**0.5 for key in ("parameters", "characters"))
    days = largest["seconds"] * times / 86_400
    return {
        "times": times,
        "weights": weights,
        "characters": characters,
        "gigabytes": BYTES * weights / 1e9,
        "days": days,
        "computers": math.ceil(days / 30),
        "loss": float(foretell(times * largest["operations"])),
    }


def draw(sizes, curves, path):
    """Draw the losses over the operations, both on logarithmic axes, and the curves beyond them."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8))
    *small, last = [one["operations"] for one in sizes]
    axes.plot(small, [one["mean"] for one in sizes[:-1]], "o", label="three small networks")
    axes.plot(last, sizes[-1]["mean"], "s", color="C2", label="the largest, which they foretell")
    x = np.geomspace(small[0], last)
    for style, (name, curve) in zip(("C1--", "C1-"), curves.items(), strict=True):
        axes.plot(x, curve(x), style, label=name, zorder=1)
    axes.set(xscale="log", yscale="log", xlabel="operations", ylabel="nats per character")
    axes.yaxis.set_minor_formatter("{x:.1f}")
    axes.legend()
    save_figure(figure, path)


def main(argv=None):
    """Return for each depth its counts and loss, the line, and what larger ones would take."""
    parser = make_parser("Small GPTs foretell a larger one.", OUTPUTS)
    add = parser.add_argument
    add("--depths", type=positive(int), nargs="+", default=DEPTHS, metavar="DEPTH")
    add("--steps", type=positive(int), default=STEPS, help=f"at the depth {BLOCKS}")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    if len(set(args.depths)) < 4:
        parser.error("three numbers of a curve, and what it foretells, take four depths")
    folder, text, sizes = make_folder(args.outputs), load_text(), []
    for depth in sorted(set(args.depths)):
        how = settings(depth, args.steps)
        steps = how.pop("steps")
        one, _ = train_once("own_keys", text, steps, args.seed, folder, **how, xla=True)
        sizes.append({"depth": depth} | one | count(one["parameters"], steps))
        print(
            "depth {depth}: {parameters:9,} weights, {characters:9,} characters, {operations:.1e}"
            " operations: {mean:.3f} nats".format(**sizes[-1])
        )
    x, y = ([size[key] for size in sizes[:-1]] for key in ("operations", "mean"))
    with_floor, floor = fit_floor(x, y)
    curves = {"a line": fit_line(x, y), "with a floor": with_floor}
    largest, processor, results = sizes[-1], processor_speed(), {"sizes": sizes, "floor": floor}
    for name, curve in curves.items():
        results[name] = float(curve(largest["operations"]))
        print(f"{name:12} had promised {results[name]:.3f} for the last one")
    results["speed"] = largest["operations"] / largest["seconds"]
    results |= {"processor": processor, "share": results["speed"] / processor}
    print("{speed:.1e} operations a second, of {processor:.1e}: {share:.0%}".format(**results))
    results["larger"] = [larger(largest, with_floor, times) for times in TIMES]
    for one in results["larger"]:
        print(
            "{times:9,} times: {weights:.1e} weights, {characters:.1e} characters,"
            " {gigabytes:,.1f} GB, {days:,.1f} days, or {computers:,} computers for a month".format(
                **one
            )
        )
    draw(sizes, curves, folder / "dial.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
