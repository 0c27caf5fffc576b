"""Machinery of the tests: which faults does which training survive, and how?

    python tests/survive.py                           # all of them, two hours
    python tests/survive.py --only lab gpt --kills 9  # of these, each with so many kills
    python tests/survive.py --seed 1                  # faults at other places

Each training of survive.toml runs small. It is killed by a signal, at a step in its folder (see
faulty.py) or at a moment; the power is cut, which loses what was not synced; the disk is full; the
clock is set back; another process works in the folder; another back end goes on with it. After a
fault no file may be half under a good name. What can be resumed must end as if nothing had
happened, to the last digit: history, weights, optimizer, random states, results. Or it is refused
in one line, with status 1, and the first command starts anew. Linux, as root (for a full disk).
"""

import argparse
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [str(ROOT), str(ROOT / "tests"), *sys.path[1:]]
__import__("utils").set_up()

import keras  # noqa: F401  (all runs are forks of this process, so that each need not import it)
import optuna  # noqa: F401
import pandas  # noqa: F401
import sklearn.metrics  # noqa: F401
import tensorflow  # noqa: F401
from faulty import Run
from folders import Disk, broken, facts

from utils.options import positive, seed
from utils.runs import make_folder, save_results

TRAININGS = tomllib.loads((ROOT / "tests" / "survive.toml").read_text(encoding="utf-8"))
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
FAULTS = ["killed", "power cut", "disk full", "clock set back", "second process", "back end"]


