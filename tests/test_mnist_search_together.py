"""The hyperparameter search on several machines: two workers, one database, one of them killed."""

import contextlib
import subprocess
import sys
from collections import Counter

import optuna
import pytest
from conftest import ROOT

# A worker whose trials take no training, but time; it says which it begins. The best rate is 0.01.
WORKER = """
import math, sys, time
sys.path.insert(0, "mnist/studies")
import chapter
from mnist.studies import search, storage
storage.HEARTBEAT = 1
def fit(settings, digits, epochs, seed, callbacks):
    print("begins", settings["learning_rate"], flush=True)
    time.sleep(float(sys.argv[1]))
    return 1 - abs(math.log10(settings["learning_rate"]) + 2) / 10
search.fit = fit
search.prepare_mnist = lambda *_: None
print("best", search.main(sys.argv[2:])["best"]["learning_rate"])
"""
TRIALS = 6


@contextlib.contextmanager
def worker(url, seconds, outputs):
    """Yield a process that searches, with trials of so many seconds."""
    options = ["--storage", url, "--trials", str(TRIALS), "--outputs", str(outputs)]
    command = [sys.executable, "-c", WORKER, str(seconds), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process, text):
    return float(next(line.split()[1] for line in process.stdout if line.startswith(text)))


@pytest.mark.slow
def test_two_machines_search_together_and_one_dies(tmp_path):
    """No trial is lost, none is done twice, and the best of all is reported."""
    url = f"sqlite:///{tmp_path}/shared.db"  # as two processes on one machine may share it
    with worker(url, 600, tmp_path / "a") as one:
        lost = wait_for(one, "begins")  # only then may the other one come: it is quick
        with worker(url, 0.1, tmp_path / "b") as other:
            wait_for(other, "begins")
            one.kill()
            best = wait_for(other, "best")
    (name,) = optuna.get_all_study_names(url)
    trials = optuna.load_study(study_name=name, storage=url).trials
    states = Counter(trial.state.name for trial in trials)
    done = [trial.params["learning_rate"] for trial in trials if trial.state.name == "COMPLETE"]
    assert states["RUNNING"] == states["WAITING"] == 0
    assert states["FAIL"] == 1  # the first attempt of the worker that was killed
    assert len(done) == TRIALS == len(set(done)) and lost in done
    assert best == max(trials, key=lambda trial: trial.value or 0).params["learning_rate"]
