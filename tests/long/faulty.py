"""Machinery of survive.py: run a script, count what it does to a folder, and let a fault happen.

A step is what a program does to the files of the folder: it opens one to write, writes, cuts,
syncs, renames or removes it. A fault comes before a step; if that writes, after the first half of
it. Python's own calls are watched; what SQLite and HDF5 do in C is not.
"""

import atexit
import builtins
import io
import os
import pickle
import shlex
import signal
import sys
import tempfile
import time
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOURS = 3  # by which the clock is set back
LIMIT = 400  # seconds of a run
ROWS = 200  # from which a training learns that is not resumed
FEW = 100  # images of MNIST that validate, to save time
DOT = bytes.fromhex(  # a PNG of one point
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000"
    "02000148afa4710000000049454e44ae426082"
)
open_file, sync_file = io.open, os.fsync


class Watch:
    """Keeps the steps in a folder. fault: what comes at step number at, a signal or "clock"."""

    def __init__(self, folder, at=None, fault=None):
        self.folder, self.at, self.fault, self.steps = os.path.realpath(folder), at, fault, []

    def name(self, path):
        """Return a path within the folder; "" if it is outside, or what locks or tries it."""
        path = os.path.realpath(path) if isinstance(path, str | os.PathLike) else ""
        inside = path.startswith(self.folder + os.sep) and not path.endswith((".lock", ".writable"))
        return path.removeprefix(self.folder + os.sep) if inside else ""

    def step(self, *step, half=lambda: None):
        self.steps.append(step)
        if len(self.steps) == self.at:
            half()
            if self.fault == "clock":
                set_clock_back()
            elif self.fault:
                os.kill(os.getpid(), self.fault)

    def begin(self):
        """Put watched functions in the place of Python's."""
        io.open = builtins.open = self.open
        os.fsync = self.sync
        for kind, names in {"move": ("replace", "rename"), "remove": ("remove", "unlink")}.items():
            for name in names:
                setattr(os, name, self.watched(kind, getattr(os, name)))

    def watched(self, kind, function):
        def call(path, *others, **options):
            if name := self.name(path):
                self.step(kind, name, *map(self.name, others))
            return function(path, *others, **options)

        return call

    def sync(self, number):
        path = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
        if os.path.isdir(path):  # noqa: PTH112
            self.step("sync names", self.name(path))
        elif name := self.name(path):
            self.step("sync", name)
        sync_file(number)

    def open(self, file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **more):
        name = self.name(file) if set(mode) & set("wax+") else ""
        if not name:
            return open_file(file, mode, buffering, encoding, errors, newline, **more)
        self.step("open", name, "w" in mode)
        raw = Raw(file, mode.replace("b", "").replace("t", ""))
        raw.watch, raw.path = self, name
        buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, encoding, errors, newline)


