"""Try a script of the book with several learning rates, and draw the loss over the rate.

    python mnist/sweep.py mnist/mnist.py --epochs 2 --train-samples 5000    # a minute and a half
    python mnist/sweep.py SCRIPT --values 0.001 0.003 0.01 [the script's own options]
    python mnist/sweep.py SCRIPT --constant BATCH_SIZE --values 32 128 512

Before each run, the constant LEARNING_RATE of SCRIPT is set, as you would set it by hand. You will
see a line per run, the best rate, and, in the folder that the last line names, the curve. What the
runs themselves print is in the file log.txt beside it.
Chapter: mnist/README.md#the-learning-rate-first
"""

from chapter import OUTPUTS

import contextlib
import importlib
import math
import sys
from pathlib import Path
from unittest.mock import patch

import matplotlib.pyplot as plt

from utils.bands import look_up
from utils.comparisons import tune
from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import ROOT, fail, make_folder, save_results

CONSTANT = "LEARNING_RATE"  # of the script
VALUES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]  # each about three times the one before
LOSSES = ("cross_entropy", "loss", "val_loss", "mean")  # names of a loss among a run's results


def numbers(results, path=""):
    """Yield the path of each number among a run's results, such as models.conv_net.seconds."""
    for name, value in results.items() if isinstance(results, dict) else ():
        if isinstance(value, int | float):
            yield f"{path}{name}"
        yield from numbers(value, f"{path}{name}.")


def find_loss(results):
    """Return the path of the first loss on validation data, or end the program with one line."""
    paths = list(numbers(results))
    found = [path for path in paths if "val" in path and path.split(".")[-1] in LOSSES]
    if not found:
        fail(f"which result is the validation loss? Say --loss with one of {', '.join(paths)}")
    return found[0]


def modules_with(constant, script):
    """Return the script if it has the constant, else the modules of the project that have it."""
    if hasattr(script, constant):
        return [script]
    return [
        module
        for module in list(sys.modules.values())
        if hasattr(module, constant) and Path(getattr(module, "__file__", "")).is_relative_to(ROOT)
    ]


def draw(tried, constant, path):
    """Draw the loss over the values of the constant, with a ring around the lowest."""
    tried = [one for one in tried if math.isfinite(one["loss"])]
    values, losses = [one[constant] for one in tried], [one["loss"] for one in tried]
    figure, axes = plt.subplots(figsize=(5.5, 3.6))
    axes.plot(values, losses, "o-")
    lowest = losses.index(min(losses))
    axes.plot(values[lowest], losses[lowest], "o", ms=14, mfc="none", mec="C1", mew=2)
    axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set(xlabel=constant.replace("_", " ").capitalize(), ylabel="Validation loss")
    save_figure(figure, path)


def main(argv=None):
    """Run the script with each value; return what was tried, and the best."""
    parser = make_parser("Try a script with several values of a constant.", OUTPUTS)
    parser.allow_abbrev = False
    add = parser.add_argument
    add("script", help="of the book, such as mnist/mnist.py; its own options may follow")
    add("--constant", default=CONSTANT, help="in the script, in capital letters")
    add("--values", type=float, nargs="+", default=VALUES, help="on a logarithmic scale")
    add("--loss", help="path of the validation loss in results.json; else the first is taken")
    args, options = parser.parse_known_args(argv)
    path = Path(args.script).resolve()
    if not path.is_file() or ROOT not in path.parents:
        fail(f"{args.script} is not a script of the book.")
    script = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    modules = modules_with(args.constant, script)
    if not modules:
        fail(f"{args.script} has no {args.constant}.")
    folder = make_folder(args.outputs)

    def validation_loss(**setting):
        (value,) = setting.values()
        value = int(value) if value.is_integer() else value
        with contextlib.ExitStack() as stack:
            for module in modules:
                stack.enter_context(patch.object(module, args.constant, value))
            log = stack.enter_context((folder / "log.txt").open("a", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(log))
            results = script.main([*options, "--outputs", str(folder / f"{value:g}")])
        args.loss = args.loss or find_loss(results)
        return look_up(results, args.loss)

    found = tune(validation_loss, {args.constant: args.values})
    if len({one["loss"] for one in found["tried"]}) == 1 < len(args.values):
        fail(f"{args.constant} changes nothing: {args.script} does not look at it when it runs.")
    draw(found["tried"], args.constant, folder / "sweep.png")
    print(f"The lowest {args.loss} is that of {found['best'][args.constant]:g}.")
    return save_results(found | {"loss_is": args.loss}, folder, __file__, argv)


if __name__ == "__main__":
    main()
