"""Machinery of the book: how much is downloaded and kept by whoever installs it.

    python book/timings/sizes.py

Downloads the packages that a reader needs, the same with tensorflow in place of tensorflow-cpu, and
those that the tests add, and installs them into fresh environments. Files what the downloads and
the environments take. Some minutes, nearly all of them download; on Linux and macOS only.
Chapter: README.md#installing
"""

from chapter import OUTPUTS, ROOT

import platform
import shlex
import subprocess
import sys

from utils.options import make_parser
from utils.runs import fail, make_folder, save_results

STUDENT = (ROOT / "requirements-student.txt").read_text(encoding="utf-8")
WITH_TESTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
LISTS = {
    "reader": STUDENT,
    "reader_with_tensorflow": STUDENT.replace("tensorflow-cpu", "tensorflow"),
    "with_tests": STUDENT + WITH_TESTS.replace("-r requirements-student.txt", ""),
}
COMMANDS = """
{python} -m venv {folder}/venv
{folder}/venv/bin/pip download --quiet --no-cache-dir --requirement {list} --dest {folder}/wheels
{folder}/venv/bin/pip install --quiet --no-index --find-links {folder}/wheels --requirement {list}
"""


def size(folder):
    """Return the bytes of all files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def main(argv=None):
    parser = make_parser("How much is downloaded and kept.", OUTPUTS)
    outputs = make_folder(parser.parse_args(argv).outputs)
    results = {"system": f"{platform.system()} {platform.machine()}"}
    for name, text in LISTS.items():
        folder = outputs / name
        folder.mkdir()
        (folder / "list.txt").write_text(text, encoding="utf-8")
        places = {"python": sys.executable, "folder": folder, "list": folder / "list.txt"}
        for line in COMMANDS.strip().splitlines():
            command = [part.format(**places) for part in shlex.split(line)]
            if subprocess.run(command).returncode:
                fail(f"this failed: {shlex.join(command)}")
        found = {"download": size(folder / "wheels") / 1e9, "disk": size(folder / "venv") / 1e9}
        print("{}: {download:.2f} GB to download, {disk:.2f} on the disk".format(name, **found))
        results[name] = found
    return save_results(results, outputs, __file__, argv)


if __name__ == "__main__":
    main()
