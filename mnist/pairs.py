"""Two trained networks on the same images: who misreads which, and is the difference chance?

    python mnist/pairs.py RUN RUN    # of mnist.py; more runs: each against the first

You will see how many of the validation images both networks misread, only the first, and only the
second; the difference with an interval over writers, and what follows from it. Each run has saved
what its networks predict, so this takes a few seconds.
Chapter: HOW_THIS_BOOK_KNOWS.md#the-rule
"""

from chapter import OUTPUTS

import re

from mnist.data import writers_of
from mnist.finished import load_predictions
from utils.comparisons import compare_networks
from utils.options import make_parser
from utils.runs import fail, find_run, make_folder, save_results
from utils.statistics import mean_over_groups

PART = "validation"  # the test images are not for choosing


def load_right(runs):
    """Return {network: whether it reads each validation image rightly} of the runs' folders."""
    saved = [(run, *entry) for run in runs for entry in load_predictions(run).items()]
    models = [model for _, model, _ in saved]
    right = {}
    for run, model, parts in saved:
        name = model if models.count(model) == 1 else f"{model} of {run.name}"
        if name in right:
            fail(f"{name} is named twice.")
        probabilities, labels = parts[PART]
        right[name] = probabilities.argmax(axis=1) == labels.argmax(axis=1)
    if len(right) < 2:
        fail("there is only one network. Name the run of another one.")
    return right


def explain(first, second, compared):
    """Return in a sentence what a comparison means."""
    if compared["low"] <= 0 <= compared["high"]:
        return "The interval contains 0: these images do not show that one of them reads better."
    better, worse = (second, first) if compared["mean"] > 0 else (first, second)
    return f"The interval does not contain 0: {better} reads better than {worse}."


def compare(first, second, right, writers):
    """Print how two of the networks differ, and return it."""
    compared = compare_networks(right[first], right[second], writers)
    each = mean_over_groups(right[second].astype(float) - right[first], range(len(writers)))
    compared["over_images"] = {end: each[end] for end in ("low", "high")}
    print(f"\n{first} and {second} on {len(writers):,} images by {compared['groups']} writers")
    print("misread by both {both}, only by the first {only_first}, ".format(**compared), end="")
    print(f"only by the second {compared['only_second']}")
    points = [f"{100 * compared[key]:+.2f}" for key in ("mean", "low", "high")]
    print("second minus first: {} points ({} to {} over writers), ".format(*points), end="")
    print(f"McNemar's p {compared['p']:.3f}\n{explain(first, second, compared)}")
    return compared


def main(argv=None):
    """Compare the first network with each other one; return {other network: comparison}."""
    parser = make_parser("Compare trained networks image by image.", OUTPUTS)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of mnist.py")
    args = parser.parse_args(argv)
    right = load_right([find_run(name, OUTPUTS) for name in args.runs])
    folder = make_folder(args.outputs)
    writers = writers_of(PART)
    first, *others = right
    compared = {
        re.sub(r"\W+", "_", second): compare(first, second, right, writers) for second in others
    }
    return save_results({"first": first, "compared": compared}, folder, __file__, argv)


if __name__ == "__main__":
    main()