class Trial:
    """The trials of one training: its whole run, and what became of each fault."""

    def __init__(self, name, parent, draw):
        self.name, self.draw, self.training = name, draw, TRAININGS[name]
        self.parent, self.count = parent, 0
        options = self.training["options"].format(parent=parent)
        self.folder = parent / name
        self.found = {fault: Counter() for fault in FAULTS}
        self.found["clock set back"] = Counter()
        self.signals, self.wrong = Counter(), []
        self.options = f"{options} --outputs {{folder}}"
        self.folder.mkdir()
        self.log = parent / f"{name}.steps"
        again = self.training.get("resume")
        # What resumes is compared, so no fault comes to its whole run.
        fault = {} if again else {"at": 4, "fault": "clock"}
        run = self.start(self.folder, log=self.log, **fault)
        assert run.status == 0, f"{name}: {run.said[-2000:]}"
        self.seconds, self.said = run.seconds, run.said
        self.steps = pickle.loads(self.log.read_bytes())
        self.whole = facts(self.folder)
        if not again:
            self.note("clock set back", self.judge(self.folder, run))

    def start(self, folder, resume=False, **fault):
        options = self.options
        if resume and self.training["resume"] != "again":
            options = "--resume {folder}"
        return Run(self.training, options.format(folder=folder), folder, **fault)

    def new_folder(self):
        self.count += 1
        folder = self.parent / f"{self.name}-{self.count}"
        folder.mkdir()
        return folder

    def judge(self, folder, run):
        """Return "exact" if the folder is that of the whole run; else in words what is wrong."""
        if run.status:
            return f"status {run.status}: {run.said[-600:]}"
        if half := broken(folder):
            return f"half: {half}"
        now = facts(folder)
        if not self.training.get("resume"):
            return (
                "whole" if set(now) == set(self.whole) else f"files: {set(now) ^ set(self.whole)}"
            )
        differs = [file for file in {*now, *self.whole} if now.get(file) != self.whole.get(file)]
        if self.training.get("searches"):  # which goes on with what others have tried
            differs = [file for file in self.whole if file not in now]
        return f"differs: {sorted(differs)}" if differs else "exact"

    def note(self, fault, outcome):
        """Count an outcome, and say what is wrong."""
        good = outcome in ("exact", "whole", "anew", "refused", "ended before")
        self.found[fault][outcome if good else "wrong"] += 1
        if not good:
            self.wrong.append(f"{fault}: {outcome}")
            print(f"  WRONG {self.name}, {self.wrong[-1]}", flush=True)

    def go_on(self, folder):
        """Return what becomes of a folder after a fault, when it is resumed or begun anew."""
        if half := broken(folder):
            return f"half: {half}"
        if self.training.get("resume"):
            run = self.start(folder, resume=True)
            if not run.refused:
                return self.judge(folder, run)
        before = {file.name for file in folder.iterdir()}
        outcome = self.judge(folder, self.start(folder))
        return "anew" if outcome in ("exact", "whole") else f"{outcome} (from {before})"

    def kill(self, number):
        """Kill the training; every second time at a step, else at a moment. Resume it.

        One time in four, what resumes it is killed, too.
        """
        sign, folder = SIGNALS[number % 3], self.new_folder()
        for resumed in range(1 + (number % 4 == 3 and bool(self.training.get("resume")))):
            if number % 2:
                fault = {"after": self.draw.uniform(0.05, 1) * self.seconds, "sign": sign}
            else:
                fault = {"at": self.draw.randint(1, len(self.steps)), "fault": sign}
            run = self.start(folder, resume=bool(resumed), **fault)
            self.signals[signal.Signals(sign).name] += run.status != 0
            if run.status == 0:
                return self.note("killed", "ended before")
            if "Traceback" in run.said:
                return self.note("killed", f"traceback: {run.said[-600:]}")
        self.note("killed", self.go_on(folder))

    def cut_power(self, trials):
        """Look at what is left after each step, by three disks; go on with some of it."""
        disks = [(at, kind) for at in range(1, len(self.steps) + 1) for kind in Disk.KINDS]
        chosen = set(self.draw.sample(disks, min(trials, len(disks))))
        for at, kind in disks:
            folder = self.new_folder()
            Disk(self.steps[:at]).write(folder, kind, self.draw)
            if half := broken(folder):
                self.note("power cut", f"{kind} at {at} {self.steps[at - 1][:2]}: half {half}")
            elif (at, kind) in chosen:
                self.note("power cut", self.go_on(folder))
            shutil.rmtree(folder)

    def fill_disk(self, share):
        """Run on a disk with room for a share of what the whole run needs; then make room."""
        folder, size = self.new_folder(), sum(f.stat().st_size for f in self.folder.rglob("*"))
        room = f"size={max(8, int(share * size) // 1024)}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", room, "tmpfs", folder], check=True)
        try:
            run = self.start(folder)
            if not run.refused:
                done = "ended before" if not run.status else f"said {run.said[-600:]}"
                return self.note("disk full", done)
            subprocess.run(["mount", "-o", "remount,size=1g", folder], check=True)
            self.note("disk full", self.go_on(folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=True)

    def set_clock_back(self):
        folder = self.new_folder()
        at = self.draw.randint(1, len(self.steps))
        self.note("clock set back", self.judge(folder, self.start(folder, at=at, fault="clock")))

    def come_second(self):
        """Start another process in the folder while the first one is at work."""
        folder, others = self.new_folder(), []
        resumes = self.training.get("resume", "again") != "again"
        commands = [False, True] if resumes else [False]

        def meanwhile():
            others.extend(self.start(folder, resume) for resume in commands)

        run = self.start(folder, meanwhile=meanwhile)
        said = [one.said[-600:] for one in others if not one.refused]
        outcome = f"said {said}" if said or not others else self.judge(folder, run)
        self.note("second process", "refused" if outcome in ("exact", "whole") else outcome)

    def change_back_end(self):
        """Go on with JAX where TensorFlow was killed."""
        folder = self.new_folder()
        moves = [at for at, step in enumerate(self.steps) if step[0] == "move"]
        last = [at for at in moves if self.steps[at][2].endswith("checkpoint.keras")]
        self.start(folder, at=last[-1] + 1, fault=signal.SIGKILL)
        command = [sys.executable, self.training["resume"], "--resume", str(folder)]
        jax = os.environ | {"KERAS_BACKEND": "jax"}
        run = subprocess.run(command, env=jax, cwd=ROOT, capture_output=True, text=True)
        refused = run.returncode == 1 and "back end" in run.stderr and run.stderr.count("\n") == 1
        outcome = self.go_on(folder) if refused else f"{run.stdout[-300:]} {run.stderr[-600:]}"
        self.note("back end", "refused" if outcome == "exact" else outcome)


def attempt(name, parent, draw, kills, disks):
    """Return the trial of one training, after all faults."""
    trial = Trial(name, parent, draw)
    resumes, log = trial.training.get("resume"), len(trial.steps)
    print(f"{name}: {trial.seconds:.0f} s, {log} steps, {len(trial.whole)} files", flush=True)
    for number in range(kills):
        trial.kill(number)
    trial.cut_power(disks)
    for share in (0.1, 0.5, 0.9) if resumes else (draw.uniform(0.1, 0.9),):
        trial.fill_disk(share)
    if resumes:
        trial.set_clock_back()
    trial.come_second()
    if resumes and resumes != "again":
        trial.change_back_end()
    return trial


def main(argv=None):
    """Return {training: {"killed": {what became of it: how often}, ...}, its signals, ...}."""
    parser = argparse.ArgumentParser(description="Let faults happen to trainings.")
    add = parser.add_argument
    add("--only", nargs="+", choices=TRAININGS, default=[*TRAININGS], help="these trainings")
    add("--kills", type=positive(int), default=9, help="of each training that resumes")
    add("--disks", type=positive(int), default=12, help="after a power cut, to go on with")
    add("--seed", type=seed, default=1, help="of where the faults come")
    add("--outputs", type=Path, metavar="FOLDER", help="for results.json")
    args = parser.parse_args(argv)
    folder, trials = make_folder(args.outputs), {}
    parent = Path(tempfile.mkdtemp())  # which no fork of this process removes when it ends
    try:
        text = (ROOT / "text" / "shakespeare.txt").read_text(encoding="utf-8")
        (parent / "text.txt").write_text(text[:12_000], encoding="utf-8")
        for name in args.only:
            draw = random.Random(f"{args.seed} {name}")
            kills = args.kills if TRAININGS[name].get("resume") else 1 + args.kills // 9
            disks = args.disks if TRAININGS[name].get("resume") else 1
            trial = trials[name] = attempt(name, parent, draw, kills, disks)
            print({fault: dict(found) for fault, found in trial.found.items()}, flush=True)
    finally:
        shutil.rmtree(parent)
    results = {
        name: {fault.replace(" ", "_"): dict(found) for fault, found in trial.found.items()}
        | {"script": trial.training["script"], "steps": len(trial.steps)}
        | {"signals": dict(trial.signals), "wrong": trial.wrong}
        for name, trial in trials.items()
    }
    return save_results({"trainings": results}, folder, __file__, argv)


if __name__ == "__main__":
    sys.exit(any(one["wrong"] for one in main()["trainings"].values()))
