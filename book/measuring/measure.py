"""Machinery of the book: run its scripts and file what they measure for the READMEs.

    python book/measuring/measure.py  # all of which the code has changed since it was made
    python book/measuring/measure.py --list  # only says what that is
    python book/measuring/measure.py xor churn  # only these
    python book/pages/readme.py  # then bring the READMEs up to date

A measurement NAME becomes assets/results/NAME.json, which holds the results with command, commit,
versions, seconds, processor, number of its cores and the share of them that other programs had
meanwhile, and its figures go to assets/image/. Whatever reads another run comes after it; such a
run is kept in book/outputs/. Commit code before you measure, and the results after it. A result is
made anew if code that its script imports has changed since the commit that it names (comments and
docstrings do not count), or any data; of a script that starts others, if any lesson has. The first
command may be stopped at any moment, and then goes on; if all has changed, it takes a day. One
measurement runs at a time. One whose seconds count waits until no other program is busy, and is not
filed if one was.
"""

from chapter import OUTPUTS, ROOT

import argparse
import contextlib
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from graphlib import TopologicalSorter
from pathlib import Path

from book.measuring.closure import closure, computes_as_in
from book.measuring.machine import BUSY, adopt, cpu_seconds, processor, wait_until_quiet
from book.measuring.measurements import ALONE, MEASUREMENTS, RUNS
from book.pages.printed import is_shown
from utils.runs import RESULTS, fail, read_json, write_json

IMAGES = ROOT / "assets" / "image"
COMMANDS = RUNS | {name: command for name, (command, _) in MEASUREMENTS.items()}
# The names of the runs that a command reads, and the names of all that any command reads.
NEEDS = {name: re.findall(r"\{(\w+)\}", command) for name, command in COMMANDS.items()}
READ = {need for needs in NEEDS.values() for need in needs}
# What reads the filed results of others comes after them, and is made anew with them.
READS = {
    "eight_curves": ["broken"], "transformer": ["attention"], "mnist_curves": ["mnist_tuned"],
    "mnist_compare": [
        "mnist_seconds", "mnist_60", "mnist_augmentation", "mnist_short", "mnist_early",
        "mnist_cosine", "mnist_augment", "mnist_quick_2", "mnist_quick", "mnist_best",
    ],
}  # fmt: skip
LAST = ["mutants", "notebooks"]  # of pages that are up to date, and of the minutes of all others
# What a run of mnist.py knows of each model, but the book has no need to keep.
LEFT_OUT = {"summary", "classification_report"}
# A change of these makes no result old; what a few read of them, READS and the tests watch.
MADE = ["*.md", "*.claims.toml", "*.tables.toml", "assets/results", "assets/image", "tests"]
STARTS = re.compile(r"import subprocess|import_module\(")  # other scripts, in a script
# What is no data, and what none but a script that starts others reads, such as nginx or a browser.
ASIDE = re.compile(
    r"^(\.ci|\.github|\.devcontainer|playground|teaching)/"
    r"|Dockerfile|LICENSE|ignore$|SUMS$|requirements"
)
SERVED = (".html", ".css", ".js", ".conf", ".yaml")


def git(*words):
    """Return the lines that git says of code and data; CalledProcessError, OSError: it cannot."""
    words = ["git", *words, "--", ".", *[f":!{path}" for path in MADE]]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.split("\n")[:-1]


def commit():
    """Return the last commit of code or data, with -dirty if they changed since, or None."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return git("log", "-1", "--format=%h")[0] + "-dirty" * bool(git("status", "--porcelain"))


@functools.cache
def changed_since(code):
    """Return the files of code or data that are not as in a commit, None if git knows none such."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        new = git("ls-files", "--others", "--exclude-standard")
        return {*git("diff", "--name-only", "--no-renames", code), *new}


def stands_on(name):
    """Return the files of code that a measurement needs, with those of the runs that it reads."""
    script = next(word for word in shlex.split(COMMANDS[name]) if word.endswith(".py"))
    return closure(ROOT / script).union(*map(stands_on, [*NEEDS[name], *READS.get(name, [])]))


def is_made(name, path):
    """Return whether a results.json of a measurement is one of the code and data at hand."""
    code = made_by(path)
    changed = None if not code or code.endswith("-dirty") else changed_since(code)
    if changed is None:
        return False
    files = stands_on(name)
    scripts = {one for one in changed if one.endswith(".py")}
    data = {one for one in changed - scripts if "/" in one and not ASIDE.search(one)}
    starts = any(STARTS.search(one.read_text(encoding="utf-8")) for one in files)
    if not starts:
        data = {one for one in data if not one.endswith(SERVED)}
    not_started = {one for one in scripts if one.startswith("book/") or not starts}
    scripts -= not_started - {one.relative_to(ROOT).as_posix() for one in files}
    return not data and all(computes_as_in(code, one) for one in scripts)


