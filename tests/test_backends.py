"""Back ends: the comparison runs the scripts as a reader does and reads what they leave."""

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest
from conftest import ROOT

from backends import backends
from utils.runs import RESULTS

# Whose tests that are marked so are run once more, in one process with another back end.
AGAIN = [f"tests/test_{chapter}.py" for chapter in ("customizing", "generating", "text")]
# XLA compiles sooner if it need not make the result fast.
FLAGS = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "marks"), [("jax", "every_back_end"), ("torch", "every_back_end or torch")]
)
def test_the_same_on_the_other_back_ends(backend, marks):
    """In one process, since to start a back end takes as long as several tests."""
    if not importlib.util.find_spec(backend) or keras.config.backend() == backend:
        pytest.skip(f"NOT TESTED: {backend} is not installed, or is this one already")
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--slow"]
    environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": FLAGS}
    command += ["-m", marks, *AGAIN]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_each_script_runs_on_each_back_end(monkeypatch, run_main, capsys):
    """The runs are those that are filed, and each is asked for the back end by its name."""
    asked, filed = [], {"mlp/evaluation.py": "churn_split", "mnist/mnist.py": "mnist_seconds"}

    def run(command, env):
        asked.append((env["KERAS_BACKEND"], command[1].relative_to(ROOT).as_posix()))
        text = (RESULTS / f"{filed[asked[-1][1]]}.json").read_text(encoding="utf-8")
        command[-1].mkdir(parents=True)
        (command[-1] / "results.json").write_text(text, encoding="utf-8")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(backends, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(backends, "check_installed", lambda _: None)
    options = ["--scripts", "churn", "mnist", "--backends", "jax", "torch"]
    _, results = run_main("backends/backends.py", *options)
    assert asked == [(name, script) for name in ("jax", "torch") for script in filed]
    assert all(0.8 < one["accuracy"] < 1 for of in results.values() for one in of.values())
    assert "torch       mnist" in capsys.readouterr().out
