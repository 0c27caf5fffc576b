"""The vanishing gradient: how little of it reaches the first of ten layers.

    python cnn/vanishing_gradient.py
    python cnn/vanishing_gradient.py --mend

Networks with ten hidden layers learn to read the handwritten digits of scikit-learn. You will
see, for three activations, the size of the gradient in each layer before any training, and the
share of the training images that the network reads correctly in the best of 20 epochs, from five
different initial weights. A figure shows the gradients. With --mend, all three networks have
sigmoid, but other initial weights than Keras draws: larger ones, centred ones, and both.
Takes a minute to a minute and a half on two cores, about 15 seconds with --seeds 1.
Chapter: cnn/studies/README.md#the-vanishing-gradient
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

from utils.figures import save_figure
from utils.gradients import weight_gradients
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

# A network's activation, the factor of its initial weights, and whether its layers are centred.
NETWORKS = {name: (name, 1, False) for name in ("sigmoid", "tanh", "relu")}
MENDED = {"centred": ("sigmoid", 1, True), "times 4": ("sigmoid", 4, False)}
MENDED["both"] = ("sigmoid", 4, True)
DEPTH = 10  # hidden layers
NEURONS = 64  # in each of them
INITIALIZER = "glorot_uniform"  # how the weights are drawn; this is what Keras does by default
EPOCHS = 20  # of the training at the end
LEARNING_RATE = 0.1
SEEDS = 5  # runs with each activation, from the seeds 1, 2 and so on
INITIALIZERS = ["glorot_uniform", "he_normal", "lecun_normal", "orthogonal"]


def load_images():
    """Return 1,797 images, shape (1797, 64), values 0 to 1, and their labels 0 to 9."""
    digits = load_digits()
    return (digits.data / 16).astype("float32"), digits.target


def build_model(activation, initializer):
    """Return a network for the images, not yet compiled."""
    make = {"activation": activation, "kernel_initializer": initializer}
    hidden = [layers.Dense(NEURONS, **make) for _ in range(DEPTH)]
    output = layers.Dense(10, activation="softmax")
    return keras.Sequential([keras.Input(shape=(64,)), *hidden, output])


def mend(model, factor, centred):
    """Multiply the initial weights of all hidden layers, and set their biases if centred."""
    for layer in model.layers[:-1]:
        weights, biases = layer.get_weights()
        weights = factor * weights
        if centred:  # inputs of 0.5, the middle of what sigmoid returns, then give sums of 0
            biases = -0.5 * weights.sum(axis=0)
        layer.set_weights([weights, biases])


def gradient_sizes(model, images, labels):
    """Return the size of the gradient in each hidden layer, from the first to the last.

    The size is the root mean square over the weights of the layer: a typical entry.
    """
    loss = keras.losses.sparse_categorical_crossentropy
    gradients = list(weight_gradients(model, images, labels, loss).values())
    # Weights and biases of a layer alternate; the last two belong to the output layer.
    return [float(np.sqrt(np.mean(np.square(weights)))) for weights in gradients[:-2:2]]


def train(model, images, labels, epochs):
    """Train from the initial weights; return the accuracy of the best epoch, as `fit` reports it.

    The accuracy jumps from epoch to epoch. The best one tells whether a network can learn at all.
    """
    optimizer = keras.optimizers.SGD(LEARNING_RATE)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images, labels, epochs=epochs, verbose=0).history
    return max(history["accuracy"])


def draw(sizes):
    """Draw one curve per network: the size of the gradient over the layers."""
    figure, axis = plt.subplots()
    for marker, (name, values) in zip("osD", sizes.items(), strict=True):
        axis.plot(range(1, len(values) + 1), values, marker=marker, label=name)
    axis.set(title="Gradient in each layer, before training", yscale="log")
    axis.set(xlabel="hidden layer (1 is next to the inputs)", xticks=range(1, DEPTH + 1))
    axis.set_ylabel("size of the gradient (log scale)")
    axis.legend()
    return figure


def main(argv=None):
    """Measure each network; return sizes of the first seed, ratios and accuracies of all."""
    parser = make_parser("Measure the gradient in each layer of a deep network.", OUTPUTS)
    parser.add_argument("--initializer", choices=INITIALIZERS, default=INITIALIZER)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    parser.add_argument("--mend", action="store_true", help="sigmoid with other initial weights")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    images, labels = load_images()
    sizes, ratios, accuracies = {}, {}, {}
    for name, (activation, factor, centred) in (MENDED if args.mend else NETWORKS).items():
        print(f"training with {name}", flush=True)
        ratios[name], accuracies[name] = [], []
        for seed in range(1, args.seeds + 1):
            keras.utils.set_random_seed(seed)
            model = build_model(activation, args.initializer)
            mend(model, factor, centred)
            measured = gradient_sizes(model, images, labels)
            sizes.setdefault(name, measured)  # those of the first seed
            ratios[name].append(measured[-1] / measured[0])
            accuracies[name].append(train(model, images, labels, args.epochs))

    print("layer   " + "".join(f"{name:>10}" for name in sizes))
    for layer in range(DEPTH):
        print(f"{layer + 1:5}   " + "".join(f"{sizes[name][layer]:10.1e}" for name in sizes))
    print(f"Last layer's gradient / first layer's, with {args.seeds} different initial weights:")
    for name, values in ratios.items():
        print(f"{name:8}" + "".join(f"{ratio:11,.1f}" for ratio in values))
    print(f"Best training accuracy of each in {args.epochs} epochs:")
    for name, reached in accuracies.items():
        print(f"{name:8}" + "".join(f"{accuracy:11.1%}" for accuracy in reached))

    save_figure(draw(sizes), folder / "vanishing_gradient.png")
    results = {"sizes": sizes, "ratios": ratios, "accuracies": accuracies}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
