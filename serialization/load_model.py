"""Load a network in every form in which save_model.py has saved it, and compare.

    python serialization/load_model.py                            # the last run of save_model.py
    python serialization/load_model.py serialization/outputs/RUN  # another one
    python serialization/load_model.py FILE.keras                 # one file

Prints a table: what each form holds, its size, how long loading takes, by how much its predictions
differ from those of the original, and whether training can resume. About 10 seconds.

Chapter: serialization/README.md#loading
"""

from chapter import OUTPUTS

import logging
import os
import time
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import layers

from utils.loading import explain_load_error, refuse_strange_kinds
from utils.options import make_parser
from utils.runs import fail, printable, read_bytes
from utils.schemas import read_arrays

logging.getLogger("absl").setLevel(logging.ERROR)  # five times the same remark on .h5

REPEATS = 5  # loads of each form; the fastest counts


def load_whole(path):
    return keras.saving.load_model(path)


def load_architecture(path):
    """The architecture from JSON, the weights from the file beside it."""
    model = keras.models.model_from_json(path.read_text(encoding="utf-8"))
    model.load_weights(path.with_name("model.weights.h5"))
    return model


def load_weights(path):
    """The architecture from code: the layers whose weights save_model.py has saved."""
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.load_weights(path)
    return model


def load_tensorflow(path):
    """No Keras model comes back, only a function: inputs in, predictions out."""
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    return lambda inputs: loaded.serve(inputs)  # keeps what was loaded, with its weights


def load_litert(path):
    import tensorflow as tf

    with warnings.catch_warnings(action="ignore"):  # of a package that will take this one's place
        interpreter = tf.lite.Interpreter(model_content=path.read_bytes())
    interpreter.allocate_tensors()  # before this it has only opened the file
    signature = interpreter.get_signature_runner()
    (name,) = signature.get_input_details()
    return lambda inputs: next(iter(signature(**{name: inputs}).values()))


def load_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)  # of bytes, it would read files beside the reader
    return lambda inputs: session.run(None, {session.get_inputs()[0].name: inputs})[0]


# File: how it is called in the table, how it is loaded, and whether it holds architecture, weights
# and optimizer.
FORMS = {
    "model.keras": (".keras", load_whole, "AWO"),
    "model.h5": (".h5, legacy", load_whole, "AWO"),
    "architecture.json": ("JSON + .weights.h5", load_architecture, "AWO"),
    "model.weights.h5": (".weights.h5, code", load_weights, "WO"),
    "saved_model": ("SavedModel", load_tensorflow, "AW"),
    "model.tflite": ("LiteRT", load_litert, "AW"),
    "model.onnx": ("ONNX", load_onnx, "AW"),
}


def find_form(path):
    """Return what FORMS says of a file, whatever it is called: the longest ending decides."""
    if path.is_dir():
        return FORMS["saved_model"]
    names = [name for name in FORMS if path.name.endswith(name.removeprefix("model"))]
    return FORMS[max(names, key=len, default="model.keras")]


def measure(path, probe=None):
    """Load a file several times; return a row of the table. Raises what the loader raises."""
    form, load, holds = find_form(path)
    if not path.is_dir():
        read_bytes(path, 0)  # a named pipe would never end
    weights = [path.with_name("model.weights.h5")] if load is load_architecture else []
    if load in (load_whole, load_architecture, load_weights):
        for part in (path, *weights):
            refuse_strange_kinds(part)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        loaded = load(path)
        seconds.append(time.perf_counter() - start)
    files = [path, *weights, *path.rglob("*")]  # of a SavedModel, a folder
    size = sum(file.stat().st_size for file in files if file.is_file())
    row = {"form": form, "holds": holds, "bytes": size, "load_ms": 1000 * min(seconds)}
    is_model = isinstance(loaded, keras.Model)
    if probe:
        predict = loaded.predict_on_batch if is_model else loaded
        difference = np.asarray(predict(probe["inputs"])) - probe["predictions"]
        row["difference"] = float(np.abs(difference).max())
    # Training can go on if there is a model, compiled, with an optimizer's state.
    resumes = is_model and loaded.compiled and int(loaded.optimizer.iterations)
    return row | {"go_on": "yes" if resumes else "after compile" if is_model else "no"}


def show_header():
    print("holds: A architecture, W weights, O state of the optimizer")
    print("form                holds      bytes      load  difference  resumes?")


def show(row):
    holds = " ".join(letter if letter in row["holds"] else "-" for letter in "AWO")
    difference = row.get("difference")
    shown = "?" if difference is None else f"{difference:.0e}" if difference else "0"
    print(
        f"{row['form']:19} {holds} {row['bytes']:10,} {row['load_ms']:6.0f} ms {shown:>11}"
        f"  {row['go_on']}"
    )


def load_folder(folder):
    """Print the table of a folder of save_model.py; return its rows."""
    probe = read_arrays(folder / "probe.npz", "inputs", "predictions", finite=True)
    rows = []
    for name, (form, *_) in FORMS.items():
        try:
            rows.append(measure(folder / name, probe))
            show(rows[-1])
        except ImportError as error:
            print(f"{form:19} skipped: not installed: {error.name}")
        except Exception as error:  # each library raises its own kinds
            print(f"{form:19} skipped: {printable(explain_load_error(folder / name, error))}")
    return rows


def main(argv=None):
    parser = make_parser("Load a model in each of its forms.")
    parser.add_argument("path", type=Path, nargs="?", help="a run of save_model.py, or one file")
    path = parser.parse_args(argv).path
    if path is None:
        probe = max(OUTPUTS.glob("*/probe.npz"), key=os.path.getmtime, default=None)
        path = probe.parent if probe else fail("nothing was saved yet: serialization/save_model.py")
    if path.is_dir() and not (path / "saved_model.pb").exists():
        show_header()
        return {"rows": load_folder(path)}
    try:
        row = measure(path)
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        fail(explain_load_error(path, error))
    show_header()
    show(row)
    return {"rows": [row]}


if __name__ == "__main__":
    main()
