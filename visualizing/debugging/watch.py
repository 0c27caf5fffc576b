"""Learning to watch: weights, gradients and outputs of every layer during training.

    python visualizing/debugging/watch.py
    python visualizing/debugging/watch.py --tensorboard   # and a folder for TensorBoard

You will see eight epochs of training and a figure: for each layer, before training and after each
epoch, how its weights, their gradients and its outputs are distributed. About a minute.
Chapter: visualizing/debugging/README.md#learning-to-watch
"""

from chapter import OUTPUTS

from importlib.util import find_spec

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from mnist.data import prepare_mnist
from mnist.models import conv_net
from utils.figures import save_figure
from utils.gradients import weight_gradients
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import fail, make_folder, save_results

EPOCHS = 8
IMAGES = 5000  # to train with
LOOKED_AT = 256  # of them: for their gradients and outputs
BATCH_SIZE = 64
SEED = 1
BINS = 60

COLUMNS = ["weights", "gradients", "outputs"]


class Watch(keras.callbacks.Callback):
    """Remember, before training and after each epoch, what is to be seen of each layer.

    seen: a list of {layer: {"weights", "gradients", "outputs": all of them in a vector}}.
    """

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y
        self.seen = []

    def on_train_begin(self, logs=None):
        self.look()

    def on_epoch_end(self, epoch, logs=None):
        self.look()

    def look(self):
        slopes = weight_gradients(self.model, self.x, self.y)
        seen, x = {}, self.x
        for layer in self.model.layers:
            x = layer(x)
            if hasattr(layer, "kernel"):
                seen[layer.name] = {
                    "weights": layer.get_weights()[0].ravel(),
                    "gradients": slopes[f"{layer.name}/kernel"].ravel(),
                    "outputs": keras.ops.convert_to_numpy(x).ravel(),
                }
        self.seen.append(seen)


def spread(values):
    """Return the root mean square of values and the share of those that are exactly zero."""
    return {"size": float(np.sqrt((values**2).mean())), "zero": float((values == 0).mean())}


def draw(seen, path):
    """Draw the histograms, one behind the other: the first is at the back, the last in front.

    Outputs that are 0 are left out; relu makes most of them so.
    """
    names = list(seen[0])
    figure, panels = plt.subplots(len(names), 3, figsize=(9.4, 1.75 * len(names)))
    for row, name in enumerate(names):
        for column, what in enumerate(COLUMNS):
            values = [moment[name][what] for moment in seen]
            values = [v[v != 0] for v in values]
            limits = np.percentile(np.concatenate(values), [0.5, 99.5])
            axes = panels[row, column]
            for number, vector in enumerate(values):
                counts, edges = np.histogram(vector, BINS, limits)
                floor = (len(seen) - 1 - number) * 0.35
                heights = floor + counts / max(counts.max(), 1)
                color = plt.cm.viridis(0.15 + 0.7 * number / max(len(seen) - 1, 1))
                style = {"color": color, "edgecolor": "white", "linewidth": 0.6}
                middle = (edges[1:] + edges[:-1]) / 2
                axes.fill_between(middle, floor, heights, zorder=number + 2, **style)
            # Whose histogram stands at which height: the key to the figure.
            floors = [0.35 * (len(seen) - 1 - number) for number in range(len(seen))]
            epochs = ["before", *(f"epoch {number}" for number in range(1, len(seen)))]
            axes.set_yticks(floors[::-4], epochs[::-4])
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.grid(False)
            axes.spines["left"].set_visible(False)
            axes.tick_params(labelsize=8, labelleft=column == 0)
            if row == 0:
                axes.set_title(what.capitalize())
        panels[row, 0].set_ylabel(name, fontsize=10, fontweight="bold")
    for axes, what in zip(panels[-1], COLUMNS, strict=True):
        axes.set_xlabel(f"value of one of the {what}")
    save_figure(figure, path)


def main(argv=None):
    """Train and watch; return the size of what was seen, moment by moment."""
    parser = make_parser("Weights, gradients and outputs during training.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--images", type=positive(int, most=55_000), default=IMAGES)
    parser.add_argument("--seed", type=seed, default=SEED)
    parser.add_argument("--tensorboard", action="store_true", help="write what TensorBoard shows")
    args = parser.parse_args(argv)
    if args.tensorboard and not find_spec("tensorboard"):
        fail("needs the package tensorboard: pip install tensorboard")
    folder = make_folder(args.outputs)

    keras.utils.set_random_seed(args.seed)
    digits = prepare_mnist((28, 28, 1), args.images)
    model = conv_net()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    watch = Watch(digits.x_train[:LOOKED_AT], digits.y_train[:LOOKED_AT])
    callbacks = [watch]
    if args.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / "tensorboard", histogram_freq=1))
    history = model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=BATCH_SIZE,
        epochs=args.epochs,
        validation_data=(digits.x_val, digits.y_val),
        callbacks=callbacks,
        verbose=verbosity(),
    )
    draw(watch.seen, folder / "watch.png")
    moments = [
        {name: {w: spread(values[w]) for w in COLUMNS} for name, values in moment.items()}
        for moment in watch.seen
    ]
    print(f"{'size of ...':12}{'weights':>16}{'gradients':>22}{'outputs':>20}")
    for name in moments[0]:
        ends = [(moments[0][name][w]["size"], moments[-1][name][w]["size"]) for w in COLUMNS]
        print(f"{name:12}" + "".join(f"{a:10.4f} to {b:.4f}" for a, b in ends))
    return save_results({"moments": moments, "history": history.history}, folder, __file__, argv)


if __name__ == "__main__":
    main()
