"""Machinery of the book: the options of recurrent layers on each back end of Keras.

    python book/recurrent_backends.py

Runs rnn/cells/costs.py on TensorFlow, JAX and PyTorch, in a process each. Needs jax and torch.
"""

from chapter import OUTPUTS, ROOT

import json
import os
import subprocess
import sys

from utils.options import make_parser
from utils.runs import fail, make_folder, save_results

BACKENDS = ["tensorflow", "jax", "torch"]


def main(argv=None):
    parser = make_parser("Recurrent layers on each back end.", OUTPUTS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    results = {}
    for backend in BACKENDS:
        script, run = ROOT / "rnn" / "cells" / "costs.py", folder / backend
        command = [sys.executable, str(script), "--outputs", str(run)]
        if subprocess.run(command, env=os.environ | {"KERAS_BACKEND": backend}).returncode:
            fail(f"the script ended with an error on {backend}")
        measured = json.loads((run / "results.json").read_text(encoding="utf-8"))
        results[backend] = measured["milliseconds"]
        results[backend]["version"] = measured["provenance"]["backend"]
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
