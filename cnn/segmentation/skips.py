"""What skip connections carry: the map of a U-Net with them, and of one without.

    python cnn/segmentation/skips.py

Both networks have equally many weights, learn from the same scenes in the same order, and have
found their learning rate in the same search. You will see the mean IoU of the digits, and that of
any digit, on scenes by other writers, and a figure with the maps of both. Takes ten minutes on two
cores, and six with --seeds 1.
Chapter: cnn/segmentation/README.md#what-skip-connections-carry
"""

from chapter import OUTPUTS

import math

import keras

from cnn.segmentation.scenes import Scenes
from cnn.segmentation.segment import BATCH_SIZE, HELD_OUT, draw, judge, make_part
from cnn.segmentation.u_net import build_u_net
from utils.comparisons import tune
from utils.options import make_parser, positive, verbosity
from utils.runs import make_folder, save_results
from utils.statistics import spread

SCENES = 6_000  # to learn from
SEARCHED = 1_500  # of them, from which the networks of the search learn
EPOCHS = 4
RATES = [0.001, 0.003, 0.01, 0.03, 0.1]  # of Adam at the beginning; they fall to 0 like half a wave
SEEDS = 2
SEARCH_SEED = 101
WAYS = {"with skips": True, "without": False}
MEASURES = {"mean_iou": "mean IoU", "ink": "IoU of any digit"}


def train(known, skips, rate, seed, epochs):
    """Return a U-Net with skip connections, or without, that has learned from scenes."""
    keras.utils.set_random_seed(seed)
    network = build_u_net(skips)
    steps = epochs * math.ceil(len(known.images) / BATCH_SIZE)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(keras.optimizers.Adam(falling), "sparse_categorical_crossentropy")
    how = {"batch_size": BATCH_SIZE, "epochs": epochs, "verbose": verbosity()}
    network.fit(known.images, known.labels, **how)
    return network


def main(argv=None):
    parser = make_parser("Train U-Nets with and without skip connections.", OUTPUTS)
    add = parser.add_argument
    add("--seeds", type=positive(int), default=SEEDS, help="how many of each")
    add("--scenes", type=positive(int, 20_000), default=SCENES, help="to learn from")
    add("--epochs", type=positive(int), default=EPOCHS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    known, choosing = make_part("train", args.scenes), make_part("validation", HELD_OUT)
    some, held_out = Scenes(*(array[:SEARCHED] for array in known)), make_part("test", HELD_OUT)
    results, maps = {}, {}
    for way, skips in WAYS.items():

        def loss(rate, skips=skips):
            network = train(some, skips, rate, SEARCH_SEED, args.epochs)
            how = {"batch_size": 50, "verbose": 0, "return_dict": True}
            return network.evaluate(choosing.images, choosing.labels, **how)["loss"]

        found = tune(loss, {"rate": RATES})
        judged = []
        for seed in range(1, args.seeds + 1):
            network = train(known, skips, found["best"]["rate"], seed, args.epochs)
            guess = network.predict(held_out.images, batch_size=50, verbose=0)
            maps.setdefault(way, guess)  # of the first seed
            judged.append(judge(held_out, guess))
            shown = ", ".join(f"{name} {judged[-1][key]:.3f}" for key, name in MEASURES.items())
            print(f"{way}, seed {seed}: {shown}", flush=True)
        results[way] = found | {key: spread([one[key] for one in judged]) for key in MEASURES}
    results["parameters"] = network.count_params()
    draw(held_out, maps, folder / "skips.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
