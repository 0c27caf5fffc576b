"""Machinery of the book: what the chapter on serialization states in numbers.

    python book/serialization.py

Runs save_model.py and load_model.py, on XOR and on the network of the service, tries to load
unsafe files, compares sizes with and without the optimizer's state, and measures accuracy over
HTTP. About a minute; nothing else should run meanwhile, since loading is timed.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "serialization"
sys.path[:0] = [str(ROOT / "book"), str(FOLDER), str(FOLDER / "rest")]

import keras  # noqa: E402
import numpy as np  # noqa: E402

import browser  # noqa: E402
import client  # noqa: E402
import load_model  # noqa: E402
import trust  # noqa: E402

MODEL = FOLDER / "rest" / "conv_net.keras"


def forms(folder, *options):
    """Save a network in another process, load it here: the rows of the table, by form."""
    command = [sys.executable, str(FOLDER / "save_model.py"), "--outputs", str(folder), *options]
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
    parser = argparse.ArgumentParser(description="Measure for the chapter on serialization.")
    parser.add_argument("--outputs", type=Path, default=Path(tempfile.mkdtemp()))
    folder = parser.parse_args(argv).outputs
    results = {
        "xor": forms(folder / "xor"),
        "conv_net": forms(folder / "conv_net", "--model", str(MODEL)),
        "sizes": sizes(folder) | {"shipped": MODEL.stat().st_size},
        "trust": trust.main(["--outputs", str(folder / "trust")]),
    }
    with browser.run_service() as address:
        results["service"] = client.main(["--accuracy", "--url", address])
    return results


if __name__ == "__main__":
    main()
