"""Runs: their folder, their results with provenance, and their end in one line."""

import atexit
import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shlex
import sys
import time
from importlib.metadata import version
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

ROOT = Path(__file__).resolve().parent.parent  # the project's folder
RESULTS = ROOT / "assets" / "results"  # what the book's own runs have measured
NEW = "<start time>"  # as the last part of a path: a folder that make_folder names
STARTED = time.monotonic()  # this program; the clock may be set back
PACKAGES = ["keras", "numpy", "scikit-learn"]  # whose versions may change a result
KEPT = ".code.zip"  # in the folder of a run: a copy of its code
TEXTS = {}  # of each file of the project that was loaded, as it was then
LARGEST_JSON = 2**26  # bytes; the largest result of the book has 175,000
PASSWORD = re.compile(r"(://[^:/@\s]*:)\S*(?=@)|(password=)[^&'\"]+")


def fail(message):
    """End the program with one line, which begins with the script's name, and status 1."""
    sys.exit(f"{Path(sys.argv[0]).name}: {printable(message)}")


def printable(text):
    """Return a text from outside as one line in which no character can command a terminal."""
    line = re.sub(r"[^\S ]", " ", " ".join(str(text).splitlines()))
    return "".join(one if one.isprintable() else "?" for one in line)


def first_line(error):
    """Return the first line of an error, and the next one if it ends with a colon; or its kind."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first, *others = lines or [type(error).__name__]
    return f"{first} {others[0]}" if first.endswith(":") and others else first


@contextlib.contextmanager
def writing_to(folder):
    """End the program with one line if, within the with statement, a file cannot be written."""
    try:
        yield
    except TimeoutError:  # of the lock
        fail(f"another process is at work in {folder}. Wait for it, or choose another folder.")
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        fail(f"cannot write to {folder} ({reason}). Name another folder with --outputs.")


def make_folder(folder, locked=True):
    """Make the folder of a run and return it; None, and no folder, if it is None.

    One that is called NEW gets the start time as its name, such as 2026-11-24_15-04-05. A script
    ends at once if it cannot write there or, locked, if another process is at work there. A new
    folder that is still empty at the end is removed.
    """
    if folder is None:
        return None
    remember_code()
    with writing_to(folder := Path(folder)):
        str(folder).encode()  # HDF5 would not find a folder whose name is not UTF-8
        new = folder.name == NEW or not folder.exists()
        if folder.name == NEW:
            folder = make_new_folder(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        if new:
            atexit.register(remove_if_empty, folder)
        if locked:
            from filelock import FileLock  # not above: many only read, and it imports asyncio

            lock = FileLock(folder / ".lock", is_singleton=True)
            lock.acquire(blocking=False)
            atexit.register(unlock, lock)  # or when this process is killed
    return folder


def make_new_folder(parent):
    """Make a folder that bears the start time, and an ending if another run has that already."""
    start, number = time.strftime("%Y-%m-%d_%H-%M-%S"), 1
    while True:
        folder = parent / (start if number == 1 else f"{start}_{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
        number += 1


def unlock(lock):
    with contextlib.suppress(OSError):  # on Windows, release does it
        Path(lock.lock_file).unlink()
    lock.release(force=True)


def remove_if_empty(folder):
    with contextlib.suppress(OSError):  # it is not empty, or somebody else has removed it
        folder.rmdir()


def find_run(name, outputs):
    """Return the folder of a run, given as a path or as its name in the folder outputs."""
    return Path(name) if Path(name).is_dir() else outputs / name


def read_bytes(path, most=-1):
    """Return what a file holds, at most so many bytes."""
    path = Path(path)
    if path.exists() and not path.is_file():  # one would wait for whoever writes to a named pipe
        raise OSError(errno.EINVAL, "not a file", str(path))
    with path.open("rb") as file:
        return file.read(most)


@contextlib.contextmanager
def replacing(path):
    """Yield a path to write to; what was written there then takes path's place at once."""
    path = Path(path)
    partial = path.with_stem(f"{path.stem}_partial")
    try:
        yield partial
        with partial.open("rb+") as file:  # after a power cut there is the old file or the new one
            os.fsync(file.fileno())
        for wait in (0.1, 0.5, 2):  # on Windows, others may have the old one open for a moment
            with contextlib.suppress(PermissionError):
                partial.replace(path)
                return
            time.sleep(wait)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
        sync_names(path.parent)


