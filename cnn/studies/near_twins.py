"""Near twins: what an accuracy gains if an image is tested whose like was learned.

    python cnn/studies/near_twins.py

Some emoji show nearly the same thing, as red apple and green apple do. Holds out a fifth of the
emoji in turn, once so that near twins are held out together, and once without a look at them,
and trains a new head for EfficientNet-Lite0 on the others; all of this with ten ways to divide
them. You will see the accuracies on all emoji, and on those that have a near twin. Takes some seven
minutes on two cores.
Chapter: cnn/studies/README.md#near-twins
"""

from chapter import OUTPUTS

from types import SimpleNamespace

import keras
import numpy as np

from cnn.efficientnet_lite import build_network
from cnn.photographs import load_emoji
from cnn.studies.cached import (
    EPOCHS,
    LEARNING_RATE,
    compute_features,
    cross_validate,
    replace_head,
)
from utils.comparisons import compare_seeds
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

SEEDS = 10  # each divides the emoji anew, and gives the head other initial weights
SIZE = 224  # pixels to which the emoji are enlarged


def main(argv=None):
    parser = make_parser("What near twins do to an accuracy.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="how many")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="of the head")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    network = build_network(SIZE)
    inputs, pictures = compute_features(network, ["pooling"], load_emoji())
    labels, names = pictures.labels, np.array(pictures.groups)
    _, group, sizes = np.unique(names, return_inverse=True, return_counts=True)
    has_twin = sizes[group] > 1
    ways = {"mixed": np.arange(len(labels)), "grouped": group}
    right = {way: {"all": [], "with a twin": [], "without": []} for way in ways}
    for seed in range(1, args.seeds + 1):
        for way, groups in ways.items():
            keras.utils.set_random_seed(seed)
            models = replace_head(network, len(pictures.classes))
            learning = {"epochs": args.epochs, "learning_rate": LEARNING_RATE, "fine_tune": 0}
            settings = SimpleNamespace(seed=seed, **learning)
            (answers,) = cross_validate(models, inputs, labels, groups, settings)
            correct = answers.argmax(axis=1) == labels
            of = {"all": correct, "with a twin": correct[has_twin], "without": correct[~has_twin]}
            for kind, values in of.items():
                right[way][kind].append(float(values.mean()))
            shown = "".join(f"   {kind} {values.mean():.1%}" for kind, values in of.items())
            print(f"seed {seed}, {way:8}{shown}", flush=True)
    results = {"images": len(labels), "twins": int(has_twin.sum())}
    results["groups"] = int((sizes > 1).sum())
    for kind in right["mixed"]:
        mixed, grouped = (right[way][kind] for way in ways)
        results[kind.replace(" ", "_")] = one = {
            "mixed": spread(mixed),
            "grouped": spread(grouped),
            "flattered": compare_seeds(mixed, grouped),
        }
        results[f"points_{kind.replace(' ', '_')}"] = 100 * one["flattered"]["mean"]
        low, mean, high = (one["flattered"][key] for key in ("low", "mean", "high"))
        print(f"{kind}: mixed {one['mixed']['mean']:.1%}, ", end="")
        print(f"grouped {one['grouped']['mean']:.1%}, difference {mean:+.1%}", end="")
        print("" if low is None else f" ({low:+.1%} to {high:+.1%})")
    differences = results["with_a_twin"]["flattered"]["differences"]
    results |= {"least": 100 * min(differences), "most": 100 * max(differences)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
