"""Machinery of the exercises: start the process that answers, ask it, and tell what has ended it.

Chapter: exercises/README.md#what-a-check-does
"""

import contextlib
import io
import json
import os
import queue
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import tokenize
from functools import cache
from pathlib import Path

from exercises.answering import MEMORY, decode, encode
from exercises.bench import FormError, RefusedError, short
from utils.runs import printable, read_bytes

HERE = Path(__file__).resolve().parent
LOADING = 120  # seconds until a file is read, with what it imports: Keras, for example
LIMIT = 10  # seconds for one call of its function
ENOUGH = 60  # seconds for all of them
PATIENCE = 5  # seconds more for a process, should even its clock stand still
LONGEST = 1 << 24  # bytes of a reply
LARGEST = 1 << 20  # bytes of a file
PASSED_ON = "PATH", "HOME", "USERPROFILE", "LANG", "SYSTEMROOT", "KERAS_BACKEND", "LD_LIBRARY_PATH"
ENCODINGS = {"utf-8", "utf-8-sig", "iso-8859-1", "cp1252"}
NAMESPACES = ["unshare", "--user", "--map-current-user", "--pid", "--net", "--ipc"]
NAMESPACES += ["--fork", "--kill-child"]
PRINTED = 10_000  # characters that a function may print
# What numpy says if arrays do not fit, and what it means.
PLAIN = {
    "mismatch in its core dimension": "the two do not fit; with `a @ b`, a has as many columns as "
    "b has rows",
    "does not have enough dimensions": "one side of the @ is a single number, not an array",
    "could not be broadcast together": "the two do not fit; from the right, each pair of sizes is "
    "equal or one of them is 1",
    # numpy says Probabilities or probabilities, as its version has it.
    "robabilities contain NaN": "some probability is nan: a power of e is infinite, or all are 0",
    "truth value of an array": "`if`, `and`, `max` and the like take a single number, and this is "
    "an array of several; numpy has `np.where`, `np.maximum`",
    "Unable to allocate": f"an array would need more than the {MEMORY >> 30} GiB that a solution "
    "may take",
}