def sync_names(folder):
    """Have the disk keep which files a folder holds, before others come to it."""
    with contextlib.suppress(OSError):  # Windows cannot
        number = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(OSError):
            os.fsync(number)
        os.close(number)


def read_json(path):
    """Return what a file in JSON holds; an OSError or a ValueError says why it cannot be read."""
    content = read_bytes(path, LARGEST_JSON + 1)
    if len(content) > LARGEST_JSON:
        raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def write_json(value, path):
    """Write a value as JSON that people can read and compare, whole or not at all."""
    text = json.dumps(value, indent=1, default=lambda value: value.tolist())  # of numpy
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def save_network(model, path):
    """Save a model as the file path, whole or not at all."""
    with replacing(path) as partial:
        model.save(partial)


def provenance(script, argv):
    """Return what a reader must know to repeat a run: command, versions, cores, and so on.

    script: its path; argv: its options, None if they are those of the command line.
    """
    path = Path(script).resolve().relative_to(ROOT).as_posix()
    command = shlex.join(["python", path, *map(str, sys.argv[1:] if argv is None else argv)])
    command = command.encode(errors="replace").decode()  # a path may not be UTF-8
    result = {"command": PASSWORD.sub(r"\1\2***", command)}
    result |= {"date": time.strftime("%Y-%m-%d"), "python": platform.python_version()}
    result |= {package: version(package) for package in PACKAGES}
    if "keras" in sys.modules:  # to import it only for this would take seconds
        name = sys.modules["keras"].config.backend()
        result["backend"] = f"{name} {sys.modules[name].__version__}"
    allowed = hasattr(os, "sched_getaffinity")  # where it is known, this process may have fewer
    return result | {"cores": len(os.sched_getaffinity(0)) if allowed else os.cpu_count()}


def save_results(results, folder, script, argv, args=None, then=None):
    """Write results.json with the provenance of the run, and return the results.

    folder: None to save nothing. script, argv: as for provenance. args: parsed, to keep settings.
    then: a command to type next; in place of RUN, and of its script, come their paths.
    """
    if folder is None:
        return results
    about = provenance(script, argv) | {"seconds": round(time.monotonic() - STARTED, 1)}
    if args:
        about["settings"] = settings_of(vars(args))
    with writing_to(folder):
        about["code"] = keep_code(script, folder)
        write_json(results | {"provenance": about}, folder / "results.json")
        names = sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
    print(f"In {shown(folder)}: {', '.join(names)}")
    if then:  # with slashes and double quotes, which all shells know
        path, *words = [word.replace("RUN", shown(folder).as_posix()) for word in then.split()]
        words = ["python", shown(ROOT / path).as_posix(), *words]
        print("Next:", *(f'"{word}"' if " " in word else word for word in words))
    return results


def settings_of(options):
    """Return a run's options, a dict, as JSON, but no seed or outputs; paths from the root."""
    kept = {key: value for key, value in options.items() if key not in ("seed", "outputs")}
    return json.loads(json.dumps(kept, default=lambda path: shown(path, ROOT).as_posix()))


def shown(path, here=None):
    """Return a path as short as the reader can use it: from here, or from where the shell is."""
    path, here = Path(path).resolve(), here or Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def remember_code():
    """Read what modules of the project are loaded: a file may be edited while its run goes on."""
    for module in [*sys.modules.values()]:
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and file.endswith(".py") and file not in TEXTS:
            TEXTS[file] = None  # for all that is not of the project
            with contextlib.suppress(OSError, ValueError):
                path = Path(file).resolve().relative_to(ROOT).as_posix()
                TEXTS[file] = path, Path(file).read_text(encoding="utf-8")


def keep_code(script, folder):
    """Copy a script, and the modules of its chapter that are loaded, to the folder of a run.

    Returns what tells versions apart: {path: the first digits of the text's SHA-256}.
    """
    remember_code()
    chapter = Path(script).resolve().relative_to(ROOT).parts[0] + "/"
    code = sorted(one for one in TEXTS.values() if one and one[0].startswith(chapter))
    with replacing(folder / KEPT) as partial, ZipFile(partial, "w", ZIP_DEFLATED) as file:
        for path, text in code:
            file.writestr(path, text)
    return {path: hashlib.sha256(text.encode()).hexdigest()[:12] for path, text in code}
