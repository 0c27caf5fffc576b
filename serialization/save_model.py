"""Train a small network and save it in every form that you will meet.

    python serialization/save_model.py
    python serialization/save_model.py --model mnist/outputs/RUN/conv_net.keras

Trains a network on XOR, or takes one that was trained before, saves it in seven forms, and prints
each file with its size. Then load_model.py loads them all. About 20 seconds on two cores.

Chapter: serialization/README.md#saving
"""

from chapter import OUTPUTS

import importlib.util
from pathlib import Path

import keras
import numpy as np

from serialization import forms
from utils.options import make_parser, positive
from utils.runs import fail, first_line, make_folder, printable, save_results, shown, writing_to
from utils.saving import load_model

MODEL = None  # a .keras file to save instead of a new network
EPOCHS = 40  # each over the four rows, 25 times
LEARNING_RATE = 0.01
SEED = 8

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
Y = np.array([[0], [1], [1], [0]], dtype="float32")


def train(epochs):
    """Return the network after it has learned XOR."""
    model = forms.build_model()
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(np.tile(X, (25, 1)), np.tile(Y, (25, 1)), batch_size=4, epochs=epochs, verbose=0)
    return model


def save_whole(model, folder):
    """Architecture, weights, optimizer: everything, in the format of Keras 3."""
    model.save(folder / forms.WHOLE)


def save_legacy(model, folder):
    """The same in the format of Keras 2, which many old posts and files use."""
    model.save(folder / forms.LEGACY)


def save_architecture(model, folder):
    """The layers and how they are joined, without a single weight: text that one can read."""
    (folder / forms.ARCHITECTURE).write_text(model.to_json(indent=1), encoding="utf-8")


def save_weights(model, folder):
    """The numbers alone: whoever loads them must know the layers."""
    model.save_weights(folder / forms.WEIGHTS)


def save_tensorflow(model, folder):
    """The calculation, without Keras: what TensorFlow Serving takes."""
    model.export(folder / forms.SAVED_MODEL, format="tf_saved_model", verbose=False)


def save_litert(model, folder):
    """The calculation for phones and small devices; once called TensorFlow Lite."""
    model.export(folder / forms.LITERT, format="litert", verbose=False)


def save_onnx(model, folder):
    """The calculation in a format that many other programs read."""
    model.export(folder / forms.ONNX, format="onnx", verbose=False)


# The file, how it is written, and the packages without which it is skipped.
SAVERS = [
    (forms.WHOLE, save_whole, []),
    (forms.ARCHITECTURE, save_architecture, []),
    (forms.WEIGHTS, save_weights, []),
    (forms.SAVED_MODEL, save_tensorflow, ["tensorflow"]),
    (forms.LITERT, save_litert, ["tensorflow"]),
    (forms.ONNX, save_onnx, ["onnx", "tf2onnx"]),
    # Last: when Keras 3.15 writes this file, it takes the optimizer out of the model's settings.
    # A .keras file saved afterwards comes back with RMSprop, whatever the optimizer was.
    (forms.LEGACY, save_legacy, []),
]


def installed(package):
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def save_all(model, folder, savers=SAVERS):
    """Save the model in each form; return {file name: bytes}, without what was skipped."""
    sizes = {}
    for name, save, packages in savers:
        missing = [package for package in packages if not installed(package)]
        if missing:
            print(f"{name:20} skipped: not installed: {', '.join(missing)}")
            continue
        try:
            save(model, folder)
        except Exception as error:  # not every model can be exported everywhere
            print(f"{name:20} skipped: {printable(first_line(error)[:100])}")
            continue
        sizes[name] = forms.size(folder / name)
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
        if not isinstance(shape, tuple) or None in shape[1:]:
            fail(f"{args.model} does not have exactly one input of a known shape. Name another.")
        inputs = np.random.rand(32, *shape[1:]).astype("float32")
    folder = make_folder(args.outputs)
    if not args.model:
        model, inputs = train(args.epochs), X
    predictions = model.predict(inputs, verbose=0)
    with writing_to(folder):
        np.savez(folder / forms.PROBE, inputs=inputs, predictions=predictions)
    results = {"model": model.name, "sizes": save_all(model, folder)}
    load_model_py = Path(__file__).with_name("load_model.py")
    print(f"Now: python {shown(load_model_py)} {shown(folder)}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
