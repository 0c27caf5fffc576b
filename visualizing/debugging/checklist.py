"""Before a long run: six checks that take a minute, on a healthy network or a broken one.

    python visualizing/debugging/checklist.py             # the healthy one
    python visualizing/debugging/checklist.py dead_relus  # any fault of broken.py
    python visualizing/debugging/checklist.py --all       # all of them, and a table

You will see what arrives at the input, the layers with their weights, what each gives and which
gradients reach it, the loss before training, and whether one batch can be memorized. A
figure shows some images with their labels. Takes seconds, with --all a good minute.
Chapter: visualizing/debugging/README.md#a-checklist
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np

from broken import FAULTS, Training
from networks import layer_outputs
from utils.data import prepare_mnist
from utils.figures import save_figure
from utils.gradients import weight_gradients
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results

FAULT = "healthy"
IMAGES = 1000
BATCH = 32  # images that the network should memorize
STEPS = 150  # in so many steps
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

    outputs, slopes = layer_outputs(model, x), weight_gradients(model, x, y)
    print(f"{'':20}{'weights':>9}{'biases':>9}{'output':>9}{'gradient':>11}{'inactive':>10}")
    sizes = {}
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            weights, biases = layer.get_weights()
            output, sizes[layer.name] = outputs[layer.name], size(slopes[f"{layer.name}/kernel"])
            print(
                f"{layer.name:20}{size(weights):9.4f}{size(biases):9.4f}{size(output):9.4f}", end=""
            )
            print(f"{sizes[layer.name]:11.6f}{(output <= 0).mean():10.0%}")
    return sizes


def overfit_one_batch(model, x, y):
    """Train with a single batch; return the loss: a network that works gets it down to nothing."""
    for _ in range(STEPS):
        loss = model.train_on_batch(x[:BATCH], y[:BATCH], return_dict=True)["loss"]
    return float(loss)


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
    classes = len(np.unique(y[:BATCH].argmax(axis=1)))
    end = overfit_one_batch(model, x, y)
    print(f"one batch of {BATCH} images, {classes} classes, after {STEPS} steps: loss {end:.4f}")
    return {
        "largest_input": largest,
        "twins": same,
        "loss_at_start": start,
        "gradients": sizes,
        "least_gradient": min(sizes.values()),
        "classes_in_a_batch": classes,
        "one_batch": end,
    }


def check(fault, folder, seed):
    """Run all checks on a network with a fault; return what they measured."""
    keras.utils.set_random_seed(seed)
    training = Training(prepare_mnist((28, 28, 1), IMAGES), np.random.default_rng(seed))
    fault(training)
    training.model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate), loss="categorical_crossentropy"
    )
    measured = go_through(training, training.random, folder / f"inputs_{fault.__name__}.png")
    print()
    return measured


def show(results):
    """Print a line for each fault, {fault: what was measured}."""
    print(f"{'':18}  largest  duplicates  classes  loss at     least  one batch")
    print(f"{'':18}    input              in one  the start  gradient  learned")
    for name, row in results.items():
        print(f"{name:18}{row['largest_input']:9.0f}{row['twins']:12}", end="")
        print(f"{row['classes_in_a_batch']:9}{row['loss_at_start']:9.2f}", end="")
        print(f"{row['least_gradient']:12.4f}{row['one_batch']:11.4f}")


def main(argv=None):
    """Run the checklist; return {fault: what was measured}."""
    parser = make_parser("A checklist before a long training run.", OUTPUTS)
    parser.add_argument("fault", nargs="?", choices=FAULTS, default=FAULT)
    parser.add_argument("--all", action="store_true", help="all faults of broken.py")
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    results = {}
    for name in FAULTS if args.all else [args.fault]:
        print(f"== {name}")
        results[name] = check(FAULTS[name], folder, args.seed)
    if args.all:
        show(results)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
