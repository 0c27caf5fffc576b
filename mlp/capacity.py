"""How large should the network be? Small and large ones, each tuned and stopped in time.

    python mlp/capacity.py

Each network gets the same search: five learning rates on three splits, and when to stop, by a tenth
of the training customers. Then the best of each is compared in pairs with the lesson's network on
twenty other splits. One learns for 100 epochs with nothing to stop it. You will see the AUC and the
accuracy of each, on what it learned from and on validation customers, and the comparisons. Takes
about five minutes on two cores.
Chapter: mlp/README.md#the-model
"""

from chapter import OUTPUTS

import keras
import numpy as np

from mlp import churn, splits
from mlp import evaluation as lesson
from utils.comparisons import correct_family, tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

NETWORKS = {  # hidden layers
    "base": lesson.HIDDEN,
    "three_layers": (6, 6, 6),
    "large": (64, 64),
    "large_not_stopped": (64, 64),
}
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]  # of Adam
TUNING, FIRST = 3, 100  # splits to tune by, and their first seed


def tune_rate(tuning, preprocessor, hidden, epochs):
    """Return what was tried, and the best learning rate. All are tried at once, as one bundle."""
    parts = splits.stack(splits.prepare(tuning, preprocessor))
    # Each split comes once for each rate.
    learn, stop, _ = [[np.tile(a, (1, len(RATES), 1)[: a.ndim]) for a in part] for part in parts]
    keras.utils.set_random_seed(0)
    rates = np.repeat(RATES, len(tuning))
    _, losses = splits.train_networks(learn, stop, hidden, rates, epochs)
    losses = dict(zip(RATES, losses.reshape(len(RATES), -1).mean(axis=1), strict=True))
    return tune(lambda rate: losses[rate], {"rate": RATES})


def measure(tuning, pairs, name, epochs):
    """Return the scores of the tuned network on each split, and what was tried to tune it.

    tuning, pairs: for each split, a table to train on and one to evaluate on.
    """
    preprocessor, hidden = churn.make_preprocessor(), NETWORKS[name]
    learn, stop, (X, y) = splits.stack(splits.prepare(pairs, preprocessor))
    if name.endswith("not_stopped"):
        stop, search = None, {"best": {"rate": lesson.LEARNING_RATE}}
    else:
        search = tune_rate(tuning, preprocessor, hidden, epochs)
    keras.utils.set_random_seed(1)
    networks, _ = splits.train_networks(learn, stop, hidden, search["best"]["rate"], epochs)
    judged, learned = (keras.ops.convert_to_numpy(networks(x))[..., 0] for x in (X, learn[0]))
    scores = []
    for split in range(len(pairs)):
        one = lesson.evaluate(y[:, split], judged[:, split])
        one["train_accuracy"] = lesson.evaluate(learn[1][:, split], learned[:, split])["accuracy"]
        scores.append(one)
    return scores, search


def main(argv=None):
    parser = make_parser("Compares small and large networks.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=splits.SPLITS, help="splits")
    parser.add_argument("--epochs", type=positive(int), default=lesson.EPOCHS, help="at most")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    customers = churn.load_customers(churn.DATA)
    tuning = splits.make_pairs(customers, min(TUNING, args.seeds), FIRST)
    pairs = splits.make_pairs(customers, args.seeds)
    results, scores = {"tuned": {}, "networks": {}, "seeds": args.seeds}, {}
    for name in NETWORKS:
        scores[name], results["tuned"][name] = measure(tuning, pairs, name, args.epochs)
        one = results["networks"][name] = splits.summarize(scores[name])
        about = "{accuracy:.1%} (on what it learned {train_accuracy:.1%}), AUC {auc:.3f}"
        print(f"{name:18} accuracy " + about.format(**one), flush=True)
        if name != "base":
            ratio = len(pairs[0][1]) / len(pairs[0][0])
            one["auc_gained"] = splits.compare(scores[name], scores["base"], ratio)
    gained = {
        name: one["auc_gained"] for name, one in results["networks"].items() if name != "base"
    }
    correct_family(gained.values())
    for name, one in gained.items():
        print(f"{name:18} AUC gained {splits.describe(one)}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
