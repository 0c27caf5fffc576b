"""Before a long run: seven checks that take a minute, of your network or of a broken one.

    python visualizing/debugging/checklist.py             # a healthy network of the book
    python visualizing/debugging/checklist.py dead_relus  # any fault of faults.py
    python visualizing/debugging/checklist.py --all       # all of them, and a table
    python visualizing/debugging/checklist.py --model FILE.keras --data FILE.npz  # yours

You will see what arrives at the input, the layers with their weights, what each gives and which
gradients reach it, the loss before training, whether one batch can be memorized, what the network
then predicts for it, and what of all this stands out. A figure shows some images with their
labels. Takes seconds, with --all a good minute.
Chapter: visualizing/debugging/README.md#a-checklist
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

from mnist.data import prepare_mnist
from utils.figures import save_figure
from utils.loading import load_model
from utils.options import make_parser, seed
from utils.runs import fail, first_line, make_folder, save_results
from utils.schemas import read_arrays
from visualizing.debugging.check_network import check
from visualizing.debugging.faults import FAULTS, Training
from visualizing.debugging.forms import begin_again, judge

FAULT = "healthy"
IMAGES = 1000
STEPS = 150  # in which a network of the book should memorize a batch
SEED = 1


def draw_inputs(x, y, path):
    """Draw the first images as the network gets them, each with its label."""
    figure, panels = plt.subplots(2, 8, figsize=(8, 2.6))
    for axes, image, label in zip(panels.flat, x, y, strict=False):
        axes.imshow(image.reshape(28, 28))
        axes.set_title(label.argmax(), fontsize=10, loc="center")
        axes.axis("off")
    save_figure(figure, path)


def go_through(training, path):
    """Check a training whose model is compiled; path: of the figure of its first images."""
    digits, order = training.digits, np.arange(len(training.digits.x_train))
    if training.shuffle:  # as fit does
        order = training.random.permutation(order)
    x, y = digits.x_train[order], digits.y_train[order]
    draw_inputs(x, y, path)
    return check(training.model, x, y, digits.x_val, digits.y_val, STEPS, shuffle=False)


def check_fault(name, folder, seed):
    """Run all checks on a network with a fault; return what they measured."""
    keras.utils.set_random_seed(seed)
    training = Training(prepare_mnist((28, 28, 1), IMAGES), np.random.default_rng(seed))
    FAULTS[name].put_into(training)
    training.model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    measured = go_through(training, folder / f"inputs_{name}.png")
    print()
    return measured


def check_file(path, data):
    """Check the network in a file: as it is, and again from the beginning, untrained."""
    model, arrays = load_model(path), read_arrays(data, "x", "y")
    parts = {name: arrays[name] for name in ("x", "y", "x_val", "y_val") if name in arrays}
    if len(parts) == 3:
        fail(f"{data} needs the arrays x_val and y_val, or neither of them.")
    try:
        results = {"trained": judge(model, *parts.values())}
        begin_again(model)
        return results | check(model, *parts.values())
    except (TypeError, ValueError) as error:  # an optimizer may hold anything
        return fail(f"{path}: {first_line(error)}.")


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
    """Run the checklist; return {fault: what was measured}, or that of one network."""
    parser = make_parser("A checklist before a long training run.", OUTPUTS)
    add = parser.add_argument
    add("fault", nargs="?", choices=FAULTS, default=FAULT)
    add("--all", action="store_true", help="all of them")
    add("--seed", type=seed, default=SEED)
    add("--model", type=Path, help="a .keras file of yours, saved compiled; with --data")
    add("--data", type=Path, help="an .npz file with x, y and perhaps x_val, y_val")
    args = parser.parse_args(argv)
    if (args.model is None) != (args.data is None):
        parser.error("--model and --data go together")
    folder = make_folder(args.outputs)
    if args.model:
        keras.utils.set_random_seed(args.seed)
        return save_results(check_file(args.model, args.data), folder, __file__, argv)
    results = {}
    for name in FAULTS if args.all else [args.fault]:
        print(f"== {name}")
        results[name] = check_fault(name, folder, args.seed)
    if args.all:
        show(results)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