@cache
def apart():
    """Return the words that start a command in namespaces of its own, [] where that is forbidden.

    It then sees no process but those that it starts, which end with it, and no network.
    """
    with contextlib.suppress(OSError):
        if subprocess.run([*NAMESPACES, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return NAMESPACES
    return []


class PythonError(RefusedError):
    kind = "error"  # the reader's function has ended with an error, or not at all


class NotDoneError(Exception):
    """The function still raises NotImplementedError."""


class Process:
    """A process that answers for a reader's function. As a context manager it ends its process.

    show: let what the function prints come through. limit: seconds for a call. many: whether
    several files will be loaded, one after the other.
    """

    def __init__(self, show=False, limit=None, many=False):
        self.many = ["many"] if many else []
        self.show, self.printed, self.process = show, 0, None
        self.limit = limit or LIMIT

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        place = self.folder.name
        kept = {name: text for name, text in os.environ.items() if name in PASSED_ON}
        kept |= dict.fromkeys(["MPLCONFIGDIR", "TMPDIR", "PWD"], place)
        kept |= dict.fromkeys(["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"], "1")
        python = [*apart(), sys.executable, "-P", "-X", "utf8", HERE / "answering.py"]
        self.process = subprocess.Popen(
            [*python, place, HERE, *self.many],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=place,
            env=kept,
            start_new_session=True,
        )
        self.replies = queue.Queue(maxsize=8)
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.end()
        self.folder.cleanup()

    def end(self):
        if self.process.returncode is None:
            with contextlib.suppress(OSError, AttributeError):  # Windows has no groups
                os.killpg(self.process.pid, 9)  # with what it has started, if not apart
            self.process.kill()
            self.process.wait()

    def lives(self):
        return self.process.poll() is None

    def listen(self):
        """Put the lines that come into the queue, and None after the last."""
        with contextlib.suppress(OSError, ValueError):
            while line := self.process.stdout.readline(LONGEST):
                self.replies.put(line)
        self.replies.put(None)

    def ask(self, task, seconds, **request):
        """Return the reply to a request; raises PythonError if an error or the end is the reply."""
        token = secrets.token_hex(8)  # so that no reply can have been written beforehand
        line = json.dumps(request | {"task": task, "token": token}) + "\n"
        end = time.monotonic() + seconds + PATIENCE
        threading.Thread(target=self.write, args=[line.encode()], daemon=True).start()
        while True:
            try:
                line = self.replies.get(timeout=end - time.monotonic())
            except (queue.Empty, ValueError):  # the time is over, also for one that never rests
                raise PythonError(self.ended(task, stopped=True)) from None
            if line is None:
                raise PythonError(self.ended(task))
            with contextlib.suppress(ValueError, AttributeError):  # whoever writes in between
                reply = json.loads(line)
                if reply.get("token") == token:
                    return reply
                self.show_printed(str(reply.get("printed", "")))

    def write(self, line):
        """Send a request: from a thread, since whoever does not read it would stop the writer."""
        with contextlib.suppress(OSError):  # the reply tells that the process has ended
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def show_printed(self, text):
        if self.show and self.printed < PRINTED:
            lines = text[: PRINTED - self.printed].split("\n")
            print("\n".join(map(printable, lines)), end="")
            self.printed += len(text)
            if self.printed >= PRINTED:
                print("\n... (more is not shown)")

    def load(self, name, path, parameters):
        """Load a file; parameters: the names of what its function should take."""
        self.path, self.taken = path, 0
        try:
            data = read_bytes(path, LARGEST)
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)  # as the file says
            if encoding not in ENCODINGS:  # some take hours for a megabyte
                raise SyntaxError
            source = data.decode(encoding)
        except OSError as error:
            raise PythonError(f"The file cannot be read ({error.strerror}).") from None
        except (SyntaxError, UnicodeDecodeError):
            raise PythonError("Python cannot read the file: save it as UTF-8.") from None
        request = {"name": name, "source": source, "path": str(path), "limit": LOADING}
        reply = self.ask("load", LOADING, **request, parameters=len(parameters))
        self.look_at(reply)
        if reply.get("missing"):
            raise FormError(f"The file has no function {name} any more.")
        if "takes" in reply:
            found, wanted = ", ".join(map(str, reply["takes"])), ", ".join(parameters)
            raise FormError(f"It should take ({wanted}) and takes ({short(found)}).")

    def is_fenced(self):
        """Tell whether the kernel keeps this process from the files of others."""
        return bool(self.ask("hello", LOADING)["fenced"])

    def call(self, arguments, times=1, shown=""):
        """Return the answers of so many calls in a row; shown: the arguments in a sentence."""
        if self.taken > ENOUGH:
            raise PythonError(f"It is too slow: its answers have taken {self.taken:.0f} seconds.")
        request = {"arguments": [encode(one) for one in arguments], "times": times}
        start = time.monotonic()
        reply = self.ask("call", self.limit * (1 + times // 100), **request, limit=self.limit)
        self.taken += time.monotonic() - start
        self.look_at(reply, shown)
        if reply["changed"]:
            raise FormError(
                "It changes an array or list that it was given, and which the caller still needs. "
                "Make a new one (x = x - 1 does, x -= 1 does not)."
            )
        return [decode(answer) for answer in reply["answers"]]  # of which none can be a generator

    def look_at(self, reply, shown=""):
        """Raise what the reader's file has ended with, in a sentence."""
        if "error" not in reply:
            return
        name, said = str(reply["error"]), str(reply["said"])
        if name == "NotImplementedError":
            raise NotDoneError
        if "syntax" in reply:
            place = f"line {reply['syntax']}" if reply["syntax"] else "the file"
            raise PythonError(f"Python cannot read {place}: {short(said)}.")
        line = ""
        if "line" in reply:
            code = f", `{short(str(reply['code']))}`" if reply["code"] else ""
            line = f" in line {reply['line']}{code}"
        if name == "RecursionError":
            raise PythonError(f"It calls itself without an end{line}.")
        plain = next((words for part, words in PLAIN.items() if part in said), "")
        sentence = f"It ends with {name}{line}{': ' * bool(said)}{short(said, most=300)}"
        sentence += f". In other words: {plain}" * bool(plain)
        raise PythonError(sentence + (f" (called with {shown})" if shown else ""))

    def ended(self, task, stopped=False):
        """Return in a sentence what has ended the process; stopped: it had to be killed."""
        self.end()
        trace, path = "", Path(self.folder.name, "trace.txt")
        with contextlib.suppress(OSError):  # whoever has put something else in its place
            trace = read_bytes(path, LARGEST).decode(errors="replace")
        if not stopped and "Timeout" not in trace:
            return "Python itself ended before the function was done."
        name = str(self.path).encode("ascii", "backslashreplace").decode()  # as faulthandler does
        line = re.search(rf'"{re.escape(name)}", line (\d+)', trace)
        place = f" in line {line[1]}" if line else ""
        said = f"It was stopped{place} after {LOADING if task == 'load' else self.limit} seconds"
        if task == "load":
            return (
                f"{said}, before its function was called. Is there a loop outside of the function "
                "that does not end?"
            )
        if "<frozen importlib" in trace:
            return (
                f"{said}, in the midst of an import. Move the import to the top of the file: there "
                "it has more time."
            )
        return f"{said}. Is there a loop that does not end?"
