"""Predict with a saved network, in a process that imports only what its form needs, and time it.

    python serialization/answer.py FILE PROBE

FILE is one that save_model.py or smaller.py has saved, or the folder of a SavedModel; PROBE is the
`probe.npz` beside it, with inputs and the original's predictions. Prints a line of JSON: how far
the predictions are from those of the original, the milliseconds of CPU time for one input and for
1,000 at once, and the bytes of memory that the library and the network take. A few seconds.

Chapter: serialization/README.md#smaller-and-faster
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import contextlib
import importlib
import json
import os
import time
import warnings
from importlib.metadata import packages_distributions, version
from pathlib import Path

import numpy as np
import psutil

from utils.options import make_parser
from utils.runs import fail, first_line, read_bytes
from utils.schemas import read_arrays

CALLS = {1: 200, 1000: 10}  # inputs at once: how often that is timed, at least; the mean counts
LEAST = 0.5  # seconds of CPU time, or as often again: on Windows, its clock has steps of 1/64 s


def load_keras(path):
    from utils.loading import load_model

    return load_model(path, compile=False).predict_on_batch


def load_tensorflow(path):
    """No Keras model comes back, only a function: inputs in, predictions out."""
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    return lambda inputs: loaded.serve(inputs)  # keeps what was loaded, with its weights


def load_litert(path):
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:  # TensorFlow still has one of its own
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter
    how = {"model_path": str(path)}
    if not str(path).isascii():  # Windows could not open it
        how = {"model_content": path.read_bytes()}
    with warnings.catch_warnings(action="ignore"):
        interpreter = Interpreter(**how, num_threads=os.cpu_count())  # by itself it takes one
    interpreter.allocate_tensors()  # before this it has only opened the file

    def predict(inputs):
        first, last = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        if tuple(first["shape"]) != inputs.shape:
            interpreter.resize_tensor_input(first["index"], inputs.shape)
            interpreter.allocate_tensors()  # anew, for as many inputs as these
        interpreter.set_tensor(first["index"], inputs)
        interpreter.invoke()
        return interpreter.get_tensor(last["index"])

    return predict


def load_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return lambda inputs: session.run(None, {session.get_inputs()[0].name: inputs})[0]


# The end of a file's name: how it is loaded, and the library; the first one that is installed.
LOADERS = {
    ".keras": (load_keras, ["keras"]),
    "": (load_tensorflow, ["tensorflow"]),
    ".tflite": (load_litert, ["ai_edge_litert.interpreter", "tensorflow"]),
    ".onnx": (load_onnx, ["onnxruntime"]),
}


def import_library(names):
    """Import the first of these modules that is installed, and return it."""
    for name in names:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise ImportError(f"not installed: {names[0]}")


def memory():
    """Return the bytes of main memory that this process takes now."""
    return psutil.Process().memory_info().rss


def milliseconds(predict, inputs, calls):
    """Return the CPU time of a call, of all cores together: other programs hardly change it.

    One call comes before, which may have to prepare something.
    """
    predict(inputs)
    start, done, spent = time.process_time(), 0, 0
    while spent < LEAST:
        for _ in range(calls):
            predict(inputs)
        done += calls
        spent = time.process_time() - start
    return 1000 * spent / done


def measure(path, probe):
    """Load a file and predict; return what that takes, and how good the predictions are."""
    load, libraries = LOADERS[path.suffix]
    if not path.is_dir():
        read_bytes(path, 0)  # a named pipe would never end
    inputs = probe["inputs"]
    start = memory()
    library = import_library(libraries).__name__.partition(".")[0]
    with_library = memory()
    loaded = load(path)

    def predict(inputs):
        return np.asarray(loaded(inputs))

    predict(inputs[:1])
    row = {"library_bytes": with_library - start, "network_bytes": memory() - with_library}
    package = packages_distributions()[library][0]  # tensorflow-cpu also brings tensorflow
    row["library"] = f"{library} {version(package)}"
    for number, calls in CALLS.items():
        several = np.resize(inputs, (number, *inputs.shape[1:]))  # repeats them if they are few
        row[f"ms_{number}"] = milliseconds(predict, several, calls)
    predictions = predict(inputs)
    row["difference"] = float(np.abs(predictions - probe["predictions"]).max())
    if "labels" in probe:
        row["accuracy"] = float(np.mean(predictions.argmax(axis=1) == probe["labels"]))
    return row


def main(argv=None):
    parser = make_parser("Predict with a saved network, and measure what that takes.")
    parser.add_argument("file", type=Path, help="a .keras, .tflite or .onnx file or a SavedModel")
    parser.add_argument("probe", type=Path, help="the probe.npz of its run")
    args = parser.parse_args(argv)
    probe = read_arrays(args.probe, "inputs", "predictions", finite=True)
    try:
        row = measure(args.file, probe)
    except Exception as error:  # each library raises its own kinds
        fail(f"{args.file}: {first_line(error)}")
    print(json.dumps(row))
    return row


if __name__ == "__main__":
    main()
