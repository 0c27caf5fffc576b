"""Make a network smaller in ways that Keras offers; measure what that costs and what it saves.

    python serialization/smaller.py                                  # two networks of the book
    python serialization/smaller.py mnist/outputs/RUN/conv_net.keras  # yours, trained on MNIST

Takes the convolutional network of the web service and an MLP that it trains itself, saves each in
nine forms, and lets each form read the 5,000 validation images in a process of its own.
Prints a row for each: bytes, share read correctly, largest change of a probability, milliseconds of
CPU time (all cores together) for one image and for 1,000, memory of the library and of the network.
The forms take turns in two rounds, and the shorter time counts. Four minutes on two cores.
Chapter: serialization/README.md#smaller-and-faster
"""

from chapter import OUTPUTS

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import layers
from keras.quantizers import AbsMaxQuantizer, Int8QuantizationConfig

from mnist.data import prepare_mnist
from serialization import save_model
from utils.loading import load_model, reads_digits
from utils.options import make_parser, positive
from utils.runs import ROOT, fail, make_folder, printable, replacing, save_network, save_results

MODEL = None  # a .keras file of yours
CONV_NET = ROOT / "assets" / "models" / "conv_net.keras"
ANSWER = Path(__file__).with_name("answer.py")
EPOCHS = 3  # of the MLP
ROUNDS = 2  # in which the forms take turns
SEED = 8


def train_mlp(epochs):
    """Return the network of mnist.py -m mlp_one_layer after a short training run."""
    digits = prepare_mnist((784,))
    hidden, output = layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((784,)), hidden, output], name="mlp_one_layer")
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(digits.x_train, digits.y_train, batch_size=128, epochs=epochs, verbose=2)
    return copy(model)


def copy(model):
    """Return a network with the same weights, and without what belongs to training."""
    other = model.from_config(model.get_config())  # clone_model would take Adam along
    other.set_weights(model.get_weights())
    return other


def save_float16(model, path):
    """Every weight in 2 bytes in place of 4; the network then computes in float16, too."""

    def halve(layer):
        return layer.from_config(layer.get_config() | {"dtype": "float16"})

    half = keras.models.clone_model(model, clone_function=halve)
    half.set_weights(model.get_weights())
    save_network(half, path)


def save_int8(model, path):
    """Dense layers with whole numbers from -127 to 127: their weights and, at each call, inputs."""
    small = copy(model)
    small.quantize("int8")
    save_network(small, path)


def save_int8_weights(model, path):
    """Only the weights as whole numbers; a layer makes floats of them before it multiplies."""
    small = copy(model)
    small.quantize(config=Int8QuantizationConfig(AbsMaxQuantizer(axis=0), None))
    save_network(small, path)


def save_int4(model, path):
    """Only the weights, in whole numbers from -8 to 7, two in a byte."""
    small = copy(model)
    small.quantize("int4")
    save_network(small, path)


def save_int8_litert(model, path):
    """The same for every layer, by the converter of LiteRT."""
    import tensorflow as tf

    optimizations = [tf.lite.Optimize.DEFAULT]
    model.export(path, format="litert", verbose=False, optimizations=optimizations)


# The file, how it is written, and the packages without which it is skipped.
SAVERS = [
    ("model.keras", save_model.save_whole, []),
    ("float16.keras", save_float16, []),
    ("int8.keras", save_int8, []),
    ("int8_weights.keras", save_int8_weights, []),
    ("int4.keras", save_int4, []),
    ("saved_model", save_model.save_tensorflow, ["tensorflow"]),
    ("model.tflite", save_model.save_litert, ["tensorflow"]),
    ("int8.tflite", save_int8_litert, ["tensorflow"]),
    ("model.onnx", save_model.save_onnx, ["onnx", "tf2onnx", "onnxruntime"]),
]


def save_probe(model, folder):
    """Save the validation images, their digits, and what the network predicts for them.

    Returns by how much the predictions change if the weights are rounded to float16, and the
    network goes on to compute in float32.
    """
    if not reads_digits(model):
        fail(f"{model.name} does not read digits of 28 x 28 pixels.")
    digits = prepare_mnist(model.input_shape[1:])
    images, labels = digits.x_val, digits.y_val.argmax(axis=1)
    predictions = model.predict_on_batch(images)
    with replacing(folder / "probe.npz") as partial:
        np.savez(partial, inputs=images, labels=labels, predictions=predictions)
    rounded = copy(model)
    rounded.set_weights([weights.astype("float16") for weights in model.get_weights()])
    return float(np.abs(rounded.predict_on_batch(images) - predictions).max())


def measure(path):
    """Return what answer.py measures of a file, in a process of its own."""
    command = [sys.executable, str(ANSWER), str(path), str(path.with_name("probe.npz"))]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        # A process that was killed, for want of memory, says nothing.
        said = run.stderr.strip().splitlines() or [f"ended with status {run.returncode}"]
        print(f"{path.name:18} left out: {printable(said[-1][:150])}")
        return None
    return json.loads(run.stdout.splitlines()[-1])


def show(name, row):
    million = 1_000_000
    print(
        f"{name:18} {row['bytes']:10,} {row['accuracy']:9.2%} {row['difference']:11.0e}"
        f" {row['ms_1']:8.2f} ms {row['ms_1000']:9.1f} ms"
        f" {row['library_bytes'] / million:8.0f} MB {row['network_bytes'] / million:8.0f} MB",
        flush=True,
    )


def compare(model, folder):
    """Save a network in each form and measure each; return a row for each file (with _ for .)."""
    print(f"{printable(model.name)}, {model.count_params():,} parameters")
    folder.mkdir(exist_ok=True)
    difference = save_probe(model, folder)
    print(f"weights rounded to float16, computed in float32: difference {difference:.0e}")
    with warnings.catch_warnings(action="ignore"):  # one for each layer that is not quantized
        sizes = save_model.save_all(model, folder, SAVERS)
    print("form                    bytes     right  difference     1 image   1,000 images", end="")
    print("     library     network")
    rows = {}
    for _ in range(ROUNDS):
        for name in list(sizes):
            if not (row := measure(folder / name)):
                del sizes[name]
                continue
            row = {"bytes": sizes[name]} | row
            known = rows.setdefault(name.replace(".", "_"), row)
            known |= {key: min(known[key], row[key]) for key in ("ms_1", "ms_1000")}
            show(name, row)
    return {"rounded_to_float16": difference, "forms": rows}


def main(argv=None):
    parser = make_parser("Make networks smaller and measure what is lost.", OUTPUTS)
    about = "a .keras file, trained on MNIST, in place of the two networks"
    parser.add_argument("model", nargs="?", type=Path, default=MODEL, help=about)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="of the MLP")
    args = parser.parse_args(argv)
    keras.utils.set_random_seed(SEED)
    models = [load_model(args.model or CONV_NET, compile=False)]
    folder = make_folder(args.outputs)
    if not args.model:
        models.insert(0, train_mlp(args.epochs))
    results = {}
    for model in models:
        name = re.sub(r"\W+", "_", model.name)  # a file's model may be called ..
        results[name] = compare(model, folder / name)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
