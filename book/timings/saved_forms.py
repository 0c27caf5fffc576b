"""Machinery of the book: what the chapter on serialization states in numbers.

    python book/timings/saved_forms.py

Runs save_model.py and load_model.py, on XOR and on the network of the service, tries to load
unsafe files, compares sizes with and without the optimizer's state, and measures accuracy over
HTTP. About a minute; nothing else should run meanwhile, since loading is timed.
"""

from chapter import OUTPUTS

import subprocess
import sys

import keras
import numpy as np

from book.figures import browser
from serialization import load_model, trust
from serialization.rest import client
from utils.options import make_parser
from utils.runs import ROOT, make_folder, save_results

MODEL = ROOT / "assets" / "models" / "conv_net.keras"
SAVE_MODEL = ROOT / "serialization" / "save_model.py"


def forms(folder, *options):
    """Save a network in another process, load it here: the rows of the table, by form."""
    command = [sys.executable, str(SAVE_MODEL), "--outputs", str(folder), *options]
    subprocess.run(command, check=True)
    return {row.pop("form"): row for row in load_model.main([str(folder)])["rows"]}


def sizes(folder):
    """Return the bytes of the service's network: with the state of Adam, and without."""
    model = keras.saving.load_model(MODEL, compile=False)
    model.save(folder / "plain.keras")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.train_on_batch(np.zeros((1, *model.input_shape[1:])), np.zeros(1))
    model.save(folder / "adam.keras")
    return {name: (folder / f"{name}.keras").stat().st_size for name in ("plain", "adam")}


def main(argv=None):
    parser = make_parser("Measure for the chapter on serialization.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    results = {
        "xor": forms(folder / "xor"),
        "conv_net": forms(folder / "conv_net", "--model", str(MODEL)),
        "sizes": sizes(folder),
        "trust": trust.main(["--outputs", str(folder / "trust")]),
    }
    with browser.run_service() as address:
        results["service"] = client.main(["--accuracy", "--url", address])
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
