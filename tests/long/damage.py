"""Machinery of the tests: does a damaged run or file end with one line, in every script?

    python tests/long/damage.py --count 2000                      # all kinds
    python tests/long/damage.py --count 100 --kinds table gpt --seed 2
    python tests/long/damage.py --kinds table --only 17          # one case, with its traceback

`damage_kinds.py` makes a small valid example of each kind of folder and names the scripts
that read it. A case damages one of its files and calls a script's main in this process; a kind has
a process of its own. Allowed are an answer that is none of nonsense, and one line with status 1 or
2. All else is a finding. The seed and its number make a case again.
"""

import argparse
import collections
import contextlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from damage_files import damage  # noqa: E402

LONGEST = 30  # seconds of a case
NO_OUTPUTS = {f"serialization/{one}.py" for one in ("load_model", "answer", "look_inside")}
NO_OUTPUTS |= {"serialization/operating/releases.py"}
READ = {".json", ".csv", ".tsv", ".txt", ".npz", ".npy", ".keras", ".h5", ".skops", ".xlsx", ".png"}
READ |= {".jpg", ".tflite"}
ALARM = getattr(signal, "alarm", lambda _: None)  # Windows has none: there, a case may hang
MEMORY = 2**30  # bytes that may be left in memory by one


class Trains(BaseException):
    """Raised where a script would train: what it has read was good enough."""


class Late(BaseException):
    """Raised after LONGEST; no script catches it."""


def numbers_in(value, name=""):
    """Yield (its name, number) for all numbers in what a script returns."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from numbers_in(one, f"{name}.{key}")
    elif isinstance(value, list | tuple):
        for one in value:
            yield from numbers_in(one, name)
    elif isinstance(value, float | np.floating):
        yield name, value


def nonsense(results, said):
    """Return what no script may answer, or None: numbers that are none, letters that command."""
    for name, number in numbers_in(results):
        share = any(word in name for word in ("probabilities", "accuracy", "share"))
        if not np.isfinite(number) or (share and not -1e-6 <= number <= 1 + 1e-6):
            return f"nonsense: {name} is {number}"
    odd = {one for one in said if not one.isprintable()} - set("\n\r\t\b")
    return f"nonsense: it prints {odd}" if odd else None


def try_main(main, argv):
    """Return how a script ends: what is wrong with it, or None, its status, what it said."""
    out, err = io.StringIO(), io.StringIO()
    before = psutil.Process().memory_info().rss
    results = code = wrong = None
    signal.signal(getattr(signal, "SIGALRM", signal.SIGTERM), stop_late)
    ALARM(LONGEST)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(action="always"),
        ):
            warnings.simplefilter("ignore", DeprecationWarning)
            # What Keras says of a network that was compiled and never trained.
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            results = main(argv)
    except SystemExit as stop:
        code = stop.code
    except Trains:
        pass
    except Late:
        wrong = f"hangs for more than {LONGEST} s"
    except OSError as error:  # which utils.show_error says in one line
        code = str(error)
    except BaseException as error:
        traceback.print_exc(file=err)
        frames = [f for f in traceback.extract_tb(error.__traceback__) if str(ROOT) in f.filename]
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        wrong = f"traceback: {type(error).__name__} at {place}"
    finally:
        ALARM(0)
    grown = psutil.Process().memory_info().rss - before
    if Path("pwned").exists():
        wrong = "ran code"
    elif not wrong and isinstance(code, str) and ("\n" in code or not code.isprintable()):
        wrong = "several lines"
    elif not wrong and code != 2 and "Warning: " in err.getvalue():
        line = next(one for one in err.getvalue().split("\n") if "Warning: " in one)
        wrong = "warning: " + line.split(": ", 1)[1][:90]
    elif not wrong and grown > MEMORY:
        wrong = f"memory: {grown >> 20} MiB more"
    wrong = wrong or nonsense(results, out.getvalue() + err.getvalue())
    return {"wrong": wrong, "code": code, "said": err.getvalue()}


def stop_late(*_):
    raise Late


def train(*_, **__):
    raise Trains


def prepare(readers, folder, replace):
    """Return the scripts' main; nothing trains, draws into files or repeats itself for minutes."""
    import keras
    import matplotlib.pyplot as plt
    from conftest import load

    from mnist import data

    modules, whole = {script: load(script) for script, _ in readers}, data.split
    instead = {"save_figure": lambda figure, _: plt.close(figure), "CALLS": {1: 1}}
    instead |= {"REPEATS": 1, "STEPS": 3}
    for module in [*sys.modules.values()]:
        if str(getattr(module, "__file__", "")).startswith(str(ROOT)):
            for name, other in instead.items():
                if type(vars(module).get(name)) is type(other):
                    replace(module, name, other)
    if "reference/my_runs.py" in modules:
        replace(modules["reference/my_runs.py"], "ROOT", folder / "case")
    replace(keras.Model, "fit", train)

    def split(*parts):
        some = whole(*parts)
        return {part: some[part][: None if part == "train" else 1000] for part in some}

    replace(data, "split", split)
    return {script: module.main for script, module in modules.items()}


