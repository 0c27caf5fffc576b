"""From scratch to thawed: seven ways to learn 314 photographs, each with its own small search.

    python cnn/studies/ladder.py                         # ten minutes
    python cnn/studies/ladder.py --ways nearest probe    # two of the ways, in a minute

Each way tries three values of what matters most for it, within the photographs that it may learn
when the first fifth is held out. With the best it then learns five times, with another fifth held
out each time. You will see that value, the share of each fifth that the way reads, and pairs of
ways compared. Photographs of the same thing are on the same side of every split. A figure shows
what the last way misread.
Chapter: cnn/studies/README.md#from-scratch-to-thawed
"""

from chapter import OUTPUTS

import numpy as np

from cnn.studies.ways import FOLDS, SIZE, WAYS, Photographs
from utils.comparisons import compare_networks, correct_family, tune
from utils.figures import draw_sheet
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_over_groups

FLOOR = 0.01  # of probabilities in the loss of the search, or one sure mistake would decide it
DRAWN = 32  # misread photographs, at most
PAIRS = ("probe", "nearest"), ("head", "probe"), ("part", "head"), ("whole", "head")
PAIRS += (("whole", "probe"),)


def search(photographs, way, known, chosen):
    """Return the value with which a way is best on a fifth of these, and the loss of each."""
    learned, judged = next(photographs.divide(known, seed=2))

    def validation_loss(value):
        probabilities = photographs.learn(way, learned, value, chosen.get("head"))(judged)
        right = np.maximum(probabilities, FLOOR)[np.arange(len(judged)), photographs.labels[judged]]
        return -np.log(right).mean()

    tuned = tune(validation_loss, {"value": WAYS[way]})
    return tuned["best"]["value"], [one["loss"] for one in tuned["tried"]]


def climb(photographs, ways, folds):
    """Return what each way predicted of each photograph held out, and what is to be filed."""
    parts = list(photographs.divide(np.arange(len(photographs.labels)), seed=1))[:folds]
    predicted, found, chosen = {}, {}, {}
    for way in ways:
        chosen[way], losses = search(photographs, way, parts[0][0], chosen)
        predicted[way] = np.full(len(photographs.labels), -1)
        accuracies = []
        for known, held_out in parts:
            answer = photographs.learn(way, known, chosen[way], chosen.get("head"))
            predicted[way][held_out] = answer(held_out).argmax(axis=1)
            right = (predicted[way] == photographs.labels)[held_out]
            accuracies.append(float(right.mean()))
        found[way] = {"chosen": chosen[way], "losses": losses, "accuracies": accuracies}
        print(f"{way:8} {chosen[way]:<8g}", *(f"{one:.1%}" for one in accuracies), flush=True)
    return predicted, found


def main(argv=None):
    parser = make_parser("Climb from a network from scratch to one thawed whole.", OUTPUTS)
    add = parser.add_argument
    add("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    add("--folds", type=positive(int, FOLDS), default=FOLDS, help="how many are held out in turn")
    add("--size", type=number(int, 64, 320), default=SIZE, help="pixels, width and height")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    photographs = Photographs(args.size)
    wanted = {*args.ways}
    if wanted & {"part", "whole"}:
        wanted.add("head")  # from which they go on
    ways = [way for way in WAYS if way in wanted]
    predicted, results = climb(photographs, ways, args.folds)
    judged = predicted[ways[0]] >= 0
    groups = photographs.groups[judged]
    right = {way: (found == photographs.labels)[judged] for way, found in predicted.items()}
    for way in ways:
        results[way] |= mean_over_groups(right[way].astype(float), groups)
        print("{}: {mean:.1%} ({low:.1%} to {high:.1%})".format(way, **results[way]))
    pairs = {
        f"{one} - {other}": compare_networks(right[other], right[one], groups)
        for one, other in PAIRS
        if one in ways and other in ways
    }
    correct_family(pairs.values())
    for name, one in pairs.items():
        print("{}: {mean:+.1%} ({low:+.1%} to {high:+.1%}), p {holm:.3f}".format(name, **one))
    wrong = np.flatnonzero(judged & (predicted[ways[-1]] != photographs.labels))[:DRAWN]
    names = [photographs.classes[predicted[ways[-1]][i]].replace("_", " ") for i in wrong]
    draw_sheet(photographs.pixels[wrong], [f"{name}?" for name in names], folder / "misread.png")
    return save_results({"ways": results, "pairs": pairs}, folder, __file__, argv)


if __name__ == "__main__":
    main()
