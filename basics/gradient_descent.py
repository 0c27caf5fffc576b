"""Gradient descent on a real loss surface: one neuron with two weights, three learning rates.

    python basics/gradient_descent.py

The neuron estimates how long the sepal of an iris is from two other measurements of the flower.
You will see where each learning rate ends after 20 steps, and a figure of the three paths.
Takes about 5 seconds on two cores.
Chapter: basics/README.md#gradient-descent
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from utils.figures import save_figure
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results

LEARNING_RATES = [0.02, 0.2, 0.71]  # too small, good, too large
STEPS = 20  # steps of gradient descent from the same start
START = [-0.6, 1.2]  # the two weights before the first step


def load_flowers():
    """Return the inputs, shape (150, 2), and the targets, shape (150, 1), all standardized.

    Inputs: petal length and sepal width. Target: sepal length. Since all of them have the
    mean 0, the neuron needs no bias.
    """
    flowers = StandardScaler().fit_transform(load_iris().data).astype("float32")
    sepal_length, sepal_width, petal_length = flowers[:, 0], flowers[:, 1], flowers[:, 2]
    return np.stack([petal_length, sepal_width], axis=1), sepal_length[:, np.newaxis]


def build_model(learning_rate):
    """Return a single neuron with two weights: its output is w1 * x1 + w2 * x2."""
    model = keras.Sequential([keras.Input(shape=(2,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss="mse")
    return model


def descend(model, x, y, steps):
    """Take steps downhill; return the weights, shape (steps + 1, 2), and the losses on the way."""
    model.set_weights([np.array(START, dtype="float32").reshape(2, 1)])
    path, losses = [START], []
    for _ in range(steps):
        one_step = model.fit(x, y, batch_size=len(x), shuffle=False, verbose=0)
        losses.append(one_step.history["loss"][0])  # as it was before the step
        path.append(model.get_weights()[0].ravel().tolist())
    losses.append(float(model.evaluate(x, y, batch_size=len(x), verbose=0)))
    return np.array(path), losses


def loss_surface(x, y, w1, w2):
    """Return the loss for each pair of weights, as Keras computes it; w1 and w2 are grids."""
    predictions = np.stack([w1.ravel(), w2.ravel()], axis=1).astype("float32") @ x.T
    losses = keras.losses.mean_squared_error(y.T, predictions)
    return keras.ops.convert_to_numpy(losses).reshape(w1.shape)


def draw(x, y, paths, losses, lowest):
    """Draw the surface as a map with one path per learning rate; lowest are the best weights."""
    w1, w2 = np.meshgrid(np.linspace(-1.4, 3.4, 97), np.linspace(-2.1, 2.7, 97))
    surface = loss_surface(x, y, w1, w2)
    figure, axes = plt.subplots(1, len(paths), figsize=(10.5, 4.3), sharey=True, squeeze=False)
    for axis, (rate, path) in zip(axes[0], paths.items(), strict=True):
        axis.contourf(w1, w2, surface, levels=24, cmap="Blues", alpha=0.75)
        axis.contour(w1, w2, surface, levels=24, colors="white", linewidths=0.6)
        axis.plot(*path.T, "-o", color="C1", markersize=4, linewidth=1.4)
        axis.plot(*path[0], "o", color="black", markersize=7, label="start")
        axis.plot(*lowest, "*", color="black", markersize=12, label="lowest point")
        title = f"learning rate {rate:g}\nloss after {len(path) - 1} steps: {losses[rate][-1]:.3f}"
        axis.set(title=title, xlabel="weight of the petal length", aspect="equal")
        axis.set(xlim=(w1.min(), w1.max()), ylim=(w2.min(), w2.max()))
        axis.grid(False)
    axes[0, 0].set_ylabel("weight of the sepal width")
    axes[0, 0].legend(loc="lower left")
    return figure


def main(argv=None):
    """Descend once per learning rate; return its losses and last weights."""
    parser = make_parser("Follow gradient descent over a loss surface.", OUTPUTS)
    parser.add_argument(
        "--learning-rates", type=number(float, 0), nargs="+", default=LEARNING_RATES, metavar="RATE"
    )
    parser.add_argument("--steps", type=positive(int), default=STEPS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    x, y = load_flowers()
    lowest = np.linalg.lstsq(x, y, rcond=None)[0].ravel()
    paths, losses, runs = {}, {}, []
    for rate in args.learning_rates:
        paths[rate], losses[rate] = descend(build_model(rate), x, y, args.steps)
        (w1, w2), first, last = paths[rate][-1], losses[rate][0], losses[rate][-1]
        print(f"learning rate {rate:4g}: loss {first:.3f} at the start, {last:6.3f} after", end=" ")
        print(f"{args.steps} steps, weights {w1:.3f}, {w2:.3f}")
        runs.append({"learning_rate": rate, "losses": losses[rate], "weights": [w1, w2]})
    least = loss_surface(x, y, *lowest[:, np.newaxis]).item()
    print(f"lowest point: loss {least:.3f}, weights {lowest[0]:.3f}, {lowest[1]:.3f}")

    save_figure(draw(x, y, paths, losses, lowest), folder / "gradient_descent.png")
    results = {"runs": runs, "lowest": {"loss": least, "weights": lowest.tolist()}}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
