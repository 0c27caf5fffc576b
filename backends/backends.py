"""Machinery of the book: the same three scripts on each back end of Keras, one after the other.

    pip install jax torch
    python book/backends.py

Measures the seconds of each whole process, the imports included, and the accuracy that it
reaches. About ten minutes; nothing else should run meanwhile.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from measure import run_main

BACKENDS = ["tensorflow", "jax", "torch"]
# Name of a script, its command, where its results hold the accuracy.
SCRIPTS = {
    "xor": ("xor/xor.py", ["accuracy"]),
    "churn": ("mlp/mlp_data_split.py", ["results", "neural_network", "accuracy"]),
    "mnist": (
        "mnist/mnist.py -m conv_net --epochs 3",
        ["models", "conv_net", "test", "accuracy"],
    ),
}


def run(backend, command, keys, folder):
    """Run one script in a process of its own; return its seconds, accuracy and back end."""
    os.environ["KERAS_BACKEND"] = backend
    start = time.perf_counter()
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        results = pool.submit(run_main, command, folder).result()
    seconds = time.perf_counter() - start
    version = results["provenance"]["backend"]
    for key in keys:
        results = results[key]
    return {"seconds": seconds, "accuracy": results, "version": version}


def main(argv=None):
    """Return {back end: {script: seconds, accuracy and version}}."""
    parser = argparse.ArgumentParser(description="The same scripts on each back end.")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--outputs", type=Path, default=Path(tempfile.mkdtemp()))
    args = parser.parse_args(argv)
    measured = {}
    for backend in args.backends:
        measured[backend] = {
            name: run(backend, *script, args.outputs / backend / name)
            for name, script in SCRIPTS.items()
        }
    for backend, scripts in measured.items():
        for name, one in scripts.items():
            print(f"{backend:12}{name:8}{one['seconds']:8.1f} s  accuracy {one['accuracy']:.4f}")
    return measured


if __name__ == "__main__":
    main()
