"""Machinery of the tests: which faults does which training survive, and how?

    python tests/long/survive.py                            # all of them, an hour
    python tests/long/survive.py --only plain --faults killed --kills 20
    python tests/long/survive.py --outputs FOLDER           # the same folder again: goes on there

Each training of survive.toml runs small. It is killed by a signal, at a step in its folder (see
faulty.py) or at a moment; the power is cut, which loses what was not synced; the disk is full; the
clock is set back; another process works in the folder; another back end goes on with it. After a
fault no file may be half under a good name. What is resumed must end as if nothing had happened, to
the last digit; or it is refused in one line, and the first command starts anew. Linux, as root.
"""

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

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
__import__("utils").set_up()

for package in ("keras", "optuna", "pandas", "sklearn.metrics", "tensorflow"):
    __import__(package)  # all runs are forks of this process, so that none need import it

from faulty import Run
from folders import Disk, broken, facts, half_files, in_rows

from utils.options import make_parser, positive, seed
from utils.runs import make_folder, read_json, remember_code, save_results, write_json

TRAININGS = tomllib.loads((ROOT / "tests" / "long" / "survive.toml").read_text(encoding="utf-8"))
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
FAULTS = ["killed", "power_cut", "disk_full", "clock_back", "second_process", "back_end"]
OUTCOMES = ["exact", "went on", "anew", "whole", "refused", "ended before", "wrong"]
ROW = 4  # kills of one run
GOOD = OUTCOMES[:4]  # of what came to its end


