"""Optimizers on one problem: the handwritten digits of scikit-learn.

    python reference/optimizers.py

For each optimizer, the learning rate is chosen from the same grid: the one with the lowest mean
validation loss over the epochs of one training. Then the optimizer runs from other seeds with
this rate and with Keras's default. You will see rates, losses and accuracies with mean and
standard deviation over the seeds, and a figure of the losses with the chosen rates.
Takes about 7 minutes on two cores, about 2 with --epochs 5 --seeds 1.
Chapter: reference/README.md#optimizers
"""

from chapter import OUTPUTS

import statistics
from functools import partial

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from matplotlib.ticker import MaxNLocator
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from utils.figures import LINES, save_figure
from utils.optimizers import OPTIMIZERS
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results

MOMENTUM = {
    "sgd_momentum": partial(keras.optimizers.SGD, momentum=0.9),
    "sgd_nesterov": partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
}
# In the order of the text; a further one of the register comes last.
COMPARED = {"sgd": OPTIMIZERS["sgd"]} | MOMENTUM | {"adagrad": OPTIMIZERS["adagrad"]} | OPTIMIZERS
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]  # the learning rates to choose from
EPOCHS = 20
BATCH_SIZE = 32
SEEDS = 3  # runs with the chosen rate, and with the default


def load_data():
    """Return training and validation images, (1347, 64) and (450, 64), and their labels."""
    digits = load_digits()
    images = (digits.data / 16).astype("float32")
    labels = digits.target
    return train_test_split(images, labels, test_size=450, stratify=labels, random_state=0)


def train(name, rate, seed, data, epochs):
    """Train a new network from the seed; return its history, a dict of one list per quantity."""
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu")]
    output = layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input(shape=(64,)), *hidden, output])
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=COMPARED[name](rate), loss=loss, metrics=["accuracy"])
    x_train, x_val, y_train, y_val = data
    options = {"batch_size": BATCH_SIZE, "epochs": epochs, "validation_data": (x_val, y_val)}
    return model.fit(x_train, y_train, verbose=0, **options).history


def choose_rate(name, rates, data, epochs):
    """Return the rate with the lowest mean validation loss, training once with each."""
    losses = [np.mean(train(name, rate, 0, data, epochs)["val_loss"]) for rate in rates]
    return rates[int(np.argmin(np.nan_to_num(losses, nan=np.inf)))]


def summarize(rate, histories):
    """Return the rate, and the mean and standard deviation of the last epoch over the histories."""
    summary = {"rate": rate}
    for key in ["loss", "val_loss", "val_accuracy"]:
        last = [history[key][-1] for history in histories]
        deviation = statistics.stdev(last) if len(last) > 1 else None
        summary[key] = {"mean": statistics.mean(last), "std": deviation}
    return summary


def with_deviation(mean, std):
    """Return 0.9733 ± 0.0018, or the mean alone, equally wide: one training has no deviation."""
    return f"{mean:.4f}" + (" " * 9 if std is None else f" ± {std:.4f}")


def line(name, which, summary):
    """Return a line of the table: what an optimizer reached with its chosen or default rate."""
    columns = [with_deviation(**summary[key]) for key in ["loss", "val_loss", "val_accuracy"]]
    return f"{name:12} {which:8}{summary['rate']:6g}   {'   '.join(columns)}".rstrip()


def draw(curves):
    """Draw the mean training and validation loss of each optimizer over the epochs."""
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), sharey=True)
    titles = {"loss": "Loss, training", "val_loss": "Loss, validation"}
    for axis, (key, title) in zip(axes, titles.items(), strict=True):
        axis.set_prop_cycle(LINES)
        for name, histories in curves.items():
            mean = np.mean([history[key] for history in histories], axis=0)
            axis.plot(range(1, len(mean) + 1), mean, label=name)
        axis.set(title=title, xlabel="epoch", yscale="log")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_ylabel("cross-entropy (log scale)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def main(argv=None):
    """Compare the optimizers; return what each reached with both of its rates."""
    parser = make_parser("Compare optimizers on the handwritten digits of scikit-learn.", OUTPUTS)
    parser.add_argument("--optimizers", nargs="+", choices=COMPARED, default=list(COMPARED))
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    parser.add_argument("--rates", type=number(float, 0), nargs="+", default=RATES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    data, curves, results = load_data(), {}, {}
    print(f"After {args.epochs} epochs          rate   loss              ", end="")
    print("val_loss          val_accuracy")
    for name in args.optimizers:
        default = round(float(COMPARED[name]().learning_rate), 6)
        rates = {"chosen": choose_rate(name, args.rates, data, args.epochs), "default": default}
        results[name] = {}
        for which, rate in rates.items():
            seeds = range(1, args.seeds + 1)
            histories = [train(name, rate, seed, data, args.epochs) for seed in seeds]
            results[name][which] = summarize(rate, histories)
            print(line(name, which, results[name][which]), flush=True)
            curves.setdefault(name, histories)  # those with the chosen rate, which come first

    save_figure(draw(curves), folder / "optimizers.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
