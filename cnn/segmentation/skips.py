"""What skip connections carry: U-Nets with them and without, each with its best learning rate.

    python cnn/segmentation/skips.py

Both networks have equally many weights and learn from small scenes with one digit. Each tries the
same learning rates; with the best of them come new seeds, in pairs that start from the same weights
and see the same scenes in the same order. You will see the mean IoU of the digits, and that of any
digit, on scenes by other writers, and a figure with the maps of both. Takes three minutes on
two cores.
Chapter: cnn/segmentation/README.md#what-skip-connections-carry
"""

from chapter import OUTPUTS

import math

import keras

from cnn.segmentation.scenes import make_scenes
from cnn.segmentation.segment import BATCH_SIZE, OF_SCENES, draw, judge
from cnn.segmentation.u_net import build_u_net
from utils.comparisons import compare_seeds, tune
from utils.options import make_parser, positive, verbosity
from utils.runs import make_folder, save_results
from utils.statistics import spread

SIZE = 32  # pixels, width and height of a scene; the U-Net sees it as 4 x 4 places at its lowest
SCENES = 2_000  # to learn from
EPOCHS = 4
HELD_OUT = 500  # scenes of other writers
RATES = [0.003, 0.01, 0.03]  # of Adam at the beginning; they fall to 0 like half a wave
SEEDS = 3  # pairs
SEARCH_SEED = 101
WAYS = {"with skips": True, "without": False}
MEASURES = {"mean_iou": "mean IoU", "ink": "IoU of any digit"}


def train(known, skips, rate, seed, epochs):
    """Return a U-Net with skip connections, or without, that has learned from scenes."""
    keras.utils.set_random_seed(seed)
    network = build_u_net(skips, SIZE)
    steps = epochs * math.ceil(len(known.images) / BATCH_SIZE)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(keras.optimizers.Adam(falling), "sparse_categorical_crossentropy")
    how = {"batch_size": BATCH_SIZE, "epochs": epochs, "verbose": verbosity()}
    network.fit(known.images, known.labels, **how)
    return network


def main(argv=None):
    parser = make_parser("Train U-Nets with and without skip connections.", OUTPUTS)
    add = parser.add_argument
    add("--seeds", type=positive(int), default=SEEDS, help="how many pairs")
    add("--scenes", type=positive(int, 20_000), default=SCENES, help="to learn from")
    add("--epochs", type=positive(int), default=EPOCHS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    known, choosing, held_out = (
        make_scenes(part, count, OF_SCENES[part], most=1, size=SIZE)
        for part, count in (
            ("train", args.scenes),
            ("validation", HELD_OUT),
            ("test", HELD_OUT),
        )
    )
    results, maps = {}, {}
    for way, skips in WAYS.items():

        def loss(rate, skips=skips):
            network = train(known, skips, rate, SEARCH_SEED, args.epochs)
            how = {"batch_size": 100, "verbose": 0, "return_dict": True}
            return network.evaluate(choosing.images, choosing.labels, **how)["loss"]

        found = tune(loss, {"rate": RATES})
        judged = []
        for seed in range(1, args.seeds + 1):
            network = train(known, skips, found["best"]["rate"], seed, args.epochs)
            guess = network.predict(held_out.images, batch_size=100, verbose=0)
            judged.append(judge(held_out, guess))
            shown = ", ".join(f"{name} {judged[-1][key]:.3f}" for key, name in MEASURES.items())
            print(f"{way}, seed {seed}: {shown}", flush=True)
        maps[way] = guess  # of the last one
        results[way] = found | {key: spread([one[key] for one in judged]) for key in MEASURES}
    results["parameters"] = network.count_params()
    for key, name in MEASURES.items():
        values = [results[way][key]["accuracies"] for way in WAYS]
        results[key] = compare_seeds(*values)
        print(f"{name}: {results[key]['mean']:+.3f} with skip connections")
    draw(held_out, maps, folder / "skips.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
