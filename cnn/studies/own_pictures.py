"""What to do with few pictures of your own: four ways to learn 12 and 60 photographs.

    python cnn/studies/own_pictures.py

Three, then fifteen photographs of each of four classes are drawn at random, three times, each of
another thing. All things that were not drawn are to be told apart. You will see the mean of the
shares of the four classes that each way reads. Nothing is searched for, since of twelve photographs
none can be spared: a neighbour is one, and the others take the middle of what ladder.py tries.
Chapter: cnn/studies/README.md#few-photographs
"""

from chapter import OUTPUTS

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from cnn.studies.ways import WAYS, Photographs
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

SETTINGS = {"nearest": 1} | {way: WAYS[way][1] for way in ("probe", "head", "whole")}
OWN_CLASSES = ["birds", "fish", "flowers", "mammals"]  # of which there are 22 things or more
COUNTS = [12, 60]  # photographs in all
DRAWS = 3


def draw_few(photographs, ways, counts, draws):
    """Return {count: {way: balanced accuracies}} with so many photographs in all to learn.

    Each is of another thing; judged are those of all things that were not drawn.
    """
    classes = [photographs.classes.index(name) for name in OWN_CLASSES]
    found = {str(count): {way: [] for way in ways} for count in counts}
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(photographs.labels))
        order = order[np.isin(photographs.labels[order], classes)]
        first = order[np.sort(np.unique(photographs.groups[order], return_index=True)[1])]
        of_each = [first[photographs.labels[first] == label] for label in classes]
        most = max(counts) // len(classes)
        drawn = np.concatenate([numbers[:most] for numbers in of_each])
        judged = order[~np.isin(photographs.groups[order], photographs.groups[drawn])]
        for count in counts:
            known = np.concatenate([one[: count // len(classes)] for one in of_each])
            for way in ways:
                answer = photographs.learn(way, known, SETTINGS[way], SETTINGS["head"])
                answer = answer(judged).argmax(axis=1)
                if way in ("nearest", "probe"):  # they count only the classes that they know
                    answer = np.array(classes)[answer]
                right = balanced_accuracy_score(photographs.labels[judged], answer)
                found[str(count)][way].append(float(right))
                print(f"{count:3} pictures, {way:8} {right:.1%}", flush=True)
    return found


def main(argv=None):
    parser = make_parser("Learn few photographs in four ways.", OUTPUTS)
    add = parser.add_argument
    add("--ways", nargs="+", choices=SETTINGS, default=list(SETTINGS), metavar="WAY")
    add("--counts", nargs="+", type=positive(int), default=COUNTS, help="of photographs in all")
    add("--draws", type=positive(int), default=DRAWS, help="how many")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    found = draw_few(Photographs(), args.ways, args.counts, args.draws)
    results = {}
    for count, ways in found.items():
        results[count] = {way: spread(shares) for way, shares in ways.items()}
        for way, shares in results[count].items():
            print(f"{count:>3} pictures, {way:8} {shares['mean']:.1%}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
