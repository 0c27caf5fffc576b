"""Machinery of the book: learning curves with each technique, beside those of the plain network."""

import keras
import matplotlib.pyplot as plt
import numpy as np

from mnist.models import IMAGE_SHAPE
from mnist.overfitting import tuned
from utils.figures import DASHES, count_epochs
from utils.runs import RESULTS, read_json

SIDES = [
    "augmentation", "batch normalization", "cosine schedule", "label smoothing", "dropout", "L2",
]  # fmt: skip
SEEDS = [1, 2]
VALIDATION = slice(None, None, 5)  # of the validation images: a thousand
QUANTITY = "categorical_crossentropy"  # without penalty or smoothing, unlike the loss


def learn(digits, seed, rate, smoothing=0.0, cosine=False, **more):
    """Train the network of tuned.py; return (its cross-entropies in training, in validation)."""
    keras.utils.clear_session(free_memory=True)
    keras.utils.set_random_seed(seed)
    model = tuned.network(**more)
    steps = tuned.EPOCHS * tuned.TRAIN_SAMPLES // tuned.BATCH_SIZE
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    model.compile(tuned.make_optimizer(rate, steps, cosine=cosine), loss, metrics=[QUANTITY])
    fitted = model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=tuned.BATCH_SIZE,
        epochs=tuned.EPOCHS,
        validation_data=(digits.x_val[VALIDATION], digits.y_val[VALIDATION]),
        verbose=0,
    )
    return fitted.history[QUANTITY], fitted.history[f"val_{QUANTITY}"]


def draw():
    """Return the figure, with the best settings of tuned.py, and the curves: means over seeds."""
    settings = read_json(RESULTS / "mnist_tuned.json")["sides"]
    digits = tuned.load_digits(IMAGE_SHAPE, tuned.TRAIN_SAMPLES)
    curves = {
        side: np.mean([learn(digits, seed, **settings[side]["best"]) for seed in SEEDS], axis=0)
        for side in ["plain", *SIDES]
    }
    figure, panels = plt.subplots(2, 3, figsize=(9, 5.6), sharex=True, sharey=True)
    epochs = range(1, tuned.EPOCHS + 1)
    for axes, side in zip(panels.flat, SIDES, strict=True):
        parts = zip(("training", "validation"), DASHES, ("C0", "C1"), strict=False)
        for part, (name, dashes, color) in enumerate(parts):
            axes.plot(
                epochs, curves["plain"][part], color="#9a9a96", ls=dashes, label=f"plain, {name}"
            )
            axes.plot(epochs, curves[side][part], color=color, ls=dashes, label=name)
        axes.set(title=side, ylim=(0, 0.8))
        count_epochs(axes)
    for axes in panels[1]:
        axes.set_xlabel("Epoch")
    for axes in panels[:, 0]:
        axes.set_ylabel("Cross-entropy")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return {"mnist_curves": figure}, {side: curve.tolist() for side, curve in curves.items()}
