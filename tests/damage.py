"""Machinery of the tests: does a damaged run or file end with one line, in every script?

    python tests/damage.py --count 2000                     # all kinds, an hour
    python tests/damage.py --count 100 --kinds table gpt --seed 2
    python tests/damage.py --kinds table --only 17          # one case, with its traceback

`tests/damage_kinds.py` makes a small valid example of each kind of folder and names the scripts
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
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from damage_files import damage  # noqa: E402

LONGEST = 30  # seconds of a case
NO_OUTPUTS = {f"serialization/{one}.py" for one in ("load_model", "answer", "look_inside")}
NO_OUTPUTS |= {"serialization/operating/releases.py"}
READ = {".json", ".csv", ".tsv", ".txt", ".npz", ".npy", ".keras", ".h5", ".skops", ".xlsx", ".png"}
READ |= {".jpg", ".tflite"}
MEMORY = 2**30  # bytes by which one may raise the most that the process had


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
        share = any(word in name for word in ("probabilit", "accuracy", "share"))
        if not np.isfinite(number) or (share and not -1e-6 <= number <= 1 + 1e-6):
            return f"nonsense: {name} is {number}"
    odd = {one for one in said if not one.isprintable()} - set("\n\r\t\b")
    return f"nonsense: it prints {odd}" if odd else None


def try_main(main, argv):
    """Return what is wrong with how a script ends; None if nothing is."""
    out, err, most = (
        io.StringIO(),
        io.StringIO(),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )
    results = code = wrong = None
    signal.signal(signal.SIGALRM, stop_late)
    signal.alarm(LONGEST)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(action="always"),
        ):
            warnings.simplefilter("ignore", DeprecationWarning)
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
        signal.alarm(0)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most)
    if not wrong and isinstance(code, str) and ("\n" in code or not code.isprintable()):
        wrong = "several lines"
    if not wrong and code != 2 and "Warning: " in err.getvalue():
        line = next(one for one in err.getvalue().split("\n") if "Warning: " in one)
        wrong = "warning: " + line.split(": ", 1)[1][:90]
    if not wrong and code not in (0, 1, 2, None) and not isinstance(code, str):
        wrong = f"status {code}"
    if not wrong and grown > MEMORY:
        wrong = f"memory: {grown >> 20} MiB more"
    if not wrong and Path("pwned").exists():
        wrong = "ran code"
    wrong = wrong or nonsense(results, out.getvalue() + err.getvalue())
    return wrong, code, err.getvalue()


def stop_late(*_):
    raise Late


def train(*_, **__):
    raise Trains


def prepare(readers, folder):
    """Load the scripts, and let nothing train, draw into files or repeat itself for minutes."""
    from conftest import load

    from mnist import data

    mains = {script: load(script) for script, _ in readers}
    instead = {"save_figure": lambda *_, **__: None, "CALLS": {1: 1}, "REPEATS": 1, "STEPS": 3}
    for module in [*sys.modules.values()]:
        if str(getattr(module, "__file__", "")).startswith(str(ROOT)):
            for name in set(instead) & set(vars(module)):
                setattr(module, name, instead[name])
    if "reference/my_runs.py" in mains:
        mains["reference/my_runs.py"].ROOT = folder / "case"
    if "keras" in sys.modules:
        sys.modules["keras"].Model.fit = train
    whole = data.split
    few = lambda parts: {k: v[: None if k == "train" else 1000] for k, v in parts.items()}  # noqa: E731
    data.split = lambda *parts: few(whole(*parts))
    return {script: module.main for script, module in mains.items()}


def options_of(script, options, case):
    """Return the options of a reader, with its paths in the folder of a case."""
    filled = re.sub(r"\{([^}]*)\}", lambda found: str(case / found[1]), options).split()
    if "--outputs" in filled or script in NO_OUTPUTS or "--resume" in filled:
        return filled
    return [*filled, "--outputs", str(case / "out")]


def run_kind(name, numbers, seed):
    """Print a line of JSON for each case of a kind; numbers: those of the cases, 0 is undamaged."""
    from damage_kinds import KINDS

    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    example, case = folder / "example", folder / "case"
    example.mkdir()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        readers = [*KINDS[name](example)]
        mains = prepare(readers, folder)
    for number in numbers:
        draw = random.Random(f"{name} {seed} {number}")
        script, options = readers[number % len(readers)]
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(example, case)
        named = [case / one for one in re.findall(r"\{([^}]*)\}", options)]
        read = [one for one in named if one.exists()] or [case]
        places = [f for one in read for f in ([one] if one.is_file() else one.rglob("*"))]
        files = sorted(f for f in places if f.is_file() and "intact" not in f.parts)
        what = "nothing"
        if number >= len(readers):
            path = draw.choice([one for one in files if one.suffix in READ])
            with contextlib.suppress(FileNotFoundError):
                what = f"{path.relative_to(case)}: {damage(path, files, draw)}"
        print(json.dumps({"begins": number, "script": script, "damage": what}), flush=True)
        wrong, code, said = try_main(mains[script], options_of(script, options, case))
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()
        shutil.rmtree("pwned", ignore_errors=True)
        print(json.dumps({"number": number, "wrong": wrong, "code": code, "said": said}))
    shutil.rmtree(folder)


def start_kind(name, numbers, seed):
    """Run a kind in a process of its own, again if it crashes; yield the cases."""
    numbers, about = [*numbers], {}
    while numbers:
        command = [sys.executable, __file__, "--child", name, str(seed), *map(str, numbers)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                one = json.loads(line)
                about |= one
                if "number" in one:
                    numbers.remove(one["number"])
                    yield dict(about)
        if process.returncode == 0 or not about or about["begins"] not in numbers:
            if process.returncode:
                print(f"{name}: no example could be made")
            return
        numbers.remove(about["begins"])
        yield about | {"number": about["begins"], "wrong": f"crash: {process.returncode}"}


def main(argv=None):
    """Damage, count, print; return {kind of finding: how often}."""
    from damage_kinds import KINDS

    parser = argparse.ArgumentParser(description="Damage runs and files, and look what happens.")
    parser.add_argument("--count", type=int, default=200, help="cases, of all kinds together")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this case, with all that it says")
    args = parser.parse_args(argv)
    found, cases, codes = collections.Counter(), 0, collections.Counter()
    for name in args.kinds:
        each = -(-args.count // len(args.kinds))
        numbers = range(each) if args.only is None else [args.only]
        for one in start_kind(name, numbers, args.seed):
            cases += 1
            codes[
                one.get("code") if isinstance(one.get("code"), int) else bool(one.get("code"))
            ] += 1
            if args.only is not None:
                print(one["said"], one["code"], sep="\n")
            if one["wrong"]:
                found[one["script"], one["wrong"]] += 1
                print(f"{name} {one['number']}: {one['script']}, {one['damage']}: {one['wrong']}")
    print(
        f"\n{sum(found.values())} findings in {cases} cases, seed {args.seed}; ends: {dict(codes)}"
    )
    for (script, wrong), count in found.most_common():
        print(f"{count:5} {script}: {wrong}")
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run_kind(sys.argv[2], [*map(int, sys.argv[4:])], sys.argv[3])
    else:
        sys.exit(bool(main()))
