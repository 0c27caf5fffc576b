"""Machinery of the exercises: the process in which a reader's function answers, and nothing else.

`running.py` starts it. Each line that comes in is a request, each line that goes out a reply or
something that the function has printed, all as JSON. The process is told arguments and never what
is right, and the verdict is made elsewhere. On Linux the kernel (Landlock) lets it read Python,
its packages and folders of the system alone, write into its own folder alone, open no connection
and send no signal; what that leaves open (UDP, sockets with a path, starting processes) a container
closes. Where the kernel cannot do that, Python itself refuses to open the files of the exercises,
which whoever wants to can get around.
Chapter: exercises/README.md#what-a-check-does
"""

import base64
import contextlib
import ctypes
import faulthandler
import inspect
import io
import json
import linecache
import os
import struct
import sys
import traceback
import types
from pathlib import Path

import numpy as np

LOADED = 8 << 30  # bytes of addresses that a file may take with what it imports
MEMORY = 2 << 30  # and that its function may take beside them
EMPTY = 10_000  # numbers of the shape of an array with nothing in it, added up
NUMBERS = "fiub"  # kinds of dtype: floats, whole numbers, True and False
# Where systems keep their libraries, and Keras its settings.
SYSTEM = ["/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/opt", "/nix/store"]
SYSTEM += ["/dev/null", "/dev/urandom", os.path.expanduser("~/.keras")]  # noqa: PTH111 (may fail)
# Landlock: its three calls; the rights to read, to write, to use the network and to send signals.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READ, WRITE, TCP, SIGNALS, NO_NEW_PRIVILEGES = 0b1101, 0b1_1111_1111_0010, 0b11, 0b11, 38
REFER, TRUNCATE = 1 << 13, 1 << 14  # rights that later versions of Landlock know


def fence(writable):
    """Let this process read Python and its packages, write into one folder, and nothing more.

    Tells whether the system can do that.
    """
    if sys.platform != "linux" or len([*Path("/proc/self/task").iterdir()]) > 1:
        return False  # it binds this thread and those that it starts, and none that are there
    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rights = READ | WRITE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    known = 8 * (1 + (version >= 4) + (version >= 6))  # bytes of what this version can forbid
    wanted = struct.pack("QQQ", rights, TCP, SIGNALS)[:known]
    rules = system.syscall(CREATE_RULESET, wanted, len(wanted), 0)
    places = {*sys.path, sys.prefix, sys.base_prefix, *SYSTEM, writable}
    for place in filter(os.path.exists, places):
        allowed = rights if place == writable else READ
        if not Path(place).is_dir():
            allowed = rights & 0b110 | rights & TRUNCATE  # what a file can be asked for
        folder = os.open(place, os.O_PATH)
        system.syscall(ADD_RULE, rules, 1, struct.pack("=Qi", allowed, folder), 0)
        os.close(folder)
    system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return system.syscall(RESTRICT_SELF, rules, 0) == 0


def keep_out(folder):
    """Let `open` open no file in this folder, by whatever path or link."""

    def refuse(event, arguments):
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path.startswith(folder + os.sep):
                raise PermissionError("a solution does not read the files of the exercises")

    sys.addaudithook(refuse)


def limit_memory(more, final=False):
    """Let this process take so many bytes more than it has, and write no larger file.

    Only Linux can do that. final: no later call, and no code of the reader's, can take it back.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + more
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most if final else hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (more, more))


def encode(value):
    """Return a value as JSON can have it; what is not made of numbers and texts by its type."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.random.Generator):
        return {"generator": value.bit_generator.state}
    if isinstance(value, list | tuple):  # a named one, too
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [encode(one) for one in value]}
    with contextlib.suppress(Exception):  # tensors of Keras become arrays
        array = np.asarray(value)
        if array.dtype.kind == "U":
            return encode(array.tolist())
        if array.dtype.kind in NUMBERS:
            file = io.BytesIO()
            np.save(file, array, allow_pickle=False)
            return {"array": base64.b64encode(file.getvalue()).decode()}
        if isinstance(value, np.ndarray):
            return {"other": f"array of the shape {value.shape} and the dtype {value.dtype}"}
    return {"other": f"value of the type {type(value).__name__}"}


