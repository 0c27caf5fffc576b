"""Machinery of the book: what the first minutes cost, in a fresh environment.

    python book/timings/opening.py

Makes a virtual environment, installs requirements-student.txt without pip's cache, and starts the
commands of the front page: the check, xor.py, and a convolutional network. Files the seconds of
each, and the memory that the hungriest process so far took. Some two minutes, much of it download;
nothing else should run meanwhile. On Linux and macOS only.
Chapter: README.md#one-command
"""

from chapter import OUTPUTS, ROOT

import resource
import shlex
import subprocess
import sys
import time

from utils.options import make_parser
from utils.runs import fail, make_folder, save_results

COMMANDS = {
    "environment": "-m venv {folder}/venv",
    "install": "-m pip install --quiet --no-cache-dir --requirement requirements-student.txt",
    "check": "-c 'import keras'",
    "xor": "xor/xor.py --outputs {folder}/xor",
    "conv_net": "mnist/mnist.py -m conv_net --epochs 3 --outputs {folder}/mnist",
}
UNIT = 2**30 if sys.platform == "darwin" else 2**20  # macOS counts bytes, Linux KiB


def main(argv=None):
    parser = make_parser("What the first minutes cost.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    python, results = sys.executable, {"seconds": {}, "peak_gib": {}}
    for name, arguments in COMMANDS.items():
        command = [python, *(part.format(folder=folder) for part in shlex.split(arguments))]
        start = time.perf_counter()
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
            fail(f"this failed: {shlex.join(command)}")
        results["seconds"][name] = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / UNIT
        results["peak_gib"][name] = peak
        python = str(folder / "venv" / "bin" / "python")
        print(f"{name:12} {results['seconds'][name]:6.1f} s, {peak:.2f} GiB", flush=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
