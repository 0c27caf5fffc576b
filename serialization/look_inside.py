"""Open a model file without Keras: a .keras file is a zip, and the weights in it are HDF5.

    python serialization/look_inside.py                  # the model of the web service
    python serialization/look_inside.py FILE.keras
    python serialization/look_inside.py FILE.h5

Prints what is in the file, the layers from config.json, and each array of weights with its
shape. A second or two.

Chapter: serialization/README.md#looking-inside
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import io
import json
import zipfile
from pathlib import Path

import h5py

from utils.options import make_parser
from utils.runs import ROOT, fail, printable, read_bytes

FILE = ROOT / "assets" / "models" / "conv_net.keras"
LARGEST = 2**31  # bytes; a file of some megabytes may unfold to many gigabytes
LONGEST = 2**24  # bytes of a description that are read


def show_layers(config):
    """Print the layers that config.json describes, each with its most telling settings."""
    for layer in config["config"]["layers"]:
        settings = layer["config"]
        told = [key for key in ("filters", "units", "kernel_size", "activation") if key in settings]
        told = ", ".join(f"{key} {settings[key]}" for key in told)
        print(printable(f"  {layer['class_name']:13} {told}"))


def show_arrays(file):
    """Print every array of an HDF5 file, layer by layer; return how many numbers they hold."""
    numbers = 0

    def show(name, item):
        nonlocal numbers
        if isinstance(item, h5py.Dataset):
            numbers += item.size
            print(printable(f"  {name:40} {item.dtype} {item.shape}"))

    file.visititems(show)
    return numbers


def look_into_zip(path):
    """Print the three parts of a .keras file; return how many numbers its weights are."""
    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST:
            raise ValueError(f"unpacked it would have more than {LARGEST:,} bytes")
        for part in parts.infolist():
            print(printable(f"{part.filename:20} {part.file_size:9,} bytes"))
        print("metadata.json:", printable(parts.open("metadata.json").read(LONGEST).decode()))
        print("config.json:")
        show_layers(json.loads(parts.open("config.json").read(LONGEST)))
        print("model.weights.h5:")
        with h5py.File(io.BytesIO(parts.read("model.weights.h5"))) as weights:
            return show_arrays(weights)


def main(argv=None):
    parser = make_parser("Look into a model file without Keras.")
    parser.add_argument("file", type=Path, nargs="?", default=FILE, help="a .keras or .h5 file")
    path = parser.parse_args(argv).file
    try:
        read_bytes(path, 1)  # or a named pipe would keep zipfile waiting
        if path.suffix == ".keras":
            numbers = look_into_zip(path)
        else:
            with h5py.File(path) as file:
                numbers = show_arrays(file)
    except Exception as error:  # zipfile, json and h5py each raise kinds of their own
        from utils.loading import explain_load_error  # only here: it brings Keras, after all

        fail(explain_load_error(path, error))
    print(f"{numbers:,} numbers")
    return {"numbers": numbers}


if __name__ == "__main__":
    main()
