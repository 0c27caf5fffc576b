"""A small residual network on MNIST, against the convolutional networks of the MNIST chapter.

    python cnn/residual.py

Trains the residual network, `conv_net` and `quick_net`, all of about 93,000 parameters, on 10,000
images, then `conv_net` again for as many seconds as the residual network took; five seeds each.
You will see the accuracy on the validation images and the seconds. Takes three to six minutes on
two cores, with --seeds 1 about a minute.
Chapter: cnn/README.md#a-residual-network
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np
from keras import layers

from mnist.data import prepare_mnist
from mnist.models import IMAGE_SHAPE, NUM_CLASSES, conv_net, normalize, quick_net
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread, with_deviation

TRAIN_SAMPLES = 10_000  # of the 55,000 training images
EPOCHS = 3
BATCH_SIZE = 64
SEEDS = 5


def residual_block(x, filters, stride=1):
    """Two convolutions, whose result is added to what came in."""
    start = x
    x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(normalize(0.9)(x))
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = normalize(0.9)(x)
    if stride > 1:  # what came in has another shape: a 1 x 1 convolution brings it into the new one
        start = layers.Conv2D(filters, 1, stride, use_bias=False)(start)
        start = normalize(0.9)(start)
    return layers.Activation("relu")(layers.Add()([start, x]))


def residual_net():
    """Three blocks and a global average: 92,601 parameters."""
    images = keras.Input(IMAGE_SHAPE)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(images)
    x = layers.Activation("relu")(normalize(0.9)(x))
    x = layers.MaxPooling2D(2)(x)
    x = residual_block(x, 16)
    x = residual_block(x, 32, stride=2)
    x = residual_block(x, 73, stride=2)
    x = layers.GlobalAveragePooling2D()(x)
    answer = layers.Dense(NUM_CLASSES, activation="softmax")(x)
    return keras.Model(images, answer, name="residual_net")


def train(network, digits, epochs=1):
    """Train for some more epochs; return the seconds."""
    start = time.perf_counter()
    network.fit(digits.x_train, digits.y_train, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return time.perf_counter() - start


def evaluate(network, digits):
    """Return the accuracy on the validation images."""
    x, y = digits.x_val, digits.y_val
    return network.evaluate(x, y, batch_size=250, verbose=0, return_dict=True)["accuracy"]


def build(make, seed, digits):
    """Return a network with weights drawn from this seed, after its first step.

    In that step TensorFlow prepares its program, which takes seconds that are not for comparing.
    """
    keras.utils.set_random_seed(seed)
    network = make()
    network.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    x, y = digits.x_train, digits.y_train
    network.fit(x, y, batch_size=BATCH_SIZE, steps_per_epoch=1, verbose=0)
    return network


def compare(digits, seeds, epochs):
    """Return {name: parameters, and lists with an accuracy, seconds and epochs for each seed}."""
    measured = {}

    def note(name, network, seconds, epochs):
        lists = {"accuracies": [], "seconds": [], "epochs": []}
        one = measured.setdefault(name, {"parameters": network.count_params()} | lists)
        one["accuracies"].append(evaluate(network, digits))
        one["seconds"].append(seconds)
        one["epochs"].append(epochs)

    for seed in range(1, seeds + 1):
        for make in (residual_net, quick_net, conv_net):
            network = build(make, seed, digits)
            seconds = train(network, digits, epochs)
            note(network.name, network, seconds, epochs)
        done = epochs  # conv_net goes on until it has had as many seconds as residual_net
        while seconds < measured["residual_net"]["seconds"][-1]:
            seconds += train(network, digits)
            done += 1
        note("conv_net, as many seconds", network, seconds, done)
        print(f"seed {seed} of {seeds} is done", flush=True)
    return measured


def main(argv=None):
    parser = make_parser("Compare a residual network with plain ones.", OUTPUTS)
    add = parser.add_argument
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--seeds", type=positive(int), default=SEEDS)
    add("--train-samples", type=positive(int), default=TRAIN_SAMPLES, help="training images")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    digits = prepare_mnist(residual_net().input_shape[1:], args.train_samples)
    measured, results = compare(digits, args.seeds, args.epochs), {}
    print(f"{'network':28}{'parameters':>11}{'epochs':>7}{'seconds':>8}  validation")
    for name, runs in measured.items():
        one = results[name] = spread(runs["accuracies"], len(digits.x_val)) | {
            "parameters": runs["parameters"],
            "seconds": float(np.mean(runs["seconds"])),
            "epochs": float(np.mean(runs["epochs"])),
        }
        print(
            f"{name:28}{one['parameters']:11,}{one['epochs']:7.1f}{one['seconds']:8.1f}"
            f"  {with_deviation(one, ' %')}"
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
