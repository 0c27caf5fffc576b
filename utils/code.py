"""The code of a run: what a reader may have edited, kept with the results, and compared.

Chapter: reference/README.md#comparing-your-runs
"""

import contextlib
import difflib
import hashlib
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the project's folder
KEPT = ".code.zip"  # in the folder of a run: a copy of its code
TEXTS = {}  # of each file of the project that was loaded, as it was then


def remember_code():
    """Read what modules of the project are loaded: a file may be edited while its run goes on."""
    for module in [*sys.modules.values()]:
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and file.endswith(".py") and file not in TEXTS:
            TEXTS[file] = None  # for all that is not of the project
            with contextlib.suppress(OSError, ValueError):
                path = Path(file).resolve().relative_to(ROOT).as_posix()
                TEXTS[file] = path, Path(file).read_text(encoding="utf-8")


def read_code(script):
    """Return {path: text} of a script and the modules of its chapter that are loaded.

    script: its path. The paths are relative to the project's folder.
    """
    remember_code()
    chapter = Path(script).resolve().relative_to(ROOT).parts[0] + "/"
    return {path: text for path, text in filter(None, TEXTS.values()) if path.startswith(chapter)}


def keep_code(script, folder):
    """Write a copy of the same files to the folder of a run; return what tells versions apart.

    That is {path: the first digits of the text's SHA-256}.
    """
    code = sorted(read_code(script).items())
    with zipfile.ZipFile(folder / KEPT, "w", zipfile.ZIP_DEFLATED) as file:
        for path, text in code:
            file.writestr(path, text)
    return {path: hashlib.sha256(text.encode()).hexdigest()[:12] for path, text in code}


def edited(hashes, others):
    """Return the files that two runs have in common and that differ; hashes: as keep_code's."""
    return [path for path in hashes if hashes[path] != others.get(path, hashes[path])]


def changed_lines(path, folder, other):
    """Return how a file of the run in a folder differs from that of another: lines with + or -.

    Nothing where one of them has no copy of it.
    """
    texts = []
    for run in (other, folder):
        with contextlib.suppress(Exception), zipfile.ZipFile(run / KEPT) as file:  # if undamaged
            texts.append(file.read(path).decode().splitlines())
    if len(texts) < 2:
        return []
    lines = [*difflib.unified_diff(*texts, n=0, lineterm="")][2:]
    return [line for line in lines if line[0] in "+-"]
