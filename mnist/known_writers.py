"""What does a leak by group do? The same digits, read by networks that know their writers or not.

    python mnist/known_writers.py

For each of ten seeds, draws 45 of the people who wrote MNIST's training images and judges networks
by half of their digits. A network learns from 20,000 other images, once without these people and
once with the other half of their digits among the 20,000. Both get the same search for a learning
rate first, with a draw of its own. You will see accuracy and cross-entropy of each, and the
comparison in pairs. Takes three minutes or more on two cores.
Chapter: mnist/README.md#people-it-has-never-met
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from mnist.data import load_mnist, load_writers, prepare_part
from utils.comparisons import compare_family, show_family, tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import score

PEOPLE = 45  # whose digits are judged
TRAIN_SAMPLES = 20_000  # images to learn from, both times
HIDDEN = 256
EPOCHS = 10
BATCH_SIZE = 128
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]  # tried for each of the two
SEEDS = 10  # 1, 2, 3, ...: people, halves, first weights; the rates are tried with seed 0


def draw(writers, samples, seed):
    """Return the places of the judged images, and {way: the places of those to learn from}."""
    random = np.random.default_rng(seed)
    people = random.choice(np.unique(writers), PEOPLE, replace=False)
    theirs = random.permutation(np.flatnonzero(np.isin(writers, people)))
    others = random.permutation(np.flatnonzero(~np.isin(writers, people)))
    judged, known = np.array_split(theirs, 2)
    return judged, {
        "strangers": others[:samples],
        "known": np.concatenate([known, others])[:samples],
    }


def train(x, y, learning_rate, epochs, seed):
    """Return a trained perceptron: (n, 784) to (n, 10)."""
    keras.utils.set_random_seed(seed)
    hidden = layers.Dense(HIDDEN, activation="relu")
    model = keras.Sequential([keras.Input((784,)), hidden, layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(learning_rate), loss="categorical_crossentropy")
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return model


def main(argv=None):
    """Return what was tried, the scores of both ways with each seed, and the comparisons."""
    parser = make_parser("Measures what it is worth to know the writers.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("--seeds", type=count, default=SEEDS, help="1, 2, 3, ...")
    add("--epochs", type=count, default=EPOCHS, help="of each network")
    add("--train-samples", type=count, default=TRAIN_SAMPLES, help="images to learn from")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    (images, labels), _ = load_mnist()
    writers, _ = load_writers()

    def judge(way, seed, learning_rate):
        judged, learned = draw(writers, args.train_samples, seed)
        known, new = (prepare_part(images[p], labels[p], (784,)) for p in (learned[way], judged))
        model = train(*known, learning_rate, args.epochs, seed)
        return score(new[1], model.predict(new[0], batch_size=500, verbose=0))

    tuned, scores = {}, {}
    for way in ("strangers", "known"):

        def loss(learning_rate, way=way):
            return judge(way, 0, learning_rate)["cross_entropy"]

        print(f"Writers {way}: which learning rate?", flush=True)
        tuned[way] = tune(loss, {"learning_rate": RATES})
        found = [judge(way, seed, **tuned[way]["best"]) for seed in range(1, args.seeds + 1)]
        scores[way] = {key: [one[key] for one in found] for key in ("accuracy", "cross_entropy")}
        for key, values in scores[way].items():
            print(f"{key}: {np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})")
    results = {"tuned": tuned, "scores": scores, "known - strangers": {}}
    for key in ("accuracy", "cross_entropy"):
        values = {way: one[key] for way, one in scores.items()}
        compared = compare_family(values, [("known", "strangers")])
        print(f"{key}: ", end="")
        show_family(compared)
        results["known - strangers"][key] = compared["known - strangers"]
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
