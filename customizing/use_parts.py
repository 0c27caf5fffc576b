"""A network made of parts of one's own: trained, judged, saved and loaded again.

    python customizing/use_parts.py

Suppose that the digits are amounts of money, and that reading 3 as 8 costs 5. Networks learn from
10,000 digits, with each seed once from plain cross-entropy and once from a loss that knows the
costs. You will see what an answer costs on average, on validation images and for each seed, for
the most probable answer and for the cheapest one; then, whether a saved network comes back as it
was. The figure shows blanked digits, the learning rate, and the costs. Takes about a minute.
Chapter: customizing/README.md#used-together
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from customizing.parts import (
    CrossEntropyWithCost,
    Cutout,
    MeanCost,
    RootMeanSquareNorm,
    SparseNormal,
    StopAfter,
    WarmUpThenLinear,
)
from mnist.data import prepare_mnist
from utils.comparisons import compare_family, show_family
from utils.figures import save_figure
from utils.options import make_parser, positive
from utils.runs import fail, make_folder, save_network, save_results

IMAGES = 10_000  # to learn from
EPOCHS = 4
BATCH_SIZE = 100
PEAK = 0.003  # of the learning rate
SECONDS = 600  # for a training, which ends then, finished or not
SEEDS = 10
WEIGHTS = {"plain": 0.0, "costs": 1.0}  # how much the costs count in the loss
COSTS = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))  # of answer j where i is true
# Which column is compared with which: the family of comparisons, fixed before the runs.
FAMILY = [
    ("costs, most probable", "plain, most probable"),
    ("plain, cheapest", "plain, most probable"),
    ("costs, cheapest", "plain, cheapest"),
]


def build_model(seed):
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            Cutout(8, seed=seed),
            layers.Flatten(),
            layers.Dense(128, kernel_initializer=SparseNormal(15, seed=seed)),
            RootMeanSquareNorm(),
            layers.Activation("relu"),
            layers.Dense(10),
        ]
    )


def train(digits, weight, seed, epochs):
    """Return a network and what it reaches on the validation images."""
    keras.utils.set_random_seed(seed)
    model = build_model(seed)
    steps = epochs * math.ceil(len(digits.x_train) / BATCH_SIZE)  # the last batch may be smaller
    model.compile(
        keras.optimizers.Adam(WarmUpThenLinear(PEAK, warm_up=0.1 * steps, steps=steps)),
        loss=CrossEntropyWithCost(COSTS, weight),
        metrics=["accuracy", MeanCost(COSTS), MeanCost(COSTS, cheapest=True, name="cheapest")],
    )
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        callbacks=[StopAfter(SECONDS)],
        verbose=0,
    )
    if model.stop_training:  # the others went on for longer
        fail(f"a training took more than {SECONDS} s, so it cannot be compared. Raise SECONDS.")
    scores = model.evaluate(
        digits.x_val, digits.y_val, batch_size=1000, verbose=0, return_dict=True
    )
    return model, {key: scores[key] for key in ("accuracy", "cost", "cheapest")}


def save_and_load(model, path, images):
    """Return the largest difference between the answers of a network before and after."""
    save_network(model, path)
    again = keras.saving.load_model(path)
    difference = model.predict(images, verbose=0) - again.predict(images, verbose=0)
    return float(np.abs(difference).max())


def draw(digits, columns):
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.4), width_ratios=[4, 3, 4])
    blanked = keras.ops.convert_to_numpy(Cutout(8, seed=1)(digits.x_train[:12], training=True))
    left.imshow(np.block([[*blanked[i : i + 4, :, :, 0]] for i in (0, 4, 8)]), cmap="gray_r")
    left.set_axis_off()
    left.set_title("Cutout")
    steps = np.arange(500)
    rates = keras.ops.convert_to_numpy(WarmUpThenLinear(PEAK, 50, 500)(steps))
    middle.plot(steps, rates)
    middle.set(title="WarmUpThenLinear", xlabel="Step", ylabel="Learning rate")
    for one in range(len(columns["plain, cheapest"])):
        right.plot([values[one] for values in columns.values()], "o-", color="C0", alpha=0.5)
    right.set(title="Cost of an answer, each seed", xlim=(-0.4, 3.4))
    right.set_xticks(range(4), [name.replace(", ", ",\n") for name in columns], fontsize=9)
    return figure


def main(argv=None):
    """Return accuracies and costs of each seed, the comparisons, and the difference of a file."""
    parser = make_parser("Train a network of parts of one's own.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="1, 2, 3, ...")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--train-samples", type=positive(int), default=IMAGES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits = prepare_mnist((28, 28, 1), args.train_samples)

    accuracy, columns = {}, {}
    for name, weight in WEIGHTS.items():
        runs = []
        for seed in range(1, args.seeds + 1):
            model, scores = train(digits, weight, seed, args.epochs)
            runs.append(scores)
            print(f"{name}, seed {seed}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))
        accuracy[name] = [run["accuracy"] for run in runs]
        columns[f"{name}, most probable"] = [run["cost"] for run in runs]
        columns[f"{name}, cheapest"] = [run["cheapest"] for run in runs]
    comparisons = compare_family(columns, FAMILY)
    show_family(comparisons)
    difference = save_and_load(model, folder / "model.keras", digits.x_val[:100])
    print(f"Saved and loaded, its answers differ by at most {difference:.0e}.")
    save_figure(draw(digits, columns), folder / "parts.png")
    results = {
        "accuracy": accuracy,
        "costs": columns,
        "comparisons": comparisons,
        "difference": difference,
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
