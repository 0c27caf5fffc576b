"""Machinery of the book: how many bytes of packages the service takes, and took with Keras.

    python book/timings/service_packages.py

Installs what the Dockerfile of the service installs into an empty environment, and what a service
with Keras and TensorFlow needs into another one. Prints the megabytes of each, without pip. Wants
the network, and a few minutes.
Chapter: serialization/operating/README.md#a-container
"""

from chapter import OUTPUTS

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from utils.options import make_parser
from utils.runs import ROOT, make_folder, save_results

KERAS = "numpy|pillow|flask|waitress|prometheus-client|keras|tensorflow-cpu"


def measure(names):
    """Return the megabytes of packages, "one|two|three", with all that they bring."""
    lines = (ROOT / "requirements-student.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if re.match(f"({names})[<>=]", line)]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (Path(folder) / "wanted.txt").write_text("\n".join(wanted), encoding="utf-8")
        python = next(Path(folder).glob("*/python*"))
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        subprocess.run([*command, "--requirement", f"{folder}/wanted.txt"], check=True)
        (packages,) = Path(folder).rglob("site-packages")
        size = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()) / 1e6
    print(f"{size:.0f} MB: {names}", flush=True)
    return size


def main(argv=None):
    parser = make_parser("Measure the packages of the service.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    dockerfile = ROOT / "serialization" / "operating" / "Dockerfile"
    (names,) = re.findall(r"grep -E '\^\((.+)\)", dockerfile.read_text(encoding="utf-8"))
    results = {"light_mb": measure(names), "keras_mb": measure(KERAS)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
