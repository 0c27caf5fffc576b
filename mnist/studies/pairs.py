"""Two trained networks on the same images: who misreads which, and is the difference chance?

    python mnist/studies/pairs.py RUN RUN    # of mnist.py; more runs: each against the first

You will see how many of the validation images both networks misread, only the first, and only the
second; the difference with an interval over writers, and what follows from it. Each run has saved
what its networks predict, so this takes a few seconds.
Chapter: mnist/README.md#the-rule
"""

from chapter import OUTPUTS

from report import load_predictions
from utils.data import writers_of
from utils.options import make_parser
from utils.runs import fail, find_run, make_folder, save_results
from utils.statistics import compare_networks

PART = "validation"  # the test images are not for choosing


def load_right(runs):
    """Return {network: whether it reads each validation image rightly} of the runs' folders."""
    right = {}
    for run in runs:
        for model, parts in load_predictions(run).items():
            probabilities, labels = parts[PART]
            name = f"{model} of {run.name}"
            if name in right:
                fail(f"{name} is named twice.")
            right[name] = probabilities.argmax(axis=1) == labels.argmax(axis=1)
    if len(right) < 2:
        fail("there is only one network. Name the run of another one.")
    return right


def explain(first, second, compared):
    """Return in a sentence what a comparison means."""
    better, worse = (second, first) if compared["mean"] > 0 else (first, second)
    if compared["low"] <= 0 <= compared["high"]:
        return "The interval contains 0: it is not shown that one of the two reads better."
    return f"The interval does not contain 0: {better} reads better than {worse}."


def main(argv=None):
    """Compare the first network with each other one; return {other network: comparison}."""
    parser = make_parser("Compare trained networks image by image.", OUTPUTS)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of mnist.py")
    args = parser.parse_args(argv)
    right = load_right([find_run(name, OUTPUTS) for name in args.runs])
    folder = make_folder(args.outputs)

    writers = writers_of(PART)
    first, *others = right
    results = {}
    for second in others:
        c = results[second] = compare_networks(right[first], right[second], writers)
        misread = [int((~right[name]).sum()) for name in (first, second)]
        points = [f"{100 * c[key]:+.2f}" for key in ("mean", "low", "high")]
        print(f"\nOf {len(writers):,} images by {c['groups']} writers")
        print(f"  {misread[0]:5} are misread by {first} (the first)")
        print(f"  {misread[1]:5} are misread by {second} (the second)")
        print(f"  {c['both']:5} by both, {c['only_first']} only by the first, ", end="")
        print(f"{c['only_second']} only by the second")
        print("The second reads {} points more ({} to {} over writers).".format(*points))
        print(f"{explain(first, second, c)} (McNemar's p: {c['p']:.3f})")
    return save_results({"first": first, "compared": results}, folder, __file__, argv)


if __name__ == "__main__":
    main()
