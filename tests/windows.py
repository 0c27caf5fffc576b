"""Machinery of the tests: on Linux, a script may do with files only what Windows would let it do.

Python tells a hook of each file that is opened, replaced or removed, and of each process started.
What compiled code opens (HDF5, TensorFlow) goes unseen until it is replaced or removed.
"""

import contextlib
import os
import re
import sys
from collections import Counter
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parent.parent
DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(10)
}
LONGEST = 259  # characters of a path
FOLDER = r"C:\Users\a_rather_long_name\Documents\keras-tutorial-main"  # of a reader's project
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def problem(name):
    """Return what Windows has against the name of a file or of a folder, None if nothing."""
    if re.search(r'[<>:"|?*\\\x00-\x1f]', name):
        return f"{name!r} has a character that Windows does not allow"
    if name.endswith((".", " ")):
        return f"{name!r} ends with a dot or a blank"
    if name.partition(".")[0].lower() in DEVICES:
        return f"{name!r} is the name of a device"
    return None


def problems(paths, folder=FOLDER):
    """Return what Windows has against paths, as text from a folder, which is that of the project.

    Two that differ in capitals would be one file; a folder counts, too.
    """
    found = [problem(name) for name in {part for path in paths for part in PurePath(path).parts}]
    places = {str(place) for path in paths for place in (path, *PurePath(path).parents)}
    lower = Counter(map(str.lower, places))
    found += [f"{path} is there in other capitals" for path in places if lower[path.lower()] > 1]
    found += [f"{path} is too long" for path in paths if len(folder) + 1 + len(path) > LONGEST]
    return [*filter(None, found)]


def is_open(path):
    """Tell whether this process has a file open, or in its memory. path: a real one."""
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the folder, which has been read
            if one.readlink() == path:
                return True
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    return f" {path}\n" in mapped


def of_a_script(frame, through_others):
    """Tell whether a script of the project is at work, and no test.

    through_others: also where it has called another package, which may know on which system it is.
    """
    while frame:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts:
            return path.relative_to(ROOT).parts[0] != "tests"
        if "site-packages" in path.parts and not through_others:
            return False
        frame = frame.f_back
    return False


def refuse(event, given):
    """Raise an OSError where a script does what Windows would refuse; for `sys.addaudithook`.

    Tests may do it by themselves: what they try out is often what no system should be asked.
    """
    made, gone, folder = [], [], -1
    if event == "os.mkdir" or (event == "open" and (given[2] or 0) & WRITES):
        made = given[:1]
    elif event == "os.rename":
        made, gone, folder = given[1:2], given[:2], given[2]
    elif event == "os.remove":
        gone, folder = given[:1], given[1]
    if not (made or gone) or not of_a_script(sys._getframe(1), through_others=not gone):
        return
    for name in made:  # an open file may be named by its number
        if not isinstance(name, int) and (reason := problem(PurePath(os.fsdecode(name)).name)):
            raise OSError(f"Windows: {reason}")
    for name in gone:
        within = Path() if folder == -1 else Path(f"/proc/self/fd/{folder}").readlink()
        path = within / os.fsdecode(name)
        if is_open(path.parent.resolve() / path.name):
            raise PermissionError(f"Windows: {name} is open")
