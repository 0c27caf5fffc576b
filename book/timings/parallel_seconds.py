"""Machinery of the book: what a second process gains or costs on this machine.

    python book/timings/parallel_seconds.py

Trains two models through backends/parallel.py, with one process and with two, and compares
the seconds of an epoch (the first, in which JAX compiles, left out) and the weights at the end.
Three minutes on two cores; needs JAX; nothing else may run meanwhile.
"""

from chapter import OUTPUTS, ROOT

import os
import subprocess
import sys

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import numpy as np
import pandas as pd

from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, make_folder, save_results

MODELS = ["mlp_one_layer", "conv_net"]
EPOCHS = 3
TRAIN_SAMPLES = 5_000


def measure(model, processes, folder):
    """Train once; return the seconds of an epoch and the weights at the end."""
    command = ["backends/parallel.py", "-m", model, "--processes", processes]
    command += ["--epochs", EPOCHS, "--train-samples", TRAIN_SAMPLES, "--outputs", folder]
    command = [sys.executable, *map(str, command)]
    if subprocess.run(command, cwd=ROOT).returncode:
        fail(f"{model} was not trained with {processes} processes.")
    seconds = pd.read_csv(folder / f"{model}_history.csv")["seconds"]
    return seconds[1:].median(), load_model(folder / f"{model}.keras").get_weights()


def main(argv=None):
    """Return {model: seconds by processes, their ratio, how far the weights are apart}."""
    parser = make_parser("Seconds of an epoch with one process and with two.", OUTPUTS)
    folder, results = make_folder(parser.parse_args(argv).outputs).resolve(), {}
    for model in MODELS:
        one, weights = measure(model, 1, folder / model / "1")
        two, others = measure(model, 2, folder / model / "2")
        apart = max(np.abs(a - b).max() for a, b in zip(weights, others, strict=True))
        results[model] = {"one": one, "two": two, "ratio": two / one, "weights_apart": float(apart)}
        results[model]["parameters"] = sum(array.size for array in weights)
        print(f"{model:16}{one:7.2f} s {two:7.2f} s  ratio {two / one:.2f}  apart {apart:.1e}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
