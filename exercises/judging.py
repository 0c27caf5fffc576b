"""Machinery of the exercises: judge a file. What is right stays here, the reader's code does not.

The function runs in a process of its own (`running.py`, `answering.py`). First come the questions
of the check, each made for one fault, then arguments drawn by hypothesis, of which the first that
is answered wrong is made as small as it can be.
Chapter: exercises/README.md#what-a-check-does
"""

import base64
import inspect
import json
import tempfile
import types
import zlib
from pathlib import Path

import hypothesis
import numpy as np
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky

from exercises.bench import Ask, RefusedError
from exercises.running import PRINTED, NotDoneError, Process
from utils.runs import printable

# It would keep what it has found in the folder from which a script is started.
KEPT = tempfile.TemporaryDirectory(prefix="hypothesis_", ignore_cleanup_errors=True)
set_hypothesis_home_dir(KEPT.name)
HERE = Path(__file__).resolve().parent
SOLUTIONS = HERE / "solutions"
# The same once more, for copies without that folder: what a check compares with must be there.
PACKED = HERE / "checks" / "solutions.txt"
DRAWN = 200  # arguments that are drawn for each exercise
IMPATIENT = 2  # seconds for a call where many files are judged
SEED = 1  # of what is drawn


class StateError(RefusedError):
    kind = "form"


def load(path):
    """Return the module in a file, as it stands there: no compiled copy of it is asked."""
    module = types.ModuleType(Path(path).stem)
    exec(compile(Path(path).read_bytes(), path, "exec"), vars(module))
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


def try_drawn(checks, ask, seed):
    """Compare the answers to drawn arguments with the right ones; raise RefusedError for one.

    checks: the module of the check; where more than one answer is right, its function
    `holds(ask, *arguments)` looks at them.
    """
    holds = getattr(checks, "holds", Ask.try_drawn)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=DRAWN,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )
    @hypothesis.given(checks.inputs())
    def each(arguments):
        holds(ask, *arguments)

    try:
        each()
    except Flaky:
        raise StateError(
            "To the same arguments it gives one answer now and another one later: does it keep "
            "something from call to call, or draw something that it was not given?"
        ) from None


def judge(name, path, show=False, seed=SEED):
    """Return {"state", "sentence", "kind", "hint"} of the solution in a file.

    state: "right", "not yet", "wrong", or "broken" if the check itself is. show: let what the
    function prints come through. seed: of what is drawn.
    """
    with Process(show) as process:
        return judge_in(process, name, path, seed)


def judge_many(name, paths):
    """Return a verdict on each file. They share a process, as long as it lives."""
    verdicts = []
    while len(verdicts) < len(paths):
        with Process(limit=IMPATIENT, many=True) as process:
            while len(verdicts) < len(paths) and process.lives():
                verdicts.append(judge_in(process, name, paths[len(verdicts)]))
    return verdicts


def judge_in(process, name, path, seed=SEED):
    """Do what `judge` does, in a process that runs already."""
    verdict = {"state": "wrong", "sentence": "", "kind": "", "hint": 1}
    try:
        checks, solution = load(HERE / "checks" / f"{name}.py"), load_solution(name)
    except Exception as error:
        return verdict | {"state": "broken", "sentence": f"{type(error).__name__}: {error}"}
    try:
        with np.errstate(all="ignore"):
            process.load(name, path, list(inspect.signature(solution).parameters))
            ask = Ask(process, solution, getattr(checks, "RESULTS", ()))
            checks.check(ask)
            ask.compare()
            try_drawn(checks, ask, seed)
    except NotDoneError:
        return verdict | {"state": "not yet"}
    except RefusedError as error:
        said = printable(str(error)[:PRINTED])
        return verdict | {"sentence": said, "kind": error.kind, "hint": error.hint}
    except OSError as error:
        return verdict | {"state": "broken", "sentence": f"{type(error).__name__}: {error}"}
    except Exception as error:  # what the check did not expect to get
        reason = f"The check stumbles over what it returns ({type(error).__name__}: {error})."
        return verdict | {"sentence": printable(reason[:PRINTED]), "kind": "values"}
    return verdict | {"state": "right"}
