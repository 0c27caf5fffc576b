"""A model file is a program: what it may do to you while you load it. Harmless to run.

    python serialization/trust.py

Writes files as a stranger might send them: with a Lambda layer, whose Python code lies in the
file; with a function of Python where Keras expects one of its own; with weights that are to be read
from another file on your disk; and a SavedModel that reads such a file. Loads each and says whether
it was refused. The files only print a line, or read a file of twelve letters that the script itself
has written. Then it shows how a checksum tells whether a file is the one that was published.
About 10 seconds.

Chapter: serialization/README.md#trusting-a-model-file
"""

from chapter import OUTPUTS

import hashlib
import importlib.util
import re
import zipfile

import h5py
import keras
import numpy as np
from keras import layers

from utils.options import make_parser
from utils.runs import first_line, make_folder, save_results

SECRET = "password: 42"  # its twelve bytes are as many as those of three float32
KERNEL = "layers/dense/vars/0"  # where a file of weights holds the kernel of the first Dense
# What config.json says of an activation, and what it says here in its place: os.getcwd.
ACTIVATION = b'"activation": "linear"'
FUNCTION = b'"activation": {"module": "os", "class_name": "function", "config": "getcwd"}'


def build_trap():
    """Return a network that does nothing but run code of its author whenever it is called.

    The code has to bring along all it needs, since only the body of the function is saved.
    """
    code = layers.Lambda(
        lambda x: (__import__("builtins").print("  > code from the file is running"), x)[1]
    )
    return keras.Sequential([keras.Input(shape=(2,)), code, layers.Dense(1)])


def build_plain():
    """Return a network whose only weights are three numbers."""
    return keras.Sequential([keras.Input(shape=(3,)), layers.Dense(1, use_bias=False)])


def report_refusal(error):
    """Print the part of an error that says why; return "refused"."""
    reason = re.search(r"(Requested|Could not locate|Not allowed)[^\n\[]*", str(error))
    print(f"  refused: {(reason[0] if reason else first_line(error))[:80].strip()} ...")
    return "refused"


def try_to_load(path, safe_mode):
    """Return "loaded" or "refused"."""
    print(f"{path.name}, safe_mode={safe_mode}:")
    try:
        keras.saving.load_model(path, safe_mode=safe_mode)
    except (ValueError, TypeError) as error:
        return report_refusal(error)
    print("  loaded")
    return "loaded"


def name_a_function(path):
    """Save a network whose description names a function that does not belong to Keras."""
    build_plain().save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["config.json"] = parts["config.json"].replace(ACTIVATION, FUNCTION)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)


def try_to_load_weights(path):
    """Return what HDF5 by itself reads as the kernel, and what Keras makes of the file."""
    print(f"{path.name}:")
    with h5py.File(path) as file:
        kernel = file[KERNEL][:].tobytes().decode()
    print(f"  HDF5 reads as the kernel: {kernel}")
    model = build_plain()
    try:
        model.load_weights(path)
    except ValueError as error:
        return {"hdf5": kernel, "keras": report_refusal(error)}
    print(f"  loaded, and the network's weights are: {model.get_weights()[0].tobytes().decode()}")
    return {"hdf5": kernel, "keras": "loaded"}


def point_at_file(path, secret):
    """Save weights of which the kernel is the first twelve bytes of another file."""
    build_plain().save_weights(path)
    with h5py.File(path, "r+") as file:
        del file[KERNEL]
        file.create_dataset(KERNEL, (3, 1), "float32", external=[(str(secret), 0, len(SECRET))])


def link_to_file(path, yours):
    """Save weights whose layers are a link to another file of weights, which is made here."""
    model = build_plain()
    model.save_weights(path)
    model.set_weights([np.frombuffer(SECRET.encode(), "float32").reshape(3, 1)])
    model.save_weights(yours)
    with h5py.File(path, "r+") as file:
        del file["layers"]
        file["layers"] = h5py.ExternalLink(str(yours), "layers")


def read_by_graph(folder, secret):
    """Save a SavedModel whose graph reads a file, load it, call it; return what it has read."""
    import tensorflow as tf

    module = tf.Module()
    module.serve = tf.function(lambda: tf.io.read_file(str(secret)), input_signature=[])
    tf.saved_model.save(module, folder)
    output = tf.saved_model.load(folder).serve().numpy().decode()
    print(f"{folder.name}, a SavedModel:\n  loaded, and its output is: {output}")
    return output


def compare_checksums(path):
    """Change one byte of a file and show what the checksum says."""
    content = bytearray(path.read_bytes())
    published = hashlib.sha256(content).hexdigest()
    content[len(content) // 2] ^= 1
    changed = path.with_name("changed.keras")
    changed.write_bytes(content)
    received = hashlib.sha256(changed.read_bytes()).hexdigest()
    print(f"published: {published}\nreceived:  {received}")
    return published == received


def main(argv=None):
    parser = make_parser("What a model file may do to you while you load it.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs).resolve()
    results = {}

    print("Building the network calls it, and so runs its code:")
    model = build_trap()
    for name in ("lambda.keras", "lambda.h5"):
        model.save(folder / name)
    name_a_function(folder / "function.keras")
    for name in ("lambda.keras", "lambda.h5", "function.keras"):
        for safe_mode in (True, False):
            results[f"{name} {safe_mode}"] = try_to_load(folder / name, safe_mode)

    secret = folder / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    point_at_file(folder / "pointing.weights.h5", secret)
    link_to_file(folder / "linked.weights.h5", folder / "yours.weights.h5")
    for name in ("pointing.weights.h5", "linked.weights.h5"):
        results[name] = try_to_load_weights(folder / name)
    if importlib.util.find_spec("tensorflow"):
        results["saved_model"] = read_by_graph(folder / "reading", secret)

    print("One byte changed on the way:")
    results["checksum_equal"] = compare_checksums(folder / "lambda.keras")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
