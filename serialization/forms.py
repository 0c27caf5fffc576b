"""Machinery of this chapter: the network that its scripts share, and the names of a run's files.

Chapter: serialization/README.md#model-serialization
"""

import keras
from keras import layers

WHOLE = "model.keras"
LEGACY = "model.h5"
ARCHITECTURE = "architecture.json"
WEIGHTS = "model.weights.h5"
SAVED_MODEL = "saved_model"
LITERT = "model.tflite"
ONNX = "model.onnx"
PROBE = "probe.npz"  # some inputs, and what the original predicts for them


def build_model():
    """Return the network of the chapter on XOR, a little wider: two hidden layers."""
    return keras.Sequential(
        [
            keras.Input(shape=(2,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="xor",
    )


def size(path):
    """Return the bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
