"""What the scripts of this chapter share: the network, the file names, folders, ends in one line.

README section: "Model serialization".
"""

import sys
import zipfile
from datetime import datetime
from json import loads
from pathlib import Path

import keras
from keras import layers

OUTPUTS = Path(__file__).resolve().parent / "outputs"

WHOLE = "model.keras"
LEGACY = "model.h5"
ARCHITECTURE = "architecture.json"
WEIGHTS = "model.weights.h5"
SAVED_MODEL = "saved_model"
LITERT = "model.tflite"
ONNX = "model.onnx"
PROBE = "probe.npz"  # some inputs, and what the original answers to them


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


def new_folder():
    """Return the folder of a run that starts now."""
    return OUTPUTS / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"


def newest_folder():
    """Return the folder of the last run of save_model.py; None if there is none."""
    runs = sorted(path.parent for path in OUTPUTS.glob(f"*/{PROBE}"))
    return runs[-1] if runs else None


def size(path):
    """Return the bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def fail(script, message):
    """End the program with one line."""
    sys.exit(f"{script}: {message}")


def why(path, error):
    """Return in one line why a model could not be loaded: the file, and what is wrong with it."""
    if not path.exists():
        return f"there is no {path}"
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    if path.suffix == ".keras":
        try:
            with zipfile.ZipFile(path) as file:
                written_by = loads(file.read("metadata.json"))["keras_version"]
        except (OSError, zipfile.BadZipFile):
            return f"{path} is no .keras file, or only a part of one (it is not a whole zip file)"
        except (KeyError, ValueError, TypeError):
            return f"{path} is a zip file, but none that Keras has written"
        if written_by != keras.version():
            return (
                f"{path} was written by Keras {written_by}, this is {keras.version()}: {first_line}"
            )
    return f"cannot load {path}: {first_line}"
