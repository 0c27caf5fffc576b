"""What skip connections carry: U-Nets with them and without, in pairs of seeds.

    python cnn/segmentation/skips.py

Both networks of a pair have equally many weights, start from the same ones and see the same scenes
in the same order. You will see the mean IoU of the digits, and that of any digit, on scenes by
other writers, and the differences. Takes some ten minutes on two cores, with --seeds 1 one.
Chapter: cnn/segmentation/README.md#what-skip-connections-carry
"""

from chapter import OUTPUTS

import math

import keras

from cnn.segmentation.segment import BATCH_SIZE, LEARNING_RATE, judge, make_part
from cnn.segmentation.u_net import build_u_net
from utils.comparisons import compare_seeds
from utils.options import make_parser, positive, verbosity
from utils.runs import make_folder, save_results
from utils.statistics import spread

SEEDS = 10  # pairs
SCENES = 2_000  # to learn from
EPOCHS = 3
HELD_OUT = 200  # scenes of other writers
MEASURES = {"mean_iou": "mean IoU", "ink": "IoU of any digit"}


def main(argv=None):
    parser = make_parser("Train U-Nets with and without skip connections.", OUTPUTS)
    add = parser.add_argument
    add("--seeds", type=positive(int), default=SEEDS, help="how many pairs")
    add("--scenes", type=positive(int, 20_000), default=SCENES, help="to learn from")
    add("--epochs", type=positive(int), default=EPOCHS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    known = make_part("train", args.scenes)
    held_out = make_part("validation", HELD_OUT)
    steps = args.epochs * math.ceil(args.scenes / BATCH_SIZE)
    reached = {key: {"with": [], "without": []} for key in MEASURES}
    for seed in range(1, args.seeds + 1):
        for way in ("with", "without"):
            keras.utils.set_random_seed(seed)
            network = build_u_net(skips=way == "with")
            rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
            network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
            x, y = known.images, known.labels
            network.fit(x, y, batch_size=BATCH_SIZE, epochs=args.epochs, verbose=verbosity())
            guess = network.predict(held_out.images, batch_size=50, verbose=0)
            measured = judge(held_out, guess)
            for key in MEASURES:
                reached[key][way].append(measured[key])
            shown = ", ".join(f"{name} {measured[key]:.3f}" for key, name in MEASURES.items())
            print(f"seed {seed}, {way} skip connections: {shown}", flush=True)
    results = {"parameters": network.count_params()}
    for key, ways in reached.items():
        results[key] = {way: spread(values) for way, values in ways.items()}
        results[key]["more"] = compare_seeds(*ways.values())
        print(f"{MEASURES[key]}: {results[key]['more']['mean']:+.3f} with skip connections")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
