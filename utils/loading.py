"""Load trained networks, or say in one line why that cannot be done."""

import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import ops

from utils.runs import fail, first_line, printable, read_bytes, read_json

# What a model consists of: its layers, which are Keras operations, and what these hold.
KINDS = [
    keras.Operation,
    keras.DTypePolicy,
    keras.initializers.Initializer,
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
    keras.Optimizer,
    keras.optimizers.OptimizerMap,
    keras.random.SeedGenerator,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.Loss,
    keras.Metric,
    keras.Quantizer,
    keras.quantizers.QuantizationConfig,
]
# Layers that call any function of Keras or bring a program of their own.
REFUSED = {"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}
VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__bytes__"}
FUNCTIONS = {  # an activation, a loss and a metric may be a function
    name
    for module in (keras.activations, keras.losses, keras.metrics)
    for name in set(vars(module)) - {"get", "serialize", "deserialize"}
}
LARGEST = 2**31  # bytes of a .keras file when it is unpacked, and of the arrays of weights
# Bytes of the description in it. Those of the models that come with the book have 32,000 at most,
# that of the largest network in keras.applications a million: decoding takes a hundred times more.
LONGEST = 2**22
PACKED = 100  # times as many bytes as in its file may an array of weights have, if it is compressed
DIGITS = [(784,), (28, 28), (28, 28, 1), (1, 28, 28)]  # inputs that are an image of MNIST
DIVERGED = "gives no finite numbers: its training diverged. Train it again, at a lower rate."


def load_model(path, diverged=False, **options):
    """Return the Keras model in a file, or end the program with one line.

    options: those of keras.saving.load_model. Refuses what refuse_strange_kinds refuses, and,
    unless diverged ones are welcome, a network that gives no finite numbers.
    """
    path = Path(path)
    try:
        refuse_strange_kinds(path)
        model = keras.saving.load_model(path, **options)
        if not getattr(model, "inputs", None):
            raise ValueError("it was never built: nothing is known of its inputs")
        good = diverged or is_finite(model)
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        fail(explain_load_error(path, error))
    return model if good else fail(f"{path} {DIVERGED}")


def reads_digits(model):
    """Tell whether a model takes images of MNIST, in whatever shape, and gives ten numbers."""
    inputs = [(None, *shape) for shape in DIGITS]
    return model.input_shape in inputs and model.output_shape == (None, 10)


def is_finite(model):
    """Tell whether the weights are finite numbers, and what comes out for an input of ones, too.

    Large weights may be finite, and their products not.
    """
    numbers = list(model.weights)
    inputs = getattr(model, "inputs", None) or []  # a model that was never built has none
    if len(inputs) == 1 and None not in inputs[0].shape[1:] and "float" in inputs[0].dtype:
        outputs = model(np.ones((1, *inputs[0].shape[1:]), "float32"), training=False)
        numbers += keras.tree.flatten(outputs)
    return all(np.isfinite(ops.convert_to_numpy(array)).all() for array in numbers)


def refuse_strange_kinds(path):
    """Raise ValueError if a model file describes anything but layers and what belongs to them.

    Known are the kinds of Keras and those that a script has registered. Keras itself would also
    call other functions of its own while it builds the model, and some of these write files.
    """
    known = list(KINDS)
    for kind in known:
        known += kind.__subclasses__()  # which are visited, too
    known = {kind.__name__ for kind in known} - REFUSED
    parts = read_description(path)
    for part in parts:  # which grows while it is searched
        values = part.values() if isinstance(part, dict) else part
        parts += [value for value in values if isinstance(value, dict | list)]
        if isinstance(part, list) or "class_name" not in part:
            continue
        kind, config = part["class_name"], part.get("config")
        allowed, name = (FUNCTIONS, config) if kind == "function" else (known | VALUES, kind)
        names = [name] if kind == "function" else [name, part.get("registered_name")]
        if name not in allowed and not any(map(keras.saving.get_registered_object, names)):
            raise ValueError(f"it asks for {name}, which is not a layer of Keras or of this book")


def read_description(path):
    """Return the parts of a model file, or of a JSON file, that say of what the model consists."""
    read_bytes(path, 0)  # which refuses a named pipe
    if path.suffix == ".json":
        return [read_json(path)]
    if not path.name.endswith(".keras"):  # as Keras asks: it may be called just that
        with h5py.File(path) as file:
            refuse_strange_arrays(file)
            texts = [file.attrs.get(name, "{}") for name in ("model_config", "training_config")]
        return [decode(text) for text in texts]
    with zipfile.ZipFile(path) as file:
        if sum(part.file_size for part in file.infolist()) > LARGEST:
            raise ValueError(f"unpacked it would have more than {LARGEST:,} bytes")
        if any(name.startswith("/") or ".." in name.split("/") for name in file.namelist()):
            raise ValueError("unpacked it would write outside of its folder")
        with file.open("model.weights.h5") as part, h5py.File(part) as weights:
            refuse_strange_arrays(weights)
        return [decode(file.open("config.json").read(LONGEST + 1))]


def decode(text):
    """Return a description in JSON as a value; a ValueError says that it is none, or too long."""
    if len(text) > LONGEST:
        raise ValueError(f"its description has more than {LONGEST:,} bytes")
    return json.loads(text)


def refuse_strange_arrays(file):
    """Raise ValueError if weights, an HDF5 file, lie in other files or far exceed their own.

    Keras looks at an array when it loads it: by then HDF5 has opened the file that a link names.
    """
    links, arrays = [], []
    file.visititems_links(lambda _, link: links.append(link))
    file.visititems(lambda _, item: arrays.append(item))  # which follows no link
    arrays = [item for item in arrays if isinstance(item, h5py.Dataset)]
    whole = all(isinstance(link, h5py.HardLink) for link in links)
    if not whole or any(array.external or array.is_virtual for array in arrays):
        raise ValueError("its weights lie in another file")
    if sum(array.nbytes for array in arrays) > min(LARGEST, PACKED * file.id.get_filesize()):
        raise ValueError("its weights would take far more memory than the file has bytes")


def explain_load_error(path, error):
    """Return in one line why a model could not be loaded: the file, and what is wrong with it."""
    if not path.exists():
        return f"there is no {path}"
    reason = first_line(error)[:200]
    if path.name.endswith(".keras") and path.is_file():
        try:
            with zipfile.ZipFile(path) as file:
                about = file.open("metadata.json").read(LONGEST)
                written_by = printable(json.loads(about)["keras_version"])[:20]
        except (OSError, zipfile.BadZipFile):
            return (
                f"{path} is not a .keras file, or only a part of one (it is not a whole zip file)"
            )
        except Exception:  # of many kinds
            return f"{path} is a zip file, but not one that Keras has written"
        if written_by != keras.version():
            return f"{path} was written by Keras {written_by}, this is {keras.version()}: {reason}"
    return f"cannot load {path}: {reason}"