def options_of(script, options, case):
    """Return the options of a reader, with its paths in the folder of a case."""
    filled = re.sub(r"\{([^}]*)\}", lambda found: str(case / found[1]), options).split()
    if "--outputs" in filled or script in NO_OUTPUTS or "--resume" in filled:
        return filled
    return [*filled, "--outputs", str(case / "out")]


def run_kind(name, numbers, seed, folder, replace=setattr):
    """Yield what begins, and then what came of it, for cases of a kind, in a new folder.

    numbers: those of the cases; the first ones, one for each reader, are undamaged.
    """
    from damage_kinds import KINDS

    example, case = folder / "example", folder / "case"
    example.mkdir()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        readers = [*KINDS[name](example)]
        mains = prepare(readers, folder, replace)
    for number in numbers:
        draw, what = random.Random(f"{name} {seed} {number}"), "nothing"
        script, options = readers[number % len(readers)]
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(example, case)
        named = [case / one for one in re.findall(r"\{([^}]*)\}", options)]
        read = [one for one in named if one.exists()] or [case]
        places = [f for one in read for f in ([one] if one.is_file() else one.rglob("*"))]
        files = sorted(f for f in places if f.suffix in READ and "intact" not in f.parts)
        if number >= len(readers):
            path = draw.choice(files)
            what = f"{path.relative_to(case)}: {damage(path, files, draw)}"
        about = {"number": number, "script": script, "damage": what}
        yield about
        ended = try_main(mains[script], options_of(script, options, case))
        if number % 10 == 9:  # it collects garbage, which takes time
            sys.modules["keras"].utils.clear_session()
        shutil.rmtree("pwned", ignore_errors=True)
        yield about | ended


def start_kind(name, numbers, seed):
    """Run a kind in a process of its own, again if it crashes; yield what came of the cases."""
    left, about = [*numbers], {}
    while left:
        command = [sys.executable, __file__, "--child", name, str(seed), *map(str, left)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                about = json.loads(line)
                if "wrong" in about:
                    left.remove(about["number"])
                    yield about
        if not process.returncode:
            return
        if "wrong" in about or not about:
            sys.exit(f"{name}: no example could be made")
        left.remove(about["number"])
        yield about | {"wrong": f"crash: {process.returncode}", "code": 1, "said": ""}


def main(argv=None):
    """Damage, count, print; return {kind of finding: how often}."""
    from damage_kinds import KINDS

    parser = argparse.ArgumentParser(description="Damage runs and files, and look what happens.")
    parser.add_argument("--count", type=int, default=200, help="cases, of all kinds together")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this case, with all that it says")
    args = parser.parse_args(argv)
    found, ends = collections.Counter(), collections.Counter()
    for name in args.kinds:
        numbers = range(-(-args.count // len(args.kinds))) if args.only is None else [args.only]
        for one in start_kind(name, numbers, args.seed):
            ends[1 if isinstance(one["code"], str) else one["code"] or 0] += 1
            if args.only is not None:
                print(one["said"], one["code"], sep="\n")
            if one["wrong"]:
                found[one["script"], one["wrong"]] += 1
                print(f"{name} {one['number']}: {one['script']}, {one['damage']}: {one['wrong']}")
    print(f"\n{found.total()} findings in {ends.total()} cases, seed {args.seed}")
    print("status: " + ", ".join(f"{code} {count} times" for code, count in sorted(ends.items())))
    for (script, wrong), count in found.most_common():
        print(f"{count:5} {script}: {wrong}")
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            for one in run_kind(sys.argv[2], map(int, sys.argv[4:]), sys.argv[3], Path(folder)):
                print(json.dumps(one), flush=True)
    else:
        sys.exit(bool(main()))
