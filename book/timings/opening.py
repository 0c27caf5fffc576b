"""Machinery of the book: what the first minutes cost, in a fresh environment.

    python book/timings/opening.py

Makes a virtual environment, installs requirements.txt without pip's cache, and starts the commands
of the front page: the check, xor.py, and a convolutional network. Prints the seconds of each, the
memory that the hungriest process took, and the disk space. Some five minutes, much of it download;
nothing else should run meanwhile. On Linux and macOS only.
Chapter: README.md#one-command
"""

from chapter import OUTPUTS

import resource
import shlex
import subprocess
import sys
import time

from utils.options import make_parser
from utils.runs import ROOT, fail, make_folder, save_results

COMMANDS = {
    "environment": "-m venv {folder}/venv",
    "install": "-m pip install --quiet --no-cache-dir --requirement requirements.txt",
    "check": "-c 'import keras'",
    "xor": "xor/xor.py --outputs {folder}/xor",
    "conv_net": "mnist/mnist.py -m conv_net --epochs 3 --outputs {folder}/mnist",
}


def run(command):
    """Run a command, a list, from the project's folder and return its seconds."""
    start = time.perf_counter()
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
        fail(f"this failed: {shlex.join(command)}")
    return time.perf_counter() - start


def peak_gib():
    """Return the memory that the largest process so far took, in GiB."""
    unit = 2**30 if sys.platform == "darwin" else 2**20  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit


def main(argv=None):
    parser = make_parser("What the first minutes cost.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    python, results = sys.executable, {"seconds": {}, "peak_gib": {}}
    for name, arguments in COMMANDS.items():
        arguments = [part.format(folder=folder) for part in shlex.split(arguments)]
        results["seconds"][name] = run([python, *arguments])
        results["peak_gib"][name] = peak_gib()
        python = str(folder / "venv" / "bin" / "python")
        print(f"{name:12} {results['seconds'][name]:6.1f} s", flush=True)
    files = (path for path in (folder / "venv").rglob("*") if path.is_file())
    results["environment_gb"] = sum(path.lstat().st_size for path in files) / 1e9
    print(f"{results['peak_gib']['conv_net']:.2f} GiB of memory at most,", end=" ")
    print(f"{results['environment_gb']:.2f} GB on the disk")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
