"""Machinery of the book: run its scripts and file what they measure for the READMEs.

    python book/measure.py                      # every measurement
    python book/measure.py xor churn            # only these
    python book/measure.py --chapters basics xor mlp  # all that these folders' scripts measure
    python book/measure.py --take mnist_60 RUN  # file a run that was made before
    python book/measure.py mnist_best --outputs FOLDER  # stopped? The same command goes on
    python book/readme.py                       # then bring the READMEs up to date

A measurement NAME becomes assets/results/NAME.json, which holds the results with command, commit,
versions, seconds, number of processor cores and the share of them that other programs had
meanwhile, and its figures go to assets/image/. One whose seconds count waits until nothing else
runs, and is not filed if something did.
"""

from chapter import ROOT

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from measurements import ALONE, MEASUREMENTS, RUNS
from utils.runs import RESULTS, commit, fail, read_json, write_json

IMAGES = ROOT / "assets" / "image"


def folder_of(command):
    """Return the folder of a command's script: the chapter."""
    return command.partition("/")[0]


CHAPTERS = sorted({folder_of(command) for command, _ in MEASUREMENTS.values()})

# What a run of mnist.py knows of each model, but the book has no need to keep.
LEFT_OUT = {"summary", "classification_report"}
BUSY = 0.1  # of the processors for other programs: then the seconds of a measurement say little
WATCHED = 5  # seconds, to see whether other programs are busy


def cpu_seconds():
    """Return the seconds that others than the ended children of this process have computed.

    Windows does not tell those of the children, so there they count as well.
    """
    times, own = psutil.cpu_times(), os.times()
    idle = times.idle + getattr(times, "iowait", 0)
    return sum(times) - idle - own.children_user - own.children_system


def wait_until_quiet():
    """Return as soon as other programs leave the processors alone."""
    while (percent := psutil.cpu_percent(WATCHED)) > 100 * BUSY:
        print(f"Other programs have {percent:.0f}% of the processors: waiting.", flush=True)


def file_run(name, folder, figures, **more):
    """File the results.json of a run as NAME.json, and figures, {name in the run: in the book}.

    more: what else is known of the run, such as its seconds.
    """
    if missing := [file for file in ("results.json", *figures) if not (folder / file).is_file()]:
        fail(f"{folder} has no {', '.join(missing)}: nothing was filed.")
    results = read_json(folder / "results.json")
    provenance = results["provenance"]
    provenance["command"] = re.sub(r" --outputs \S+", "", provenance["command"])
    provenance |= more
    for model in results.get("models", {}).values():
        for key in LEFT_OUT & set(model):
            del model[key]
    write_json(results, RESULTS / f"{name}.json")
    for source, target in figures.items():
        shutil.copy(folder / source, IMAGES / target)


def measure(name, outputs=None):
    """Run one measurement as a reader does and file its results.

    outputs: the folder of a run of the same command, made in part before; None: start anew.
    """
    command, figures = MEASUREMENTS[name]
    print(f"== {name}: python {command}", flush=True)
    if name in ALONE:
        wait_until_quiet()
    with tempfile.TemporaryDirectory() as parent:
        folder = outputs or Path(parent) / "run"
        words = [sys.executable, *shlex.split(command), "--outputs", str(folder)]
        made_by, before, start = commit(), cpu_seconds(), time.perf_counter()
        if subprocess.run(words, cwd=ROOT).returncode:
            fail(f"{name} was not measured.")
        seconds = time.perf_counter() - start
        others = max(0.0, cpu_seconds() - before) / (os.cpu_count() * seconds)
        if others > BUSY:
            print(f"Other programs had {others:.0%} of the processors: the seconds say little.")
            if name in ALONE:
                print("Nothing was filed: measure again.")
                return
        more = {"commit": made_by, "seconds": round(seconds, 1), "others": round(others, 3)}
        file_run(name, folder, {figure: figure for figure in figures}, **more)


def main():
    parser = argparse.ArgumentParser(description="Run the book's scripts and file their results.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--chapters", nargs="+", default=[], choices=CHAPTERS)
    parser.add_argument("--outputs", type=Path, help="go on with what one measurement left here")
    parser.add_argument("--take", nargs=2, metavar=("NAME", "RUN"), help="file a finished run")
    args = parser.parse_args()
    if args.outputs and len(args.names) != 1:
        parser.error("--outputs is for one measurement")
    if args.take:
        name, run = args.take
        if name not in RUNS:
            parser.error(f"{name} is not one of {', '.join(RUNS)}")
        file_run(name, Path(run), RUNS[name])
        return
    unknown = set(args.names) - set(MEASUREMENTS)
    if unknown:
        parser.error(f"no measurement {', '.join(unknown)}")
    of_chapters = [
        name for name, (command, _) in MEASUREMENTS.items() if folder_of(command) in args.chapters
    ]
    names = args.names + of_chapters
    for name in names or MEASUREMENTS:
        measure(name, args.outputs)


if __name__ == "__main__":
    main()
