"""Before a long run: seven checks that take a minute, on a healthy network or a broken one.

    python visualizing/debugging/checklist.py             # the healthy one
    python visualizing/debugging/checklist.py dead_relus  # any fault of faults.py
    python visualizing/debugging/checklist.py --all       # all of them, and a table

You will see what arrives at the input, the layers with their weights, what each gives and which
gradients reach it, the loss before training, whether one batch can be memorized, and what the
network then predicts for it. A figure shows some images with their labels. Takes seconds, with
--all a good minute.
Chapter: visualizing/debugging/README.md#a-checklist
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np

from mnist.data import prepare_mnist
from utils.figures import save_figure
from utils.gradients import weight_gradients
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results
from visualizing.debugging.faults import FAULTS, Training

FAULT = "healthy"
IMAGES = 1000
BATCH = 32  # images that the network should memorize
STEPS = 150  # in so many steps
SHOWN = 2  # predictions beside their labels
SEED = 1


def what_arrives(x, y):
    """Print what the first layer gets; return the largest number in it."""
    print(f"inputs: shape {x.shape}, {x.dtype}, from {x.min():.2f} to {x.max():.2f}")
    print(f"images of each class: {y.sum(axis=0).astype(int).tolist()}")
    return float(x.max())


def twins(x_train, x_val):
    """Return how many of the validation images are among the training images, pixel by pixel."""
    known = {image.tobytes() for image in x_train}
    return sum(image.tobytes() in known for image in x_val)


def draw_inputs(x, y, path):
    """Draw the first images as the network gets them, each with its label."""
    figure, panels = plt.subplots(2, 8, figsize=(8, 2.6))
    for axes, image, label in zip(panels.flat, x, y, strict=False):
        axes.imshow(image.reshape(28, 28))
        axes.set_title(label.argmax(), fontsize=10, loc="center")
        axes.axis("off")
    save_figure(figure, path)


def loss_at_start(model, x, y):
    """Return the loss of a network that has learned nothing: it should be that of guessing."""
    return float(model.evaluate(x, y, verbose=0, return_dict=True)["loss"])


def look_at_layers(model, x, y):
    """Print each layer's weights and biases, its output and its gradient; return the gradients.

    All of them as root mean squares.
    """

    def size(array):
        return float(np.sqrt((array**2).mean()))

    slopes = weight_gradients(model, x, y)
    print(f"{'':20}{'weights':>9}{'biases':>9}{'output':>9}{'gradient':>11}{'inactive':>10}")
    sizes = {}
    for layer in model.layers:
        x = layer(x)
        if hasattr(layer, "kernel"):
            weights, biases = layer.get_weights()
            output = keras.ops.convert_to_numpy(x)
            sizes[layer.name] = size(slopes[f"{layer.name}/kernel"])
            print(
                f"{layer.name:20}{size(weights):9.4f}{size(biases):9.4f}{size(output):9.4f}", end=""
            )
            print(f"{sizes[layer.name]:11.6f}{(output <= 0).mean():10.0%}")
    return sizes


def overfit_one_batch(model, x, y):
    """Train with a single batch; return loss and accuracy: a network that works memorizes it."""
    for _ in range(STEPS):
        logs = model.train_on_batch(x[:BATCH], y[:BATCH], return_dict=True)
    return float(logs["loss"]), float(logs["accuracy"])


def look_at_predictions(model, x, y):
    """Print what the network says of the batch; return by how much an output of it varies.

    0: it says the same of every input.
    """
    rows = keras.ops.convert_to_numpy(model(x[:BATCH]))
    sums, spread = rows.sum(axis=1), float(np.ptp(rows, axis=0).max())
    print(f"{rows.shape[1]} outputs for {len(np.unique(y, axis=0))} classes: ", end="")
    print(f"they add up to {sums.min():.2f} to {sums.max():.2f}, and vary by {spread:.2f}")
    for row, label in zip(rows[:SHOWN], y, strict=False):
        print(f"  {row.round(2)} for {label.astype(int)}")
    return spread


def go_through(training, random, path):
    """Print all that is measured of a training whose model is compiled, and return it.

    random: mixes the images; path: of the figure of the first ones.
    """
    x, y, model = training.digits.x_train, training.digits.y_train, training.model
    if training.shuffle:  # as fit does
        order = random.permutation(len(x))
        x, y = x[order], y[order]
    largest = what_arrives(x, y)
    draw_inputs(x, y, path)
    same = twins(x, training.digits.x_val)
    print(f"of {len(training.digits.x_val)} validation images {same} are among them")
    start = loss_at_start(model, x, y)
    print(f"loss at the start {start:.3f}, ln(10) = {math.log(10):.3f}")
    sizes = look_at_layers(model, x[:256], y[:256])
    classes = len(np.unique(y[:BATCH], axis=0))
    end, right = overfit_one_batch(model, x, y)
    print(f"one batch of {BATCH} images, {classes} classes, after {STEPS} steps: ", end="")
    print(f"loss {end:.4f}, accuracy {right:.1%}")
    return {
        "largest_input": largest,
        "twins": same,
        "loss_at_start": start,
        "gradients": sizes,
        "least_gradient": min(sizes.values()),
        "classes_in_a_batch": classes,
        "one_batch": end,
        "one_batch_accuracy": right,
        "predictions_vary": look_at_predictions(model, x, y),
    }


def check(name, folder, seed):
    """Run all checks on a network with a fault; return what they measured."""
    keras.utils.set_random_seed(seed)
    training = Training(prepare_mnist((28, 28, 1), IMAGES), np.random.default_rng(seed))
    FAULTS[name].put_into(training)
    training.model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    measured = go_through(training, training.random, folder / f"inputs_{name}.png")
    print()
    return measured


def show(results):
    """Print a line for each fault, {fault: what was measured}."""
    print(f"{'':17}largest  dupli-  classes  loss at     least  one batch:        predictions")
    print(f"{'':17}  input  cates   in one  the start  gradient    loss  accuracy  vary by")
    for name, row in results.items():
        print(f"{name:17}{row['largest_input']:7.0f}{row['twins']:7}", end="")
        print(f"{row['classes_in_a_batch']:9}{row['loss_at_start']:11.2f}", end="")
        print(f"{row['least_gradient']:10.4f}{row['one_batch']:9.4f}", end="")
        print(f"{row['one_batch_accuracy']:9.0%}{row['predictions_vary']:10.2f}")


def main(argv=None):
    """Run the checklist; return {fault: what was measured}."""
    parser = make_parser("A checklist before a long training run.", OUTPUTS)
    parser.add_argument("fault", nargs="?", choices=FAULTS, default=FAULT)
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    results = {}
    for name in FAULTS if args.all else [args.fault]:
        print(f"== {name}")
        results[name] = check(name, folder, args.seed)
    if args.all:
        show(results)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