class Raw(io.FileIO):
    """A file of the watched folder."""

    def write(self, data):
        data, place = bytes(data), self.tell()
        half = lambda: os.pwrite(self.fileno(), data[: len(data) // 2], place)  # noqa: E731
        self.watch.step("write", self.path, place, data, half=half)
        return super().write(data)

    def truncate(self, size=None):
        self.watch.step("cut", self.path, self.tell() if size is None else size)
        return super().truncate(size)


def set_clock_back():
    now, words = time.time, time.strftime
    time.time = lambda: now() - 3600 * HOURS
    time.strftime = lambda form, *at: words(form, *at or [time.localtime(time.time())])


def save_time(script):
    """Let few images validate, and draw no figure. All files are written nevertheless."""
    import numpy as np
    from matplotlib.figure import Figure

    from mnist import data

    def savefig(figure, path, **_):
        Path(path).write_bytes(DOT)

    whole, Figure.savefig = data.split, savefig
    of_arrays = getattr(np.lib, "_format_impl", np.lib.format)  # by the version of NumPy
    of_arrays.isfileobj = lambda _: False  # or it writes in C, which is not watched

    def split(*arrays):
        parts = whole(*arrays)
        return parts | {"validation": parts["validation"][:FEW], "test": parts["test"][:FEW]}

    data.split = split
    if script.startswith("mnist/"):
        from mnist import report

        report.draw_figures = draw_figures


def draw_figures(name, history, digits, probabilities, folder, options=()):
    """Write the files that report.draw_figures writes, since to draw them takes half of a run."""
    from mnist.report import remove_curves
    from utils.runs import replacing

    remove_curves(name, folder)
    end = f"e{history['epoch'][-1]}"
    for kind in (f"acc_{end}", f"loss_{end}", f"times_{end}", "confusion", "mistakes"):
        with replacing(folder / f"{name}_{kind}.png") as partial:
            partial.write_bytes(DOT)


def fit_few():
    """Let Keras learn from few rows, for one epoch: for trainings that nothing is compared with."""
    import keras
    import numpy as np

    whole = keras.Model.fit

    def few(value):
        cut = lambda one: one[:ROWS] if isinstance(one, np.ndarray) else one  # noqa: E731
        return keras.tree.map_structure(cut, value) if value is not None else None

    def fit(model, x=None, y=None, batch_size=None, epochs=1, **options):
        for name in ("validation_data", "sample_weight"):
            options[name] = few(options.get(name))
        if not isinstance(keras.tree.flatten(x)[0], np.ndarray):
            options["steps_per_epoch"] = 2
        return whole(model, few(x), few(y), batch_size, epochs=1, **options)

    keras.Model.fit = fit


def run(script, options, folder, at=None, fault=None, log=None, edits=(), small=False):
    """Run a script as a shell does, in this process; write its steps to the file log at the end.

    edits: pairs of what stands once in the script, and what shall stand there instead.
    """
    watch = Watch(folder, at, fault)
    text = (ROOT / script).read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, f"not once in {script}: {old}"
        text = text.replace(old, new)
    save_time(script)
    if small:
        fit_few()
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = str(ROOT / script)
    sys.argv = [script, *options]
    sys.path.insert(0, str(Path(main.__file__).parent))
    watch.begin()
    try:
        exec(compile(text, main.__file__, "exec"), main.__dict__)
    finally:
        if log:
            with open_file(log, "wb") as file:
                pickle.dump(watch.steps, file)


class Run:
    """A run that has ended: its status, what it has said, its seconds."""

    def __init__(self, training, options, folder, after=None, sign=None, meanwhile=None, **fault):
        """after: seconds until the signal sign comes; meanwhile: called when it is at work."""
        sys.stdout.flush()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as screen:
            began, child = time.monotonic(), os.fork()
            if not child:
                os.dup2(screen.fileno(), 1)
                os.dup2(screen.fileno(), 2)
                be_child(training, shlex.split(options), folder, fault)
            while not (found := os.waitpid(child, os.WNOHANG))[0]:
                self.seconds = time.monotonic() - began
                if self.seconds > (after or LIMIT):
                    os.kill(child, sign or signal.SIGKILL)
                    after = LIMIT
                if meanwhile and any(folder.iterdir()):
                    meanwhile, _ = None, meanwhile()
                time.sleep(0.03)
            screen.seek(0)
            self.status, self.said = os.waitstatus_to_exitcode(found[1]), screen.read()

    @property
    def refused(self):
        """Whether it has ended with status 1 and a line that says why."""
        last = self.said.strip().splitlines()[-1:]
        return self.status == 1 and "Traceback" not in self.said and ".py: " in "".join(last)


def be_child(training, options, folder, fault):
    """Run a script in this fork, and end it as Python would."""
    status = 0
    atexit._clear()
    try:
        script = training.get("resume", training["script"]) if "--resume" in options else None
        edits = () if script and script != training["script"] else training.get("edits", ())
        run(
            script or training["script"],
            options,
            folder,
            edits=edits,
            small="resume" not in training,
            **fault,
        )
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        status = 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
