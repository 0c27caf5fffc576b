"""Look whether this computer is ready for the book, and say in words what to do if it is not.

    python backends/environment.py

You will see a line for Python, the packages, the back end, the memory, the disk, the data, and for
some short trainings, which also tell how fast this computer is beside the one that measured the
book's seconds. What is not right is marked, and the line below says what helps. The status is 1 if
anything is. Needs none of the packages to start; takes some ten seconds.
Chapter: TROUBLESHOOTING.md#let-the-book-look
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import argparse
import importlib
import os
import platform
import shutil
import sys
import time
from importlib import metadata
from statistics import median

from utils.files import load_results
from utils.runs import ROOT, first_line

PROJECT = ROOT
PYTHONS = [(3, 11), (3, 12), (3, 13)]  # those that the tests run with
MEMORY = 2.0  # GiB that the dearest chapter takes, with some room
DISK = 1.0  # GiB for what the runs write
IMAGES = 2560  # of a short training, 20 batches
INSTALL = "pip install -r requirements-student.txt"
KNOWN = f"{INSTALL} -c constraints.txt"  # versions that worked together


def look_at_python():
    """Return what is said of Python and, if it is not right, what to do."""
    version, bits = sys.version_info[:2], platform.architecture()[0]
    found = f"Python {platform.python_version()}, {bits}, on {platform.system()}"
    if version not in PYTHONS or bits != "64bit":
        return found, "Delete .venv, and make it with a 64-bit Python 3.11, 3.12 or 3.13."
    if sys.prefix == sys.base_prefix != os.environ.get("CONDA_PREFIX"):
        activate = r".venv\Scripts\activate" if os.name == "nt" else "source .venv/bin/activate"
        return f"{found}, no virtual environment", f"Activate it: {activate}"
    return f"{found}, in the environment {sys.prefix}", None


def requirements(*names):
    """Return what lists of packages of the project ask for."""
    from packaging.requirements import Requirement

    text = "\n".join((PROJECT / name).read_text(encoding="utf-8") for name in names)
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-r ")]


def look_at_packages():
    """Compare the installed packages with those that the scripts need."""
    try:
        wanted = requirements("requirements-student.txt")
    except ImportError:  # packaging comes with Keras
        return "the packages are not installed", f"In the project's folder: {INSTALL}"
    found = {one.name.replace("_", "-").lower(): one.version for one in metadata.distributions()}
    if found.keys() >= {"tensorflow", "tensorflow-cpu"}:
        again = f"pip uninstall --yes tensorflow tensorflow-cpu, and then: {INSTALL}"
        return "packages: tensorflow and tensorflow-cpu overwrite each other", again
    found.setdefault("tensorflow-cpu", found.get("tensorflow"))  # that for GPUs is as good
    wanted = [one for one in wanted if not one.marker or one.marker.evaluate()]
    missing, wrong = [one.name for one in wanted if not found.get(one.name)], []
    for name, right in ((one.name, one.specifier) for one in wanted if one.name not in missing):
        if not right.contains(found[name], prereleases=True):
            wrong.append(f"{name} {found[name]} instead of {right}")
    if missing or wrong:
        found = [f"{', '.join(missing)} missing"] * bool(missing) + wrong
        return f"packages: {'; '.join(found)}", f"{INSTALL}, or the versions that we had: {KNOWN}"
    return f"all {len(wanted)} packages that the scripts need", None


def look_at_back_end():
    """Import Keras, and with it the back end."""
    try:
        keras = importlib.import_module("keras")
        name = keras.config.backend()
        library = importlib.import_module(name)
    except Exception as error:  # whatever a broken installation raises
        found = f"Keras does not start: {first_line(error)}"
        if "DLL" in str(error):  # of Windows
            return found, "See TROUBLESHOOTING.md, DLL load failed."
        return found, f"Look at KERAS_BACKEND and .keras/keras.json; if they are right: {KNOWN}"
    return f"Keras {keras.version()} on {name} {library.__version__}", None


def look_at_memory():
    """Ask how much memory is free."""
    try:
        import psutil
    except ImportError:
        return "memory: not looked at, psutil is missing", INSTALL
    free = psutil.virtual_memory().available / 2**30
    advice = "Close other programs, or give the scripts --train-samples 20000."
    return (
        f"{os.cpu_count()} cores, {free:.1f} GiB of memory free",
        advice if free < MEMORY else None,
    )


def look_at_disk():
    """Ask how much room the project's folder has."""
    free = shutil.disk_usage(PROJECT).free / 2**30
    found = f"{free:.1f} GiB of disk free"
    if not os.access(PROJECT, os.W_OK):
        return f"{found}, the folder cannot be written to", "Copy the project to a folder of yours."
    return found, "Delete the runs in the chapters' outputs/." if free < DISK else None