def file_run(name, folder, figures, **more):
    """File the results.json of a run as NAME.json, and figures, {name in the run: in the book}.

    more: what else is known of the run, such as its seconds.
    """
    if missing := [file for file in ("results.json", *figures) if not (folder / file).is_file()]:
        fail(f"{folder} has no {', '.join(missing)}: nothing was filed.")
    results = read_json(folder / "results.json")
    about = results["provenance"]
    about |= {"command": re.sub(r" --outputs \S+|\bbook/outputs/", "", about["command"])} | more
    about.pop("code", None)  # the commit says more
    for model in results.get("models", {}).values():
        for key in LEFT_OUT & set(model):
            del model[key]
    write_json(results, RESULTS / f"{name}.json")
    for source, target in figures.items():
        shutil.copy(folder / source, IMAGES / target)


def start(command, folder):
    """Run a command as a reader does, into a folder; return what it prints, None if it fails."""
    places = {run: (OUTPUTS / run).relative_to(ROOT).as_posix() for run in READ}
    words = [os.path.expandvars(word) for word in shlex.split(command.format(**places))]
    settings = [word for word in words if re.match(r"\w+=", word)]
    words = [sys.executable, *words[len(settings) :], "--outputs", str(folder)]
    environment = os.environ | dict(word.split("=", 1) for word in settings)
    lines = []
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as run:
        for line in run.stdout:
            print(line, end="", flush=True)
            lines += [] if "\b" in line or "\r" in line else [line.rstrip()]  # a progress bar
    return lines if run.returncode == 0 else None


def measure(name):
    """Run one measurement and file its results; return what went wrong, "" if nothing did."""
    command = COMMANDS[name]
    print(f"== {name}: python {command}", flush=True)
    if unset := [one for one in re.findall(r"\$(\w+)", command) if one not in os.environ]:
        print(f"It is left out, since ${unset[0]} is not set.")
        return ""
    if name in ALONE:
        wait_until_quiet()
    with tempfile.TemporaryDirectory() as parent:
        folder = OUTPUTS / name if name in READ else Path(parent) / "run"
        shutil.rmtree(folder, ignore_errors=True)
        code, before, began = commit(), cpu_seconds(), time.perf_counter()
        printed = start(command, folder)
        if printed is None:
            return "its command failed"
        results = read_json(folder / "results.json")
        results["provenance"]["commit"] = code
        write_json(results, folder / "results.json")
        seconds = time.perf_counter() - began
        others = max(0.0, cpu_seconds() - before) / (os.cpu_count() * seconds)
        if others > BUSY:
            print(f"Other programs had {others:.0%} of the processors: the seconds say little.")
            if name in ALONE:
                return "nothing was filed, since other programs were busy: measure again"
        if name in MEASUREMENTS:
            figures = MEASUREMENTS[name][1]
            figures = figures if isinstance(figures, dict) else {one: one for one in figures}
            more = {"seconds": round(seconds, 1), "others": round(others, 3)}
            more["processor"] = processor()
            if is_shown(name):
                more["printed"] = printed
            file_run(name, folder, figures, **more)
    return ""


def made_by(path):
    """Return the commit that made a results.json; None if there is none."""
    return read_json(path)["provenance"].get("commit") if path.is_file() else None


def choose(names):
    """Return what to make, in order. names: what is asked for, if not all that code has not made.

    A run that is read is made before, unless it is there: with names one of any commit will do.
    """
    chosen = set(names) or {
        name for name in MEASUREMENTS if not is_made(name, RESULTS / f"{name}.json")
    }
    after = {name: [*needs, *READS.get(name, [])] for name, needs in NEEDS.items()}
    order = sorted(TopologicalSorter(after).static_order(), key=LAST.__contains__)
    for name in reversed(order):
        for need in NEEDS[name] if name in chosen else []:
            run = OUTPUTS / need / "results.json"
            if not (run.is_file() if names else is_made(need, run)):
                chosen.add(need)
    return [name for name in order if name in chosen]


def main():
    parser = argparse.ArgumentParser(description="Run the book's scripts and file their results.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(COMMANDS)}")
    parser.add_argument("--list", action="store_true", help="only say what would be made")
    args = parser.parse_args()
    if unknown := set(args.names) - set(COMMANDS):
        parser.error(f"no measurement {', '.join(unknown)}")
    adopt()
    wrong = {}
    for name in choose(args.names):
        if args.list:
            print(f"{name}: {COMMANDS[name]}")
            continue
        lacking = [need for need in NEEDS[name] if need in wrong]
        if why := f"it reads {lacking[0]}" if lacking else measure(name):
            wrong[name] = why
    if wrong:
        fail("not measured: " + "; ".join(f"{name} ({why})" for name, why in wrong.items()))


if __name__ == "__main__":
    main()
