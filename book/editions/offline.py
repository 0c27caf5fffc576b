"""Machinery of the book: all packages for a class whose computers have no network.

    pip install -r book/requirements.txt
    python book/editions/offline.py --system windows --python 3.12 --folder wheels

Downloads what requirements-student.txt needs for a system, in the versions of constraints.txt, and
says how to install it there. Carry the folder and the project on a stick. A minute or more, and up
to 700 MB.
"""

from chapter import ROOT

import argparse
import subprocess
import sys
from pathlib import Path

from utils.runs import fail

# What pip calls the computers of each system; a package has files for one of these.
PLATFORMS = {
    "linux": ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_27_x86_64"]
    + ["manylinux_2_28_x86_64", "manylinux_2_34_x86_64"],
    "macos": [f"macosx_{version}_0_arm64" for version in range(11, 16)],
    "windows": ["win_amd64"],
}
LIST = "requirements-student.txt"


def main(argv=None):
    parser = argparse.ArgumentParser(description="Collect packages for computers without network.")
    parser.add_argument("--system", choices=PLATFORMS, required=True)
    parser.add_argument("--python", choices=["3.11", "3.12", "3.13"], default="3.12")
    parser.add_argument("--folder", type=Path, default=Path("wheels"))
    args = parser.parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    chosen = args.folder / "packages.txt"
    # pip would ask of each package what it needs on this computer, not on the other.
    resolve = ["uv", "pip", "compile", "--quiet", "--python-platform", args.system]
    resolve += ["--python-version", args.python, "--constraint", ROOT / "constraints.txt"]
    resolve += ["--output-file", chosen, ROOT / LIST]
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    download += ["--only-binary", ":all:", "--python-version", args.python, "--dest", args.folder]
    download += [part for name in PLATFORMS[args.system] for part in ("--platform", name)]
    for command in (resolve, [*download, "--requirement", chosen]):
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            fail("not all packages could be downloaded, for the reasons above")
    files = sorted(args.folder.glob("*.whl"))
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{len(files)} files, {size:.0f} MB, for Python {args.python} on {args.system}. There:")
    python = f"py -{args.python}" if args.system == "windows" else f"python{args.python}"
    activate = (
        r".venv\Scripts\activate" if args.system == "windows" else "source .venv/bin/activate"
    )
    print(f"    {python} -m venv .venv")
    print(f"    {activate}")
    print(f"    pip install --no-index --find-links {args.folder.name} -r {LIST}")
    return files


if __name__ == "__main__":
    main()