def decode(value):
    """Return what `encode` was given; raises ValueError for what it cannot have written."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind in ("list", "tuple"):
        return {"list": list, "tuple": tuple}[kind](map(decode, content))
    if kind == "array":
        array = np.load(io.BytesIO(base64.b64decode(content)), allow_pickle=False)
        # Of others, and of none, a header alone may promise more elements than there is memory for.
        if array.dtype.kind not in NUMBERS or (not array.size and sum(array.shape) > EMPTY):
            raise ValueError("not an array of numbers")
        return array if array.ndim else array[()]
    if kind == "generator":
        generator = np.random.Generator(np.random.PCG64())
        generator.bit_generator.state = content
        return generator
    if kind == "other":
        return Other(str(content))
    raise ValueError(f"there is no kind {kind}")


class Other(str):
    """The words for a value that is neither made of numbers nor of texts."""


class Printed(io.TextIOBase):
    """What takes the place of stdout: it passes on what the function prints, at once."""

    def __init__(self, send):
        self.send = send

    def writable(self):
        return True

    def write(self, text):
        self.send({"printed": str(text)})
        return len(text)


class Reader:
    """The reader's file: it is loaded, and then its function is called."""

    def __init__(self, trace):
        self.function, self.path = None, ""
        self.trace = trace  # a file that tells which line was running when the clock ran out

    def load(self, name, source, path, parameters, limit):
        """Run the file, and say what is wrong with its function; parameters: how many it takes."""
        self.path = path
        linecache.cache[path] = len(source), None, source.splitlines(keepends=True), path
        module = types.ModuleType(name)
        sys.modules[name] = module  # a dataclass, for example, looks there
        faulthandler.dump_traceback_later(limit, exit=True, file=self.trace)
        exec(compile(source, path, "exec"), vars(module))
        self.function = getattr(module, name, None)
        if not callable(self.function):
            return {"missing": True}
        with contextlib.suppress(ValueError):  # a function of C may not tell
            signature = inspect.signature(self.function)
            try:
                signature.bind(*[None] * parameters)
            except TypeError:
                return {"takes": list(signature.parameters)}
        return {}

    def call(self, arguments, times, limit):
        """Return the answers of so many calls in a row, and whether an argument was changed."""
        given, before = ([*map(decode, arguments)] for _ in range(2))
        answers = []
        for _ in range(times):
            faulthandler.dump_traceback_later(limit, exit=True, file=self.trace)
            with np.errstate(all="ignore"):  # what overflows shows in the result
                answers.append(encode(self.function(*given)))
        changed = any(
            isinstance(old, np.ndarray | list)
            and json.dumps(encode(old)) != json.dumps(encode(new))
            for old, new in zip(before, given, strict=True)
        )
        return {"answers": answers, "changed": changed}

    def explain(self, error):
        """Return an error as JSON: its name, what it says, and where in the reader's file it is."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame for frame in frames if frame.filename == self.path]
        about = {"error": type(error).__name__, "said": " ".join(str(error).split())[:2000]}
        if isinstance(error, SyntaxError):
            about |= {"said": error.msg, "syntax": error.lineno or 0}
        if lines:
            about |= {"line": lines[-1].lineno, "code": lines[-1].line or ""}
        return about


def main(folder, exercises, many=""):
    """Answer requests until there are no more.

    folder: the only one to write into. exercises: that with the answers. many: set if several files
    will be loaded, one after the other, so that the limit of memory has to move.
    """
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # what libraries of C print is for nobody
        os.dup2(nowhere, stream)

    def send(message):
        print(json.dumps(message), file=channel, flush=True)

    requests, sys.stdin = sys.stdin, io.StringIO()
    sys.stdout = sys.stderr = Printed(send)
    # Where systems keep their libraries, the answers could be read, too.
    fenced = fence(folder) and not any(exercises.startswith(place + os.sep) for place in SYSTEM)
    keep_out(exercises)
    reader = Reader(Path(folder, "trace.txt").open("w", encoding="utf-8"))  # noqa: SIM115
    limit_memory(LOADED, final=not many)
    for line in requests:
        request = json.loads(line)
        token, task = request.pop("token"), request.pop("task")
        try:
            reply = {"hello": dict, "load": reader.load, "call": reader.call}[task](**request)
        except BaseException as error:  # exit() in a solution, too
            reply = reader.explain(error)
        faulthandler.cancel_dump_traceback_later()
        if task == "load":
            limit_memory(MEMORY, final=not many)
        send({"token": token, "fenced": fenced} | reply)


if __name__ == "__main__":
    main(*sys.argv[1:])