def look_at_data():
    """Load the digits: a clone or an archive may be incomplete."""
    try:
        import numpy as np

        with np.load(PROJECT / "assets" / "data" / "mnist.npz") as arrays:
            images = sum(len(arrays[name]) for name in arrays if name.startswith("x_"))
    except ImportError:
        return "data: not looked at, numpy is missing", INSTALL
    except Exception as error:  # zip, numpy and the disk raise many kinds
        return f"the digits cannot be read ({error})", "Get the project once more."
    return f"{images:,} digits", None


def training_speed():
    """Train a convolutional network on noise, five times; return images a second, the last loss.

    The speed is the median. A single time of less than a second may be off by half.
    """
    import keras
    import numpy as np

    from mnist.models import MODELS

    model = MODELS["conv_net"]()
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    x = np.random.default_rng(0).random((IMAGES, 28, 28, 1), dtype="float32")
    y = keras.utils.to_categorical(np.arange(IMAGES) % 10, 10)
    model.fit(x[:128], y[:128], batch_size=128, verbose=0)  # builds and compiles it
    times = []
    for _ in range(5):
        start = time.perf_counter()
        history = model.fit(x, y, batch_size=128, verbose=0).history
        times.append(time.perf_counter() - start)
    return IMAGES / median(times), history["loss"][-1]


def look_at_training():
    """Compare the speed of short trainings with that of the book's computer."""
    try:
        speed, loss = training_speed()
    except ImportError:
        return "training: not tried, something above is missing", "First mend what is marked above."
    except Exception as error:  # such as a back end that cannot train, or a GPU without a driver
        advice = "Look at the back end above. KERAS_BACKEND may be tensorflow, jax or torch."
        return f"a training fails: {first_line(error)}", advice
    found = f"a training reads {speed:,.0f} images a second"
    if not loss < 100:  # nor NaN
        return f"{found}, but its loss is {loss}", f"Something computes wrongly: {KNOWN}"
    try:
        ours = load_results("machine_speed")["images_per_second"]  # of the book's computer
        return f"{found}: a minute of the book takes about {60 * ours / speed:.0f} s here", None
    except (OSError, ValueError, KeyError):
        return found, None


def main(argv=None):
    """Print what each look finds; return it, and what to do about it, by the name of the look."""
    argparse.ArgumentParser(description="Is this computer ready for the book?").parse_args(argv)
    looks = {}
    for look in LOOKS:
        found, advice = looks[look.__name__.removeprefix("look_at_")] = look()
        print(f"{'  !  ' if advice else 'good '} {found}", flush=True)
        if advice:
            print(f"      {advice}")
    bad = sum(advice is not None for _, advice in looks.values())
    print(f"{bad} of {len(looks)} need something" if bad else "All is well.")
    if bad:
        sys.exit(1)
    return looks


LOOKS = [
    look_at_python,
    look_at_packages,
    look_at_back_end,
    look_at_memory,
    look_at_disk,
    look_at_data,
    look_at_training,
]

if __name__ == "__main__":
    main()
