"""Machinery of the exercises: judge files, in a process of its own that may hang or crash.

`running.py` starts it: judging.py NAME LOADING LIMIT FOLDER FILE ... writes for each file, as JSON,
the state ("right", "not yet", "wrong", or "broken" if the check itself is) and the sentence. A file
that takes longer than LOADING seconds to be read with its imports, or whose function takes longer
than LIMIT after that, ends the process, and stderr then names its line.
Chapter: exercises/README.md#what-a-check-does
"""

import base64
import faulthandler
import importlib.util
import inspect
import json
import sys
import traceback
import zlib
from pathlib import Path

import numpy as np

from exercises.bench import Ask, FormError, RefusedError, short

HERE = Path(__file__).resolve().parent
SOLUTIONS = HERE / "solutions"
# The same once more, for copies without that folder: what a check compares with must be there.
PACKED = HERE / "checks" / "solutions.txt"
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
}


def load(path):
    """Return the module in a file."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pack():
    """Write the solutions into one file that nobody reads by accident."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in SOLUTIONS.glob("*.py")}
    packed = zlib.compress(json.dumps(texts, sort_keys=True).encode())
    PACKED.write_bytes(base64.encodebytes(packed))


def load_solution(name):
    """Return the function of our solution, from its file or from what was packed."""
    path = SOLUTIONS / f"{name}.py"
    if path.exists():
        return getattr(load(path), name)
    texts = json.loads(zlib.decompress(base64.decodebytes(PACKED.read_bytes())))
    scope = {}
    exec(compile(texts[name], path.name, "exec"), scope)
    return scope[name]


def line_in(path, error):
    """Return " in line 12, `x = 1`," for where an error came up in this file, or nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame for frame in frames if Path(frame.filename) == Path(path)]
    if not lines:
        return ""
    code = f", `{short(lines[-1].line)}`" if lines[-1].line else ""
    return f" in line {lines[-1].lineno}{code}"


def explain(path, error, ask=None):
    """Return in a sentence what went wrong in the reader's file; ask: who called the function."""
    if isinstance(error, SyntaxError):
        place = f"line {error.lineno}" if error.lineno else "the file"
        return f"Python cannot read {place}: {error.msg}."
    if isinstance(error, RecursionError):
        return f"It calls itself without an end{line_in(path, error)}."
    said = " ".join(str(error).split())
    name = type(error).__name__
    sentence = f"It ends with {name}{line_in(path, error)}{': ' * bool(said)}{said}"
    plain = next((words for part, words in PLAIN.items() if part in said), "")
    sentence += f". In other words: {plain}" * bool(plain)
    return f"{sentence} (called with {ask.show(ask.last, most=4)})" if ask else sentence


def find_function(module, name, solution):
    """Return the reader's function, if it still takes what the stub's does."""
    function = getattr(module, name, None)
    if not callable(function):
        raise FormError(f"The file has no function {name} any more.")
    wanted = list(inspect.signature(solution).parameters)
    found = inspect.signature(function).parameters.values()
    needed = [one.name for one in found if one.default is inspect.Parameter.empty]
    if needed != wanted:
        raise FormError(f"It should take ({', '.join(wanted)}) and takes ({', '.join(needed)}).")
    return function


def judge(name, path, limit=None):
    """Return {"state", "sentence", "kind"} of the solution in a file.

    limit: seconds after which the process ends; the file's imports do not count.
    """
    checks = load(HERE / "checks" / f"{name}.py")
    solution, ask = load_solution(name), None
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result
            module = load(path)
            if limit:
                faulthandler.dump_traceback_later(limit, exit=True)
            function = find_function(module, name, solution)
            ask = Ask(function, solution, getattr(checks, "RESULTS", ()))
            checks.check(ask)
            ask.compare()
    except NotImplementedError:
        return {"state": "not yet", "sentence": "", "kind": ""}
    except RefusedError as error:
        return {"state": "wrong", "sentence": str(error), "kind": error.kind}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() in a solution must not end the check unheard
        if isinstance(error, SyntaxError) or line_in(path, error):
            return {"state": "wrong", "sentence": explain(path, error, ask), "kind": "error"}
        reason = f"The check stumbles over what it returns ({type(error).__name__}: {error})."
        return {"state": "wrong", "sentence": reason, "kind": "values"}
    return {"state": "right", "sentence": "", "kind": ""}


def main(name, loading, limit, folder, *paths):
    """Write a verdict on each file as 0.json, 1.json and so on into the folder."""
    for number, path in enumerate(paths):
        faulthandler.dump_traceback_later(float(loading), exit=True)
        try:
            verdict = judge(name, path, float(limit))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            verdict = {"state": "broken", "sentence": reason, "kind": ""}
        faulthandler.cancel_dump_traceback_later()
        result = Path(folder) / f"{number}.json"
        result.write_text(json.dumps(verdict), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
