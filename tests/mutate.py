"""Machinery of the tests: do they notice if a line that carries meaning is wrong?

    python tests/mutate.py                         # all mutants, hours
    python tests/mutate.py tests/mutants/text.toml  # those of one room
    python tests/mutate.py tests/mutants/text.toml 3 5    # its third and its fifth

Each mutant is one change of one file, in a copy of the project, against the tests that it names.
One that no test notices lives; its phrase says what would then be wrong for a reader.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "outputs", "__pycache__", ".*cache")


def dies(mutant, folder):
    """Tell whether the named tests, in a copy of the project, fail with this change."""
    path = folder / mutant["file"]
    text = path.read_text(encoding="utf-8")
    if text.count(mutant["old"]) != 1:
        sys.exit(f"{mutant['file']}: not once in it: {mutant['old']}")
    path.write_text(text.replace(mutant["old"], mutant["new"]), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", *mutant["tests"]]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, timeout=1800)
    finally:
        path.write_text(text, encoding="utf-8")
    if run.returncode not in (0, 1):
        sys.exit(run.stdout.decode())
    return run.returncode == 1


def main(argv):
    paths = argv[:1] or sorted((ROOT / "tests" / "mutants").glob("*.toml"))
    texts = [Path(path).read_text(encoding="utf-8") for path in paths]
    mutants = [one for text in texts for one in tomllib.loads(text)["mutant"]]
    if argv[1:]:
        mutants = [mutants[int(number) - 1] for number in argv[1:]]
    dead = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "book"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        for mutant in mutants:
            died = dies(mutant, copy)
            dead += died
            print("dies " if died else "LIVES", mutant["file"], "-", mutant["says"], flush=True)
    print(f"{dead} of {len(mutants)} mutants die")


if __name__ == "__main__":
    main(sys.argv[1:])
