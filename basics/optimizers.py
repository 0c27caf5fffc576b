"""Eight optimizers on one problem: the handwritten digits of scikit-learn.

    python basics/optimizers.py

For each optimizer the learning rate is chosen from the same grid, by the validation loss of one
seed; then it is trained with that rate from other seeds. You will see the chosen rates, losses and
accuracies with mean and standard deviation over the seeds, and a figure of the losses.
Takes about 3 minutes on two cores; --epochs 5 --seeds 1 is quicker. README: "Optimizers".
"""

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, optimizers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from helpers import make_folder, make_parser, number, save_figure

OPTIMIZERS = {
    "sgd": optimizers.SGD,
    "sgd_momentum": lambda rate: optimizers.SGD(rate, momentum=0.9),
    "sgd_nesterov": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "adagrad": optimizers.Adagrad,
    "rmsprop": optimizers.RMSprop,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
    "nadam": optimizers.Nadam,
}
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]  # the learning rates to choose from
EPOCHS = 20
BATCH_SIZE = 32
SEEDS = 3  # trainings per optimizer after the choice


def load_data():
    """Return training and validation images, (1347, 64) and (450, 64), and their labels."""
    digits = load_digits()
    images = (digits.data / 16).astype("float32")
    return train_test_split(
        images, digits.target, test_size=450, stratify=digits.target, random_state=0
    )


def train(name, rate, seed, data, epochs):
    """Train a new network from the seed; return its history, a dict of one list per quantity."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(shape=(64,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=OPTIMIZERS[name](rate), loss=loss, metrics=["accuracy"])
    x_train, x_val, y_train, y_val = data
    return model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(x_val, y_val),
        verbose=0,
    ).history


def choose_rate(name, rates, data, epochs):
    """Return the rate with the lowest validation loss at the end, training once with each."""
    losses = [train(name, rate, 0, data, epochs)["val_loss"][-1] for rate in rates]
    return rates[int(np.nanargmin(losses))]


def draw(curves):
    """Draw the mean training and validation loss of each optimizer over the epochs."""
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), sharey=True)
    for axis, key, title in zip(
        axes, ["loss", "val_loss"], ["training", "validation"], strict=True
    ):
        for index, (name, histories) in enumerate(curves.items()):
            mean = np.mean([history[key] for history in histories], axis=0)
            axis.plot(range(1, len(mean) + 1), mean, "-" if index < 4 else "--", label=name)
        axis.set(title=f"Loss, {title}", xlabel="epoch", yscale="log")
    axes[0].set_ylabel("cross-entropy (log scale)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def main(argv=None):
    """Compare the optimizers; return for each the rate chosen and the figures of all seeds."""
    parser = make_parser("Compare optimizers on the handwritten digits of scikit-learn.")
    parser.add_argument("--epochs", type=number(int, 1), default=EPOCHS)
    parser.add_argument("--seeds", type=number(int, 1), default=SEEDS)
    parser.add_argument("--rates", type=number(float, 0), nargs="+", default=RATES)
    args = parser.parse_args(argv)
    make_folder(args.outputs)

    data, curves, results = load_data(), {}, {}
    print(f"After {args.epochs} epochs   rate   loss              val_loss          val_accuracy")
    for name in OPTIMIZERS:
        rate = choose_rate(name, args.rates, data, args.epochs)
        seeds = range(1, args.seeds + 1)
        curves[name] = [train(name, rate, seed, data, args.epochs) for seed in seeds]
        results[name] = {"rate": rate}
        print(f"{name:12} {rate:8g}", end="", flush=True)
        for key in ["loss", "val_loss", "val_accuracy"]:
            values = [history[key][-1] for history in curves[name]]
            results[name][key] = {"mean": np.mean(values).item(), "std": np.std(values).item()}
            print(f"   {np.mean(values):.4f} ± {np.std(values):.4f}", end="")
        print()

    save_figure(draw(curves), args.outputs, "optimizers")
    return results


if __name__ == "__main__":
    main()
