"""What happens to a network if the digit moves: equivariance and invariance, measured.

    python cnn/shifts.py

Moves digits by one, two and four pixels and measures whether the maps of a trained network move
along. Then trains an MLP, `conv_net` and the residual network on digits in their usual
places, and tests them on validation images moved by up to four pixels. You will see both, and a
figure. Takes a minute on two cores.
Chapter: cnn/README.md#shifted-digits
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np

from cnn.residual import BATCH_SIZE, residual_net
from mnist.data import prepare_mnist
from mnist.models import conv_net, mlp_one_layer
from utils.figures import LINES, name_lines, save_figure
from utils.options import make_parser, positive
from utils.runs import ROOT, make_folder, save_results

TRAINED = ROOT / "assets" / "models" / "conv_net.keras"
SHIFTS = [0, 1, 2, 3, 4]  # pixels; the border of most digits is empty, and little ink gets lost
TRAIN_SAMPLES = 5_000
EPOCHS = 3
SEED = 1


def shift(images, down, right):
    """Move images (n, 28, 28) by some pixels; what comes in at the border is empty."""
    m = max(abs(down), abs(right))
    padded = np.pad(images, ((0, 0), (m, m), (m, m)))
    return padded[:, m - down : m - down + 28, m - right : m - right + 28]


def measure_equivariance(network, images):
    """Return {layer: {pixels: share}}: how much of the maps is not simply moved, too.

    A map of a layer whose neighbours look `step` pixels apart should move by pixels / step. The
    share is the mean difference, inside the image, divided by the mean value.
    """
    layers, step = network.layers[:4], 1
    watch = keras.Model(network.inputs[0], [layer.output for layer in layers])
    before = watch.predict_on_batch(images[..., None])
    shifted = {pixels: shift(images, 0, pixels)[..., None] for pixels in (1, 2, 4)}
    moved = {pixels: watch.predict_on_batch(inputs) for pixels, inputs in shifted.items()}
    shares = {}
    for i, layer in enumerate(layers):
        step *= layer.strides[0]
        shares[layer.name] = {}
        for pixels, after in moved.items():
            whole = round(pixels / step)  # by how many places, if that is a whole number
            there, here = after[i][:, :, whole + 1 : -1], before[i][:, :, 1 : -1 - whole]
            share = np.abs(there - here).mean() / np.abs(before[i]).mean()
            shares[layer.name][str(pixels)] = float(share)
    return shares


def train(make, seed, epochs, train_samples):
    """Return a network trained on digits in their usual places."""
    keras.utils.set_random_seed(seed)
    network = make()
    digits = prepare_mnist(network.input_shape[1:], train_samples)
    network.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    network.fit(digits.x_train, digits.y_train, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return network, digits


def accuracies_of_shifted(network, digits):
    """Return {pixels: accuracy} on the validation images, the mean over the four directions."""
    images, labels = digits.x_val.reshape(-1, 28, 28), digits.y_val.argmax(axis=1)
    result = {}
    for pixels in SHIFTS:
        directions = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)] if pixels else [(0, 0)]
        right = []
        for direction in directions:
            moved = shift(images, *direction).reshape(digits.x_val.shape)
            predictions = network.predict(moved, batch_size=500, verbose=0).argmax(axis=1)
            right.append((predictions == labels).mean())
        result[str(pixels)] = float(np.mean(right))
    return result


def draw(accuracies, path):
    """Draw the accuracy of each network over the pixels by which the digits are moved."""
    figure, axis = plt.subplots(figsize=(8, 4.2))
    axis.set_prop_cycle(LINES)
    for marker, (name, values) in zip("osD", accuracies.items(), strict=True):
        axis.plot(SHIFTS, [100 * value for value in values.values()], marker=marker, label=name)
    axis.set(title="Digits moved after training", xlabel="pixels", ylabel="read correctly (%)")
    axis.set_xticks(SHIFTS)
    axis.set_ylim(0, 100)
    name_lines(axis)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Move digits and see what the networks make of it.", OUTPUTS)
    add = parser.add_argument
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--train-samples", type=positive(int), default=TRAIN_SAMPLES, help="training images")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    accuracies = {}
    print("read correctly, if the digit moves by", *SHIFTS, "pixels:")
    for make in (mlp_one_layer, conv_net, residual_net):
        network, digits = train(make, SEED, args.epochs, args.train_samples)
        accuracies[network.name] = accuracies_of_shifted(network, digits)
        values = "".join(f"{value:8.1%}" for value in accuracies[network.name].values())
        print(f"{network.name:16}{values}", flush=True)
    images = digits.x_val[:200].reshape(-1, 28, 28)
    shares = measure_equivariance(keras.saving.load_model(TRAINED), images)
    print("not moved along, of the maps, if the digit moves by 1, 2, 4 pixels:")
    for name, values in shares.items():
        print(f"{name:16}" + "".join(f"{value:8.1%}" for value in values.values()))
    draw(accuracies, folder / "shifts.png")
    results = {"accuracies": accuracies, "equivariance": shares}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