class Trial:
    """The trials of one training: its whole run, and what became of each fault."""

    def __init__(self, name, parent, draw):
        self.name, self.draw, self.parent = name, draw, parent
        self.training = TRAININGS[name]
        self.resumes = self.training.get("resume")
        self.options = self.training["options"].format(parent=parent) + " --outputs {folder}"
        self.found = {fault: Counter() for fault in FAULTS}
        self.signals, self.wrong, self.disks = Counter(), [], 0
        self.folder, log = parent / name, parent / f"{name}.steps"
        self.folder.mkdir()
        # With what resumes, others are compared, so no fault comes to its whole run.
        run = self.start(self.folder, log=log, at=4, fault=None if self.resumes else "clock")
        assert run.status == 0, f"{name}: {run.said[-2000:]}"
        self.seconds, self.steps = run.seconds, pickle.loads(log.read_bytes())
        self.whole = facts(self.folder)
        if not self.resumes:
            self.note("clock_back", self.judge(self.folder, run))

    def start(self, folder, resume=False, **fault):
        options = self.options
        if resume and self.resumes != "again":
            options = "--resume {folder}"
        return Run(self.training, options.format(folder=folder), folder, **fault)

    def new_folder(self):
        return Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=self.parent))

    def judge(self, folder, run):
        """Return "exact" if the folder is that of the whole run; else in words what is wrong."""
        if run.status:
            return f"status {run.status}: {run.said[-600:]}"
        if half := broken(folder):
            return f"half: {half}"
        now = facts(folder)
        if not self.resumes or "searches" in self.training:  # which others' trials change
            differs = set(now) ^ set(self.whole)
            good = "went on" if self.resumes else "whole"
        else:
            names = {*now, *self.whole}
            differs, good = {one for one in names if now.get(one) != self.whole.get(one)}, "exact"
        return f"differs: {sorted(differs)}" if differs else good

    def note(self, fault, outcome):
        """Count an outcome, and say what is wrong."""
        good = outcome in OUTCOMES
        self.found[fault][outcome if good else "wrong"] += 1
        if not good:
            self.wrong.append(f"{fault}: {outcome}")
            print(f"  WRONG {self.name}, {self.wrong[-1]}", flush=True)

    def go_on(self, folder):
        """Return what becomes of a folder after a fault, when it is resumed or begun anew."""
        if half := broken(folder):
            return f"half: {half}"
        if self.resumes:
            run = self.start(folder, resume=True)
            if not run.refused:
                return self.judge(folder, run)
        if not self.resumes:  # nothing of it is taken up again
            return "whole"
        outcome = self.judge(folder, self.start(folder))
        return "anew" if outcome in GOOD else outcome

    def kill(self, number, times):
        """Kill the training so many times in a row, at steps and at moments; then let it end."""
        folder, resume = self.new_folder(), False
        for sign in (SIGNALS[(number + one) % 3] for one in range(times)):
            most = len(self.steps) // (3 if resume else 1)  # what goes on has less to do
            fault = {"at": self.draw.randint(1, most), "fault": sign}
            if self.draw.random() < 0.3:
                fault = {"after": self.draw.uniform(0.1, 0.5) * self.seconds, "sign": sign}
            run = self.start(folder, resume, **fault)
            if resume and run.refused:  # there is nothing to go on with
                run = self.start(folder, **fault)
            if "Traceback" in run.said:
                return self.note("killed", f"said {run.said[-600:]}")
            self.signals[sign.name] += run.status in (-sign, 130)
            resume = bool(self.resumes)
        return self.note("killed", self.go_on(folder))

    def cut_power(self, trials):
        """Look at what is left after each step, by three disks; go on with some of it."""
        left = {}  # what may be left, and after which step for the first time
        for at in range(1, len(self.steps) + 1):
            disk = Disk(self.steps[:at])
            for kind in Disk.KINDS:
                contents = disk.left(kind, self.draw)
                left.setdefault(tuple(sorted(contents.items())), f"{kind} at {at}")
        for contents, place in left.items():
            if half := half_files(dict(contents)):
                self.note("power_cut", f"{place} {half}")
        self.disks = len(left)
        if not (self.resumes or self.wrong):
            self.note("power_cut", "whole")
        for contents in self.draw.sample([*left], min(trials, len(left))):
            folder = self.new_folder()
            for name, content in contents:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            self.note("power_cut", self.go_on(folder))

    def fill_disk(self, share):
        """Run on a disk with room for a share of what the whole run needs; then make room."""
        folder, size = self.new_folder(), sum(f.stat().st_size for f in self.folder.rglob("*"))
        room = f"size={max(8, int(share * size) // 1024)}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", room, "tmpfs", folder], check=True)
        try:
            run = self.start(folder)
            if not run.refused:
                said = f"said {run.said[-600:]}" if run.status else "ended before"
                return self.note("disk_full", said)
            subprocess.run(["mount", "-o", "remount,size=1g", folder], check=True)
            self.note("disk_full", self.go_on(folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=True)

    def set_clock_back(self):
        folder, at = self.new_folder(), self.draw.randint(1, len(self.steps))
        self.note("clock_back", self.judge(folder, self.start(folder, at=at, fault="clock")))

    def come_second(self):
        """Start another process in the folder while the first one is at work."""
        folder, others = self.new_folder(), []
        commands = [False] if self.resumes in (None, "again") else [False, True]

        def meanwhile():
            others.extend(self.start(folder, resume) for resume in commands)

        outcome = self.judge(folder, self.start(folder, meanwhile=meanwhile))
        said = [one.said[-600:] for one in others if not one.refused]
        if said or not others:
            outcome = f"said {said}"
        self.note("second_process", "refused" if outcome in GOOD else outcome)

    def change_back_end(self):
        """Go on with JAX where TensorFlow was killed."""
        folder = self.new_folder()
        moves = [at for at, step in enumerate(self.steps) if step[0] == "move"]
        last = [at for at in moves if self.steps[at][2].endswith("checkpoint.keras")]
        self.start(folder, at=last[-1] + 1, fault=signal.SIGKILL)
        command = [sys.executable, self.resumes, "--resume", str(folder)]
        jax = os.environ | {"KERAS_BACKEND": "jax"}
        run = subprocess.run(command, env=jax, cwd=ROOT, capture_output=True, text=True)
        last = run.stderr.splitlines()[-1]  # TensorFlow speaks before it, if it is there
        refused = run.returncode == 1 and "of another back end" in last
        outcome = self.go_on(folder) if refused else f"{run.stdout[-300:]} {run.stderr[-600:]}"
        self.note("back_end", "refused" if outcome in GOOD else outcome)


def attempt(trial, faults, kills, disks):
    """Let faults happen to a training; return what became of it, as JSON has it."""
    resumes = trial.resumes
    if "killed" in faults:
        for number in range(0, kills if resumes else 1, ROW):
            trial.kill(number, ROW if resumes else 1)
    if "power_cut" in faults:
        trial.cut_power(disks if resumes else 0)
    for share in (0.3, 0.8) if resumes and "disk_full" in faults else ():
        trial.fill_disk(share)
    if resumes and "clock_back" in faults:
        trial.set_clock_back()
    if "second_process" in faults:
        trial.come_second()
    if resumes and resumes != "again" and "back_end" in faults:
        trial.change_back_end()
    script, signals = trial.training["script"], dict(trial.signals)
    about = {"script": script, "row": script if resumes else "others", "steps": len(trial.steps)}
    about |= {"disks": trial.disks, "signals": signals, "wrong": trial.wrong}
    return about | {"faults": {fault: dict(found) for fault, found in trial.found.items()}}


def main(argv=None):
    """Return {training: what became of it}; in a folder that exists, go on with the others."""
    parser = make_parser("Let faults happen to trainings.", ROOT / "tests" / "outputs")
    add = parser.add_argument
    add("--only", nargs="+", choices=TRAININGS, default=[*TRAININGS], help="these trainings")
    add("--faults", nargs="+", choices=FAULTS, default=FAULTS, help="these faults")
    add("--kills", type=positive(int), default=16, help=f"of what resumes, {ROW} in a row")
    add("--disks", type=positive(int), default=2, help="after a power cut, to go on with")
    add("--seed", type=seed, default=1, help="of where the faults come")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    remember_code()  # as each fork would
    parent = Path(tempfile.mkdtemp())  # which no fork of this process removes when it ends
    try:
        text = (ROOT / "text" / "shakespeare.txt").read_text(encoding="utf-8")
        (parent / "text.txt").write_text(text[:12_000], encoding="utf-8")
        for name in args.only:
            if not (folder / f"{name}.json").exists():
                trial = Trial(name, parent, random.Random(f"{args.seed} {name}"))
                found = attempt(trial, args.faults, args.kills, args.disks)
                print(name, found, flush=True)
                write_json(found, folder / f"{name}.json")
    finally:
        shutil.rmtree(parent)
    trainings = {name: read_json(folder / f"{name}.json") for name in args.only}
    results = {"trainings": trainings, "rows": in_rows(trainings, OUTCOMES)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    sys.exit(any(one["wrong"] for one in main()["trainings"].values()))
