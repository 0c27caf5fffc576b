"""A network with two inputs and three outputs: two digits and their sum.

    python customizing/loops/branches.py

Both images go through the same layers, so these learn from both. Networks learn from 10,000 pairs,
with each seed once from both digits and the sum, and once from the sum alone. You will see how
often the sum is right on pairs of validation images, and how often the two digits, read and added,
give it. Takes about a minute and a half.
Chapter: customizing/loops/README.md#several-inputs-and-outputs
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers

from mnist.data import load_parts, prepare_images
from utils.comparisons import compare_family, show_family
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

PAIRS = 10_000  # to learn from
VALIDATION_PAIRS = 5_000
EPOCHS = 4
BATCH_SIZE = 100
SEEDS = 10
# Steps before the callbacks come: more of them save time. PyTorch refuses more than one.
AT_ONCE = 1 if keras.config.backend() == "torch" else 20
WEIGHTS = {  # how much each output counts in the loss
    "all": {"left": 1.0, "right": 1.0, "sum": 1.0},
    "sum alone": {"left": 0.0, "right": 0.0, "sum": 1.0},
}
# The family of comparisons, fixed before the runs: columns of the results.
FAMILY = [("all, sum", "sum alone, sum"), ("all, added", "all, sum")]


def draw_pairs(images, digits, pairs, seed):
    """Return inputs and targets of pairs that are drawn from images and their digits, as dicts.

    The images have the shape (pairs, 784); the targets are digits, and sums from 0 to 18.
    """
    left, right = np.random.default_rng(seed).integers(len(images), size=(2, pairs))
    x = {"left_image": prepare_images(images[left], (784,))}
    x["right_image"] = prepare_images(images[right], (784,))
    y = {"left": digits[left].astype("int32"), "right": digits[right].astype("int32")}
    return x, y | {"sum": y["left"] + y["right"]}


def build_model():
    """Return the network; its inputs and outputs have names, as the images and targets have."""
    left = keras.Input((784,), name="left_image")
    right = keras.Input((784,), name="right_image")
    look = layers.Dense(128, activation="relu", name="look")  # one layer, called twice
    seen = [look(left), look(right)]
    read = layers.Dense(10, activation="softmax", name="read")
    digits = [read(features) for features in seen]
    both = layers.Dense(64, activation="relu", name="both")(layers.Concatenate()(seen))
    return keras.Model(
        inputs=[left, right],
        outputs={
            "left": digits[0],
            "right": digits[1],
            "sum": layers.Dense(19, activation="softmax", name="add")(both),
        },
    )


def train(parts, weights, seed, epochs, pairs):
    """Return the shares of right sums, of right sums of the digits as read, and of right digits."""
    keras.utils.set_random_seed(seed)
    x, y = draw_pairs(*parts["train"], pairs, seed)
    x_val, y_val = draw_pairs(*parts["validation"], VALIDATION_PAIRS, seed)
    model = build_model()
    model.compile(
        "adam",
        loss=dict.fromkeys(weights, "sparse_categorical_crossentropy"),
        loss_weights=weights,
        metrics={"left": "accuracy", "right": "accuracy", "sum": "accuracy"},
        steps_per_execution=AT_ONCE,
    )
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    answers = model.predict(x_val, batch_size=1000, verbose=0)
    read = {name: probabilities.argmax(axis=1) for name, probabilities in answers.items()}
    right = {name: float((read[name] == y_val[name]).mean()) for name in read}
    added = float((read["left"] + read["right"] == y_val["sum"]).mean())
    return {"sum": right["sum"], "added": added, "digit": (right["left"] + right["right"]) / 2}


def main(argv=None):
    """Return {weights, column: shares of each seed} and the comparisons."""
    parser = make_parser("Two inputs and three outputs.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="1, 2, 3, ...")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--pairs", type=positive(int), default=PAIRS, help="to learn from")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    columns, parts = {}, load_parts()
    for seed in range(1, args.seeds + 1):
        for name, weights in WEIGHTS.items():
            found = train(parts, weights, seed, args.epochs, args.pairs)
            print(f"seed {seed}, {name:10}" + ", ".join(f"{k} {v:.1%}" for k, v in found.items()))
            for column, share in found.items():
                columns.setdefault(f"{name}, {column}", []).append(share)
    comparisons = compare_family(columns, FAMILY)
    show_family(comparisons, "{:+.1f} points", 100)
    return save_results({"shares": columns, "comparisons": comparisons}, folder, __file__, argv)


if __name__ == "__main__":
    main()
