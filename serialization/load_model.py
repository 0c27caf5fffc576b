"""Load a network in every form in which save_model.py has saved it, and compare.

    python serialization/load_model.py                            # the last run of save_model.py
    python serialization/load_model.py serialization/outputs/RUN  # another one
    python serialization/load_model.py FILE.keras                 # one file

Prints a table: what each form holds, its size, how long loading takes, by how much its predictions
differ from those of the original, and whether training can resume. About 10 seconds.

Chapter: serialization/README.md#loading
"""

from chapter import OUTPUTS

import io
import logging
import time
from pathlib import Path

import keras
import numpy as np

from serialization import forms
from serialization.answer import load_litert, load_onnx, load_tensorflow
from utils.options import make_parser
from utils.runs import fail, newest, printable, read_bytes
from utils.saving import explain_load_error, refuse_strange_kinds

logging.getLogger("absl").setLevel(logging.ERROR)  # five times the same remark on .h5

REPEATS = 5  # loads of each form; the fastest counts


def load_whole(path):
    return keras.saving.load_model(path)


def load_architecture(path):
    """The architecture from JSON, the weights from the file beside it."""
    model = keras.models.model_from_json(path.read_text(encoding="utf-8"))
    model.load_weights(path.parent / forms.WEIGHTS)
    return model


def load_weights(path):
    """The architecture from code: it must be the one that the weights were saved from."""
    model = forms.build_model()
    model.load_weights(path)
    return model


# File: how it is called in the table, how it is loaded, and whether it holds architecture, weights
# and optimizer.
FORMS = {
    forms.WHOLE: (".keras", load_whole, "AWO"),
    forms.LEGACY: (".h5, legacy", load_whole, "AWO"),
    forms.ARCHITECTURE: ("JSON + .weights.h5", load_architecture, "AWO"),
    forms.WEIGHTS: (".weights.h5, code", load_weights, "WO"),
    forms.SAVED_MODEL: ("SavedModel", load_tensorflow, "AW"),
    forms.LITERT: ("LiteRT", load_litert, "AW"),
    forms.ONNX: ("ONNX", load_onnx, "AW"),
}


def go_on(loaded):
    """Tell whether training can go on: is there a model, compiled, with an optimizer's state?"""
    if not isinstance(loaded, keras.Model):
        return "no"
    if loaded.compiled and int(loaded.optimizer.iterations):
        return "yes"
    return "after compile"


def measure(path, probe=None):
    """Load a file several times; return a row of the table. Raises what the loader raises."""
    form, load, holds = FORMS.get(path.name) or FORMS[by_suffix(path)]
    if load in (load_whole, load_architecture):
        refuse_strange_kinds(path)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        loaded = load(path)
        seconds.append(time.perf_counter() - start)
    row = {"form": form, "holds": holds, "bytes": forms.size(path), "load_ms": 1000 * min(seconds)}
    if form.startswith("JSON"):
        row["bytes"] += forms.size(path.parent / forms.WEIGHTS)
    if probe:
        predict = loaded.predict_on_batch if isinstance(loaded, keras.Model) else loaded
        difference = np.asarray(predict(probe["inputs"])) - probe["predictions"]
        row["difference"] = float(np.abs(difference).max())
    return row | {"go_on": go_on(loaded)}


def by_suffix(path):
    """Return the form of a file by the end of its name."""
    for name in (forms.WEIGHTS, forms.WHOLE, forms.LEGACY, forms.LITERT, forms.ONNX):
        if path.name.endswith(name.removeprefix("model")):
            return name
    return forms.SAVED_MODEL if path.is_dir() else forms.WHOLE


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
    try:
        with np.load(io.BytesIO(read_bytes(folder / forms.PROBE))) as arrays:
            probe = dict(arrays)
    except Exception as error:  # numpy raises many kinds for a file that is damaged
        fail(explain_load_error(folder / forms.PROBE, error))
    rows = []
    for name in FORMS:
        try:
            rows.append(measure(folder / name, probe))
            show(rows[-1])
        except ImportError as error:
            print(f"{FORMS[name][0]:19} skipped: not installed: {error.name}")
        except Exception as error:  # each library raises its own kinds
            reason = printable(explain_load_error(folder / name, error))
            print(f"{FORMS[name][0]:19} skipped: {reason}")
    return rows


def newest_run():
    """Return the folder of the last run of save_model.py; None if there is none."""
    probe = newest(OUTPUTS.glob(f"*/{forms.PROBE}"))
    return probe and probe.parent


def main(argv=None):
    parser = make_parser("Load a model in each of its forms.")
    parser.add_argument("path", type=Path, nargs="?", help="a run of save_model.py, or one file")
    path = parser.parse_args(argv).path or newest_run()
    if path is None:
        fail("nothing was saved yet: python serialization/save_model.py")
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
