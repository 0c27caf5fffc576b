"""Train a small network and save it in every form that you will meet.

    python serialization/save_model.py
    python serialization/save_model.py --model mnist/outputs/RUN/conv_net.keras

Trains a network on XOR, or takes one that was trained before, saves it in seven forms, and prints
each file with its size. Then load_model.py loads them all. About 20 seconds on two cores.

Chapter: serialization/README.md#saving
"""

from chapter import OUTPUTS

from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from keras import layers

from utils.loading import load_model
from utils.options import make_parser, positive
from utils.runs import fail, first_line, make_folder, printable, save_results, shown, writing_to

MODEL = None  # a .keras file to save instead of a new network
EPOCHS = 40  # each over the four rows, 25 times
LEARNING_RATE = 0.01
SEED = 8

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
Y = np.array([[0], [1], [1], [0]], dtype="float32")


def build_model():
    """Return the network of the chapter on XOR, a little wider: (n, 2) to (n, 1)."""
    return keras.Sequential(
        [
            keras.Input(shape=(2,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="xor",
    )


def save_whole(model, path):
    """Architecture, weights, optimizer: everything. A name in .h5 asks for the form of Keras 2."""
    model.save(path)


def save_architecture(model, path):
    """The layers and how they are joined, without a single weight: text that one can read."""
    path.write_text(model.to_json(indent=1), encoding="utf-8")


def save_weights(model, path):
    """The numbers alone: whoever loads them must know the layers."""
    model.save_weights(path)


def save_tensorflow(model, path):
    """The calculation, without Keras: what TensorFlow Serving takes."""
    model.export(path, format="tf_saved_model", verbose=False)


def save_litert(model, path):
    """The calculation for phones and small devices; once called TensorFlow Lite."""
    model.export(path, format="litert", verbose=False)


def save_onnx(model, path):
    """The calculation in a format that many other programs read."""
    model.export(path, format="onnx", verbose=False)


# The file, how it is written, and the packages without which it is skipped.
SAVERS = [
    ("model.keras", save_whole, []),
    ("architecture.json", save_architecture, []),
    ("model.weights.h5", save_weights, []),
    ("saved_model", save_tensorflow, ["tensorflow"]),
    ("model.tflite", save_litert, ["tensorflow"]),
    ("model.onnx", save_onnx, ["onnx", "tf2onnx"]),
    # Last: when Keras 3.15 writes this file, it takes the optimizer out of the model's settings.
    # A .keras file saved afterwards comes back with RMSprop, whatever the optimizer was.
    ("model.h5", save_whole, []),
]


def save_all(model, folder, savers=SAVERS):
    """Save the model in each form; return {file name: bytes}, without what was skipped."""
    sizes = {}
    for name, save, packages in savers:
        if missing := [package for package in packages if not find_spec(package)]:
            print(f"{name:20} skipped: not installed: {', '.join(missing)}")
            continue
        try:
            save(model, folder / name)
        except Exception as error:  # not every model can be exported everywhere
            print(f"{name:20} skipped: {printable(first_line(error)[:100])}")
            continue
        files = [folder / name, *(folder / name).rglob("*")]  # of a SavedModel, a folder
        sizes[name] = sum(file.stat().st_size for file in files if file.is_file())
        print(f"{name:20} {sizes[name]:9,} bytes")
    return sizes


def main(argv=None):
    parser = make_parser("Train a small network and save it in every form.", OUTPUTS)
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file to take")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="of training on XOR")
    args = parser.parse_args(argv)
    keras.utils.set_random_seed(SEED)
    if args.model:
        model = load_model(args.model)
        shape = model.input_shape
        both = shape, model.output_shape
        if not all(isinstance(one, tuple) and all(one[1:]) for one in both):
            fail(f"{args.model} does not have one input and one output of known shapes.")
        inputs = np.random.rand(32, *shape[1:]).astype("float32")
    folder = make_folder(args.outputs)
    if not args.model:
        model, inputs = build_model(), X
        optimizer = keras.optimizers.Adam(LEARNING_RATE)
        model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
        x, y = np.tile(X, (25, 1)), np.tile(Y, (25, 1))
        model.fit(x, y, batch_size=4, epochs=args.epochs, verbose=0)
    predictions = model.predict(inputs, verbose=0)  # what the other forms have to predict, too
    with writing_to(folder):
        np.savez(folder / "probe.npz", inputs=inputs, predictions=predictions)
    results = {"model": model.name, "sizes": save_all(model, folder)}
    load_model_py = Path(__file__).with_name("load_model.py")
    print(f"Now: python {shown(load_model_py)} {shown(folder)}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
