"""The hyperparameter search on several machines: two workers, one database, one of them killed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import optuna
import pytest
from conftest import ROOT, skip_loudly

# A worker whose trials take no training, but time; it says which it begins. The best rate is 0.01.
WORKER = """
import math, sys, time
import book.chapter as chapter
sys.modules["chapter"] = chapter
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
TRIALS = 12


def find_postgres():
    """Return the folder of the programs that make and run a database, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


@contextlib.contextmanager
def database(programs):
    """Yield the URL of a new PostgreSQL, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp())  # not pytest's, whose parents only root may enter
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    make = [*as_user, programs / "initdb", "-D", data, "-U", "me", "-A", "trust", "--no-sync"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder)
    options = f"-p {port} -h 127.0.0.1 -k {folder}"
    control = [*as_user, programs / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]
    try:
        subprocess.run([*control, "-o", options, "start"], check=True, cwd=folder)
        yield f"postgresql+psycopg://me@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


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
    for line in process.stdout:
        if line.startswith(text):
            return line.split()[1]
    raise AssertionError(f"the worker ended without a line that begins with {text}")


@pytest.mark.slow
def test_two_machines_search_together_and_one_dies(tmp_path):
    """No trial is lost, none is done twice, and the best of all is reported."""
    programs = find_postgres()
    if programs is None:
        skip_loudly("needs PostgreSQL (Debian: postgresql)")
    pytest.importorskip("psycopg")
    with database(programs) as url, worker(url, 600, tmp_path / "a") as one:
        lost = float(wait_for(one, "begins"))  # only then may the other one come: it is quick
        with worker(url, 0.1, tmp_path / "b") as other:
            wait_for(other, "begins")
            one.send_signal(signal.SIGKILL)
            best = float(wait_for(other, "best"))
        (name,) = optuna.get_all_study_names(url)
        trials = optuna.load_study(study_name=name, storage=url).trials
    states = Counter(trial.state.name for trial in trials)
    done = [trial.params["learning_rate"] for trial in trials if trial.state.name == "COMPLETE"]
    assert states["RUNNING"] == states["WAITING"] == 0
    assert states["FAIL"] == 1  # the first attempt of the worker that was killed
    assert len(done) == TRIALS == len(set(done))
    assert lost in done
    assert best == max(trials, key=lambda trial: trial.value or 0).params["learning_rate"]
    assert (tmp_path / "b" / "trials.csv").read_text().count("\n") == 1 + TRIALS


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "cannot read the URL of the database"),
        ("postgresql://me:half@secret@here:x/d", "with %40 for an @ in PASSWORD"),
        ("postgresql://me:half@secret@here.invalid/d", "with %40 for an @ in PASSWORD"),
        ("postgresql://me:secret@here:1:2/d", "with %40 for an @ in PASSWORD"),
        ("foo://me:secret@here/x", "pip install psycopg"),
        ("sqlite:////nowhere/at/all.db", "cannot use the database ("),
    ],
)
def test_a_database_that_cannot_be_used_gets_one_line(url, message, load_script):
    storage = load_script("mnist/studies/storage.py")
    with pytest.raises(SystemExit) as stopped:
        storage.join_study("a", url)
    assert message in stopped.value.code
    assert "secret" not in stopped.value.code
