"""The experiments of the MNIST chapter: what happens when one thing is changed.

    python mnist/mnist_experiments.py                          # all of them, about 15 minutes
    python mnist/mnist_experiments.py --groups neurons flips   # only these

You will see a table for each group. Each row is a run of its own, and one row of each table, but
of that of `sgd`, has the settings of the chapter. All runs are short, so compare the rows of one
table with each other, not with the chapter's long runs.
Chapter: mnist/README.md#mnist-experiment
"""

from chapter import OUTPUTS

import keras
from keras import layers

from mnist.models import (
    IMAGE_SHAPE,
    NUM_CLASSES,
    VECTOR_SHAPE,
    conv_net_batch_norm,
    normalize,
)
from mnist.studies.trainings import study_parser, train
from utils.runs import make_folder, save_results


def perceptron(*neurons, activation="relu"):
    """Return a function that builds an MLP with so many neurons in its hidden layers."""

    def build():
        hidden = [layers.Dense(n, activation=activation) for n in neurons]
        output = layers.Dense(NUM_CLASSES, activation="softmax")
        return keras.Sequential([keras.Input(VECTOR_SHAPE), *hidden, output], name="experiment")

    return build


def convolution(*filters, first=(), block=None):
    """Return a function that builds conv_net with other filters, or with something added.

    first: layers in front of the network; block: a function from the number of filters to
    the layers that stand for a convolution with its relu.
    """
    block = block or (lambda n: [layers.Conv2D(n, 3, activation="relu")])

    def build():
        one, two, three = (block(n) for n in filters)
        body = [*one, layers.MaxPooling2D(2), *two, layers.MaxPooling2D(2), *three]
        head = [layers.Flatten(), layers.Dense(64, activation="relu")]
        output = layers.Dense(NUM_CLASSES, activation="softmax")
        return keras.Sequential(
            [keras.Input(IMAGE_SHAPE), *first, *body, *head, output], name="experiment"
        )

    return build


def norm_before_relu(n):
    return [layers.Conv2D(n, 3, use_bias=False), normalize(), layers.Activation("relu")]


def norm_after_relu(n):
    return [layers.Conv2D(n, 3, activation="relu"), normalize()]


def moving_average(momentum):
    """Return a function that builds conv_net_batch_norm with another momentum."""

    def build():
        model = conv_net_batch_norm()
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = momentum
        return keras.Sequential([keras.Input(IMAGE_SHAPE), *model.layers], name="experiment")

    return build


def flips(mode):
    return [layers.RandomFlip(mode)]


def sgd(rate, momentum=None):
    return {"optimizer": "sgd", "learning_rate": rate, "momentum": momentum}


# Group, label: the function that builds the model, what changes in the settings of lab.py.
EXPERIMENTS = {
    "neurons": {
        "16 neurons": (perceptron(16), {}),
        "128 neurons": (perceptron(128), {}),
        "512 neurons": (perceptron(512), {}),
        "2,048 neurons": (perceptron(2048), {}),
        "512 + 512 neurons": (perceptron(512, 512), {}),
        "five layers of 128": (perceptron(*[128] * 5), {}),
    },
    "activation": {
        "relu": (perceptron(512), {}),
        "tanh": (perceptron(512, activation="tanh"), {}),
        "sigmoid": (perceptron(512, activation="sigmoid"), {}),
        "none (linear)": (perceptron(512, activation=None), {}),
    },
    "optimizer": {
        "Adam, 0.001": (perceptron(512), {}),
        "AdamW, 0.001": (perceptron(512), {"optimizer": "adamw"}),
        "RMSprop, 0.001": (perceptron(512), {"optimizer": "rmsprop"}),
        "SGD, 0.01": (perceptron(512), {"optimizer": "sgd"}),
        "SGD, 0.1": (perceptron(512), {"optimizer": "sgd", "learning_rate": 0.1}),
    },
    "sgd": {  # a sweep of its rate, without and with momentum
        "SGD, 0.3": (perceptron(512), sgd(0.3)),
        "SGD, 1": (perceptron(512), sgd(1.0)),
        "SGD, 3": (perceptron(512), sgd(3.0)),
        "SGD with momentum, 0.01": (perceptron(512), sgd(0.01, 0.9)),
        "SGD with momentum, 0.03": (perceptron(512), sgd(0.03, 0.9)),
        "SGD with momentum, 0.1": (perceptron(512), sgd(0.1, 0.9)),
        "SGD with momentum, 0.3": (perceptron(512), sgd(0.3, 0.9)),
    },
    "learning_rate": {
        "0.0001": (perceptron(512), {"learning_rate": 0.0001}),
        "0.001": (perceptron(512), {}),
        "0.01": (perceptron(512), {"learning_rate": 0.01}),
        "0.1": (perceptron(512), {"learning_rate": 0.1}),
    },
    "batch_size": {
        "32": (perceptron(512), {"batch_size": 32}),
        "256": (perceptron(512), {}),
        "2,048": (perceptron(512), {"batch_size": 2048}),
    },
    "images": {
        "500": (perceptron(512), {"train_samples": 500}),
        "5,000": (perceptron(512), {"train_samples": 5000}),
        "55,000": (perceptron(512), {}),
    },
    "filters": {
        "8, 16, 16": (convolution(8, 16, 16), {}),
        "32, 64, 64": (convolution(32, 64, 64), {}),
        "64, 128, 128": (convolution(64, 128, 128), {}),
    },
    "normalization": {
        "none": (convolution(32, 64, 64), {}),
        "before each relu": (convolution(32, 64, 64, block=norm_before_relu), {}),
        "after each relu": (convolution(32, 64, 64, block=norm_after_relu), {}),
    },
    "momentum": {
        "0.99": (moving_average(0.99), {"epochs": 1}),
        "0.9": (moving_average(0.9), {"epochs": 1}),
    },
    "flips": {
        "none": (convolution(32, 64, 64), {}),
        "left and right": (convolution(32, 64, 64, first=flips("horizontal")), {}),
        "upside down": (convolution(32, 64, 64, first=flips("vertical")), {}),
    },
}
EPOCHS = 5


def main(argv=None):
    """Run groups of experiments; return {group: {label: results}}."""
    parser = study_parser("One change at a time.", OUTPUTS, EPOCHS)
    parser.add_argument("--groups", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS))
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    trained = {"model": "experiment", "epochs": args.epochs, "train_samples": args.train_samples}
    results = {}
    for group in args.groups:
        results[group] = {}
        for number, (label, (build, changes)) in enumerate(EXPERIMENTS[group].items()):
            print(f"== {group}: {label}", flush=True)
            place = folder / group / str(number)
            results[group][label] = train(place, build, **trained | changes)
    for group, lines in results.items():
        print(f"\n{group:22}parameters   training   validation")
        for label, line in lines.items():
            scores = f"{line['train']['accuracy']:11.2%}{line['validation']['accuracy']:13.2%}"
            print(f"  {label:20}{line['parameters']:10,}{scores}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
