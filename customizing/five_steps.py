"""From numpy to `fit` in five steps: the same training, written five times.

    python customizing/five_steps.py
    KERAS_BACKEND=jax python customizing/five_steps.py   # or torch

An MLP learns from 10,000 digits. It begins with the same weights each time and sees the same
batches in the same order. You will see the loss of each epoch, which agrees to six digits, how
many validation images are read rightly in the end, and the seconds of the last epoch. Takes about
half a minute.
Chapter: customizing/README.md#five-steps
"""

from chapter import OUTPUTS

import sys
import time
from functools import partial

import keras
import numpy as np
from keras import layers, ops
from scipy.special import softmax

from customizing.train_steps import OwnStep
from mnist.data import prepare_mnist
from utils.gradients import gradients
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

IMAGES = 10_000  # to learn from
HIDDEN = 128  # neurons
BATCH_SIZE = 100  # a divisor of IMAGES, so that each batch of an epoch counts alike
EPOCHS = 3
LEARNING_RATE = 0.1  # of plain gradient descent
SEED = 1  # of the initial weights
VERBOSE = 1 if sys.stdout.isatty() else 2  # in a terminal a bar that moves, elsewhere its end


def initial_weights(number):
    """Return w1, b1, w2 and b2, drawn by numpy: the same on every back end."""
    random = np.random.default_rng(number)
    w1 = random.normal(0, np.sqrt(2 / 784), (784, HIDDEN))  # He's initializer
    w2 = random.normal(0, np.sqrt(2 / HIDDEN), (HIDDEN, 10))
    return [array.astype("float32") for array in (w1, np.zeros(HIDDEN), w2, np.zeros(10))]


def batches(x, y):
    """Yield the batches of an epoch, in the order of the images."""
    for start in range(0, len(x), BATCH_SIZE):
        yield x[start : start + BATCH_SIZE], y[start : start + BATCH_SIZE]


def by_hand(weights, digits, epochs, record):
    """Step 1: numpy, with the gradients by hand."""
    for _ in range(epochs):
        losses = []
        for x, y in batches(digits.x_train, digits.y_train):
            w1, b1, w2, b2 = weights
            hidden = np.maximum(x @ w1 + b1, 0)  # relu
            probabilities = softmax(hidden @ w2 + b2, axis=1)
            losses.append(-np.log(probabilities[y == 1]).mean())

            to_logits = (probabilities - y) / len(x)  # of softmax and cross-entropy together
            to_hidden = to_logits @ w2.T * (hidden > 0)  # 0 where relu cut off
            slopes = [x.T @ to_hidden, to_hidden.sum(axis=0)]
            slopes += [hidden.T @ to_logits, to_logits.sum(axis=0)]
            weights = [w - LEARNING_RATE * s for w, s in zip(weights, slopes, strict=True)]
        record(np.mean(losses))
    return weights


def with_gradients(weights, digits, epochs, record):
    """Step 2: only the forward pass, in `keras.ops`; the back end finds the gradients."""

    def loss_of(x, y, w1, b1, w2, b2):
        logits = ops.matmul(ops.relu(ops.matmul(x, w1) + b1), w2) + b2
        return ops.mean(ops.categorical_crossentropy(y, logits, from_logits=True))

    for _ in range(epochs):
        losses = []
        for x, y in batches(digits.x_train, digits.y_train):
            loss, slopes = gradients(partial(loss_of, x, y), *weights)
            losses.append(loss)
            weights = [w - LEARNING_RATE * s for w, s in zip(weights, slopes, strict=True)]
        record(np.mean(losses))
    return weights


def build_model(weights, kind=keras.Model):
    """Return the network as layers, with the given weights."""
    inputs = keras.Input((784,))
    hidden = layers.Dense(HIDDEN, activation="relu", name="hidden")(inputs)
    model = kind(inputs, layers.Dense(10, name="digits")(hidden))
    model.set_weights(weights)
    return model


def with_parts(weights, digits, epochs, record):
    """Step 3: layers, a loss, an optimizer, a metric and a progress bar, in a loop of our own."""
    model = build_model(weights)
    loss_function = keras.losses.CategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(LEARNING_RATE)
    mean_loss = keras.metrics.Mean(name="loss")

    def loss_of(x, y, *weights):  # as if the model had these weights
        answers, _ = model.stateless_call(weights, [], x, training=True)
        return loss_function(y, answers)

    for _ in range(epochs):
        mean_loss.reset_state()
        steps = len(digits.x_train) // BATCH_SIZE
        bar = keras.utils.Progbar(steps, verbose=VERBOSE, stateful_metrics=["loss"])
        for x, y in batches(digits.x_train, digits.y_train):
            loss, slopes = gradients(partial(loss_of, x, y), *model.get_weights())
            mean_loss.update_state(loss)
            slopes = [ops.convert_to_tensor(slope) for slope in slopes]
            optimizer.apply(slopes, model.trainable_variables)
            bar.add(1, [("loss", float(mean_loss.result()))])
        record(mean_loss.result())
    return model.get_weights()


def with_train_step(weights, digits, epochs, record):
    """Step 4: `fit` makes the loop, and a `train_step` of our own does what it repeats."""
    return fit(build_model(weights, OwnStep), digits, epochs, record)


def with_fit(weights, digits, epochs, record):
    """Step 5: `compile` and `fit`."""
    return fit(build_model(weights), digits, epochs, record)


def fit(model, digits, epochs, record):
    loss_function = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(LEARNING_RATE), loss_function, metrics=["accuracy"])
    recorder = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: record(logs["loss"]))
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        shuffle=False,
        callbacks=[recorder],
        verbose=0,
    )
    return model.get_weights()


STEPS = {
    "numpy": by_hand,
    "gradients": with_gradients,
    "parts": with_parts,
    "train_step": with_train_step,
    "fit": with_fit,
}


def accuracy(weights, digits):
    """Return the share of the validation images that the network reads rightly, in numpy."""
    w1, b1, w2, b2 = weights
    logits = np.maximum(digits.x_val @ w1 + b1, 0) @ w2 + b2
    return float((logits.argmax(axis=1) == digits.y_val.argmax(axis=1)).mean())


def run_step(step, weights, digits, epochs):
    """Return the loss of each epoch, the seconds of the last one, and the final accuracy."""
    losses, times = [], [time.perf_counter()]

    def record(loss):  # called after each epoch
        losses.append(float(loss))
        times.append(time.perf_counter())

    trained = step(weights, digits, epochs, record)
    seconds = times[-1] - times[-2]
    return {"losses": losses, "seconds": seconds, "accuracy": accuracy(trained, digits)}


def main(argv=None):
    """Return {step: losses, seconds, accuracy} and how far the losses lie apart at most."""
    parser = make_parser("From numpy to fit in five steps.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seed", type=seed, default=SEED, help="of the initial weights")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    weights, digits = initial_weights(args.seed), prepare_mnist((784,), IMAGES)

    results = {}
    for name, step in STEPS.items():
        results[name] = run_step(step, weights, digits, args.epochs)
    for name, found in results.items():
        losses = "  ".join(f"{loss:.6f}" for loss in found["losses"])
        print(f"{name:11} {losses}  {found['accuracy']:.1%}  {found['seconds']:6.2f} s")
    losses = np.array([found["losses"] for found in results.values()])
    apart = float(np.ptp(losses, axis=0).max())
    print(f"The losses of an epoch lie at most {apart:.1e} apart.")
    return save_results({"steps": results, "apart": apart}, folder, __file__, argv)


if __name__ == "__main__":
    main()
