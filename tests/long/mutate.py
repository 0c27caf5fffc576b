"""Machinery of the tests: do they notice if a line that carries meaning is wrong?

    python tests/long/mutate.py --count 200 --seed 2    # drawn from all chapters, half an hour
    python tests/long/mutate.py --count 20 --only rnn --map FOLDER

Each mutant is one change of one file by a rule (rules.py), in a copy of the project. The quick
tests that reach its statement are asked, the shortest first; one run of all of them, kept in the
folder --map, says which those are. One that no test notices lives; alive.toml says of some why that
is right. Those with which the lesson computes the same, as it says, are not drawn.
"""

import argparse
import gc
import itertools
import multiprocessing
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rules
from coverage import CoverageData
from meaning import ROOT, lessons

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "outputs", "__pycache__", ".*cache")
ALIVE = Path(__file__).with_name("alive.toml")
LONGEST = 100  # seconds of tests that a mutant may take; of the others it takes none
QUICK = ["-o", "addopts=", "--slow", "-m", "not slow"]  # those of records.json are among them
TAKEN = "tests/test_reference.py::test_a_project_of_ones_own_stands_alone"
# Loaded once; the process of each mutant begins with them.
LOADED = ["keras", "matplotlib.pyplot", "pandas", "pytest", "scipy.stats", "sklearn.pipeline"]
TIMES = itertools.count(1)  # of change: Python compiles a file anew if it has another one
SETTINGS = """[run]
source = .
omit = tests/*
relative_files = true
data_file = {}
"""


class FirstFailure:
    """A plugin of pytest that keeps the name of the first test that fails."""

    name = ""

    def pytest_runtest_logreport(self, report):
        self.name = self.name or (report.nodeid if report.failed else "")

    pytest_collectreport = pytest_runtest_logreport


def ask(folder, tests, answer):
    """Run tests of a copy, in a process of its own, and send which one failed, or ""."""
    import pytest  # loaded already, as LOADED says

    gc.freeze()  # what is loaded need not be looked at again and again
    os.chdir(folder)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path[:] = [path for path in sys.path if not path.startswith(str(ROOT))]
    for name in ("meaning", "rules"):  # which the copy has itself
        sys.modules.pop(name, None)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    options = ["-x", "-q", "--slow", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    failure = FirstFailure()
    status = pytest.main([*options, "-o", "addopts=", *tests], plugins=[failure])
    answer.send(failure.name or ("" if status in (0, 5) else f"status {status}"))


def killer(folder, file, source, tests, limit=1800):
    """Return which test fails with this source of a file, in bytes; "" if none does."""
    path = folder / file
    before, time = path.read_bytes(), next(TIMES)
    receiver, sender = multiprocessing.Pipe(False)
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=ask, args=(folder, tests, sender))
    path.write_bytes(source)
    os.utime(path, (time, time))
    try:
        process.start()
        sender.close()
        return receiver.recv() if receiver.poll(limit) else "no end"
    except EOFError:
        return "the process died"
    finally:
        process.kill()
        process.join()
        path.write_bytes(before)


def make_map(folder):
    """Run all but slow tests once, and keep which lines each of them reaches, and its seconds."""
    folder.mkdir(parents=True)
    (folder / "settings").write_text(SETTINGS.format(folder / "cov"), "utf-8")
    options = ["--cov", f"--cov-config={folder / 'settings'}", "--cov-context=test"]
    # Without pytest.ini's options: with those of xdist, no test would be named.
    options += ["--cov-report=", "--durations=0", "-vv", *QUICK]
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, stdout=log, check=True)


def read_map(folder):
    """Return {file: {line: tests}} and {test: seconds}, of the tests that there are today."""
    reached, seconds = defaultdict(lambda: defaultdict(set)), defaultdict(float)
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", *QUICK]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    there = {line for line in listed.splitlines() if "::" in line}
    for path in folder.glob("*.txt"):
        for took, test in re.findall(r"^([\d.]+)s \w+ +(tests/.*)$", path.read_text("utf-8"), re.M):
            if test in there:
                seconds[test] += float(took)
    for path in folder.glob("cov*"):
        data = CoverageData(path)
        data.read()
        for file in data.measured_files():
            for line, contexts in data.contexts_by_lineno(file).items():
                tests = {one.rpartition("|")[0] for one in contexts}
                reached[file][line] |= tests & seconds.keys()
    return reached, seconds


