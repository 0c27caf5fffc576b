"""Images made to be misread, and two losses that defend against them.

    python customizing/loops/adversarial.py

An MLP learns from 10,000 digits, with each seed in three ways: as usual, with a penalty on
the gradient of the loss at the pixels, and from images that were made to mislead it. You will see
how many validation images each reads rightly: as they are, with noise, and changed by one step or
by ten steps along the gradient, each pixel by at most a tenth of the way from white to black. The
figure shows digits before and after. Takes about three minutes.
Chapter: customizing/loops/README.md#images-made-to-be-misread
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from customizing.loops.defences import CHANGE, Adversarial, WithPenalty
from mnist.data import prepare_mnist
from utils.comparisons import compare_family, show_family
from utils.figures import save_figure
from utils.gradients import gradients
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

IMAGES = 10_000  # to learn from
EPOCHS = 3
BATCH_SIZE = 100
SEEDS = 10
STEPS = 10  # of the stronger attack
# Which training is compared with which on which images: the family, fixed before the runs.
FAMILY = [
    (f"{training}, {images}", f"plain, {images}")
    for training in ("penalty", "adversarial")
    for images in ("as they are", "one step", "ten steps")
]
KINDS = {"plain": keras.Model, "penalty": WithPenalty, "adversarial": Adversarial}


def train(kind, digits, seed, epochs):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((784,))
    hidden = layers.Dense(128, activation="relu")(inputs)
    model = kind(inputs, layers.Dense(10)(hidden))
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit(digits.x_train, digits.y_train, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return model


def attack(model, x, y, change, steps=1):
    """Return the images, each pixel moved by at most `change` to where the loss is higher.

    One step is the fast gradient sign method. Several smaller ones, with the limits kept, are the
    basic iterative method.
    Source of the latter: Kurakin, Goodfellow and Bengio, "Adversarial examples in the physical
    world", 2017.
    """

    def total_loss(x):
        return ops.sum(ops.categorical_crossentropy(y, model(x), from_logits=True))

    size = change if steps == 1 else 2.5 * change / steps  # so that a pixel may also turn back
    moved = x
    for _ in range(steps):
        _, (slopes,) = gradients(total_loss, moved)
        moved = np.clip(moved + size * np.sign(slopes), x - change, x + change)
        moved = np.clip(moved, 0, 1)
    return moved


def judge(model, x, y, change, seed):
    """Return the share of images that are read rightly: as they are, and changed in three ways."""
    noise = change * np.random.default_rng(seed).choice([-1, 1], size=x.shape).astype("float32")
    changed = {
        "as they are": x,
        "noise": np.clip(x + noise, 0, 1),
        "one step": attack(model, x, y, change),
        "ten steps": attack(model, x, y, change, STEPS),
    }
    answers = {
        name: model.predict(images, batch_size=1000, verbose=0) for name, images in changed.items()
    }
    right = {name: (a.argmax(1) == y.argmax(1)).mean() for name, a in answers.items()}
    return {name: float(share) for name, share in right.items()}, changed["one step"], answers


def draw(x, changed, labels, answers):
    """Draw eight digits that are read rightly before the step and wrongly after it."""
    before, after = answers["as they are"].argmax(1), answers["one step"].argmax(1)
    misled = np.flatnonzero((before == labels) & (before != after))[:8]
    figure, panels = plt.subplots(2, 8, figsize=(9, 2.7))
    for axes in panels.flat:
        axes.set_axis_off()
    for column, one in zip(panels.T, misled, strict=False):  # there may be fewer than eight
        for axes, images, read in zip(column, (x, changed), (before, after), strict=True):
            axes.imshow(images[one].reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
            axes.set_title(f"read as {read[one]}", fontsize=10)
    return figure


def main(argv=None):
    """Return the shares of each training on each kind of images, and the comparisons."""
    parser = make_parser("Images made to be misread, and defences.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="1, 2, 3, ...")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--train-samples", type=positive(int), default=IMAGES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits = prepare_mnist((784,), args.train_samples)

    shares = {}
    for seed in range(1, args.seeds + 1):
        for name, kind in KINDS.items():
            model = train(kind, digits, seed, args.epochs)
            right, changed, answers = judge(model, digits.x_val, digits.y_val, CHANGE, seed)
            if seed == 1 and name == "plain":
                figure = draw(digits.x_val, changed, digits.y_val.argmax(1), answers)
                save_figure(figure, folder / "adversarial.png")
            print(f"seed {seed}, {name:12}" + ", ".join(f"{k} {v:.1%}" for k, v in right.items()))
            for images, share in right.items():
                shares.setdefault(f"{name}, {images}", []).append(share)
    comparisons = compare_family(shares, FAMILY)
    show_family(comparisons, "{:+.1f}", 100)
    return save_results({"shares": shares, "comparisons": comparisons}, folder, __file__, argv)


if __name__ == "__main__":
    main()
