"""The same scripts on each back end of Keras: how long do they take, how good are they?

    pip install jax torch
    python backends/backends.py
    python backends/backends.py --backends tensorflow jax  # without PyTorch
    python backends/backends.py --scripts lstm             # only a recurrent network

Runs each script as a reader does, in a process of its own, and measures the seconds of the whole
process, imports included, and the accuracy that it reached. You will see what the scripts print
and, at the end, a line for each, such as

    jax         churn       12.1 s  accuracy 0.8475

The scripts xor, churn and mnist take about eight minutes on two cores; nothing else should run
meanwhile.

Chapter: backends/README.md#back-ends
"""

from chapter import OUTPUTS

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from utils.options import make_parser
from utils.runs import fail, make_folder, save_results

FOLDER = Path(__file__).resolve().parent

BACKENDS = ["tensorflow", "jax", "torch"]
# A name for each script, its command, and where its results hold the accuracy.
SCRIPTS = {
    "xor": (["xor/xor.py"], ["accuracy"]),
    "churn": (["mlp/evaluation.py"], ["validation", "neural_network", "accuracy"]),
    "mnist": (
        ["mnist/mnist.py", "-m", "conv_net", "--epochs", "3"],
        ["models", "conv_net", "validation", "accuracy"],
    ),
    "lstm": (
        ["mnist/mnist.py", "-m", "lstm", "--epochs", "1"],
        ["models", "lstm", "validation", "accuracy"],
    ),
}


def check_installed(backends):
    """End the program with one line if a back end is missing."""
    for backend in backends:
        if find_spec(backend) is None:
            fail(f"there is no {backend}. Install it, or name the others with --backends.")


def run_script(backend, command, folder):
    """Run a script on a back end, with its files in the folder; return the seconds it took."""
    script, *options = command
    path = FOLDER.parent / script
    start = time.perf_counter()
    process = subprocess.run(
        [sys.executable, path, *options, "--outputs", folder],
        env=os.environ | {"KERAS_BACKEND": backend},
    )
    seconds = time.perf_counter() - start
    if process.returncode:
        fail(f"{script} ended with status {process.returncode} on {backend}")
    return seconds


def read_results(folder, keys):
    """Return the accuracy in the results.json of a run, and the back end's name and version."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    version = results["provenance"]["backend"]
    for key in keys:
        results = results[key]
    return results, version


def measure(backend, command, keys, folder):
    """Return how long a script takes on a back end, its accuracy and the back end's version."""
    seconds = run_script(backend, command, folder)
    accuracy, version = read_results(folder, keys)
    return {"seconds": seconds, "accuracy": accuracy, "version": version}


def main(argv=None):
    """Return {back end: {script: seconds, accuracy and version}}."""
    parser = make_parser("Runs the same scripts on each back end.", OUTPUTS)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--scripts", nargs="+", choices=SCRIPTS, default=list(SCRIPTS))
    args = parser.parse_args(argv)
    check_installed(args.backends)
    folder = make_folder(args.outputs)
    measured = {
        backend: {
            name: measure(backend, *SCRIPTS[name], folder / backend / name) for name in args.scripts
        }
        for backend in args.backends
    }
    for backend, scripts in measured.items():
        for name, one in scripts.items():
            print(f"{backend:12}{name:8}{one['seconds']:8.1f} s  accuracy {one['accuracy']:.4f}")
    return save_results(measured, folder, __file__, argv)


if __name__ == "__main__":
    main()