def tests_of(mutant, reached, seconds):
    """Return the tests that reach the statement of a mutant, the shortest first."""
    if mutant.file.startswith("reference/take/"):  # its own test, which the map does not see
        return [f"{TAKEN}[{Path(mutant.file).parent.name}]"]
    lines, (first, last) = reached.get(mutant.file, {}), mutant.lines or (0, 10**9)
    known = set().union(*(tests for line, tests in lines.items() if first <= line <= last))
    known = sorted(known, key=lambda test: (seconds[test], test))
    spent = list(itertools.accumulate(seconds[test] for test in known))
    return [test for test, one in zip(known, spent, strict=True) if one < LONGEST] or known[:1]


def draw(mutants, count, seed):
    """Draw mutants: from each folder as many, there from a rule by chance, while there are any."""
    chance, drawn = random.Random(seed), []
    rooms = defaultdict(lambda: defaultdict(list))
    for one in mutants:
        rooms[str(Path(one.file).parent)][one.rule].append(one)
    while len(drawn) < count and rooms:
        for room in sorted(rooms)[: count - len(drawn)]:
            rule = chance.choice(sorted(rooms[room]))
            of_rule = rooms[room][rule]
            drawn.append(of_rule.pop(chance.randrange(len(of_rule))))
            if not of_rule:
                del rooms[room][rule]
            if not rooms[room]:
                del rooms[room]
    return drawn


def try_some(args, folder):
    """Draw mutants and try them; return how many died, by rule, and those alive."""
    tests = args.map or folder / "map"
    if not tests.exists():
        make_map(tests)
    reached, seconds = read_map(tests)
    copies = queue.SimpleQueue()
    for number in range(args.jobs):
        shutil.copytree(ROOT, folder / f"{number}", ignore=LEFT_OUT)
        copies.put(folder / f"{number}")

    def attempt(mutant):
        source = rules.apply(mutant, (ROOT / mutant.file).read_bytes())
        tests, copy = tests_of(mutant, reached, seconds), copies.get()
        limit = 300 + 10 * sum(seconds[test] for test in tests)
        died = killer(copy, mutant.file, source, tests, limit) if tests else ""
        if died and "::" not in died:  # believed only if the whole program ends as it should
            whole = (ROOT / mutant.file).read_bytes()
            died = "" if killer(copy, mutant.file, whole, tests, limit) else died
        copies.put(copy)
        about = f"{mutant.file}:{mutant.line} {mutant.rule}: {mutant.old} -> {mutant.new}"
        told = died or f"{len(tests)} tests reach it"
        print("dies " if died else "LIVES", f"{about} | {told}", flush=True)
        return died, len(tests)

    paths = [path for path in lessons() if args.only in path.as_posix()]
    every = [one for path in paths for one in rules.mutants(path)]
    listed = tomllib.loads(ALIVE.read_text("utf-8"))["alive"]
    same = {(one["file"], one["old"], one["new"]) for one in listed if one["equivalent"]}
    other = [one for one in every if (one.file, one.old, one.new) not in same]
    drawn = draw(other, args.count, args.seed)
    with ThreadPoolExecutor(args.jobs) as pool:
        found = list(pool.map(attempt, drawn))
    killers = sorted({died for died, _ in found if "::" in died})
    whole = (ROOT / drawn[0].file).read_bytes()
    if failed := killer(folder / "0", drawn[0].file, whole, killers):
        sys.exit(f"{failed} fails without any mistake, too")
    alive = [
        {key: getattr(mutant, key) for key in ("file", "line", "rule", "old", "new")}
        | {"tests": tests}
        for mutant, (died, tests) in zip(drawn, found, strict=True)
        if not died
    ]
    tried, left = (Counter(one) for one in ((m.rule for m in drawn), (m["rule"] for m in alive)))
    table = {rule: {"drawn": tried[rule], "died": tried[rule] - left[rule]} for rule in tried}
    counts = {"mutants": len(every), "same": len(every) - len(other), "drawn": len(drawn)}
    return counts | {"died": len(drawn) - len(alive), "rules": table, "alive": alive}


def main(argv=None):
    parser = argparse.ArgumentParser(description="Do the tests notice a wrong line?")
    parser.add_argument("--count", type=int, default=200, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the drawing")
    parser.add_argument("--only", default="", help="a part of the path of their files")
    parser.add_argument("--jobs", type=int, default=2, help="mutants that are tried at once")
    parser.add_argument("--map", type=Path, help="of a run of all tests; made if it is not there")
    parser.add_argument("--outputs", type=Path)
    args = parser.parse_args(argv)
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    multiprocessing.get_context("forkserver").set_forkserver_preload(LOADED)
    with tempfile.TemporaryDirectory() as folder:
        results = try_some(args, Path(folder))
    print(f"{results['died']} of {results['drawn']} mutants die")
    sys.path.insert(0, str(ROOT))
    from utils.runs import make_folder, save_results  # the mutants' processes load their own

    save_results(results, make_folder(args.outputs), __file__, argv)


if __name__ == "__main__":
    main()
