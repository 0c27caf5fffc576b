"""Back ends: the comparison runs the scripts as a reader does and reads what they leave."""

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest
from conftest import ROOT
from slices import first_commands, run_slice

from backends import backends
from book.measuring.closure import lessons
from book.pages.texts import chapters
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


# Scripts of the path that cannot run by themselves, on any back end or on these, and why.
ALL = "tensorflow", "jax", "torch"
NOT_RUN = {
    **dict.fromkeys(("serialization/rest/app.py", "serialization/rest/serve.py"), (ALL, "serves")),
    **dict.fromkeys(
        ("forecasts/go_on.py", "forecasts/many.py", "mlp/make_churn_data.py",
         "mnist/overfitting/weights.py", "mnist/pairs.py", "visualizing/debugging/doctor.py"),
        (ALL, "needs a run or a file of the reader"),
    ),
    "serialization/rest/client.py": (ALL, "asks a service"),
    "serialization/rest/ship_model.py": (["jax", "torch"], "wants TensorFlow, or litert-torch"),
    "generating/writers.py": (ALL, "needs more digits of a writer than a slice has"),
    "serialization/answer.py": (ALL, "is started by smaller.py"),
    "serialization/plain_values.py": (["jax", "torch"], "only TensorFlow computes with text"),
    "serialization/smaller.py": (ALL, "measures each form in a process of its own: minutes"),
}  # fmt: skip
# Options where the text has none and the script would look for a run of the reader.
OPTIONS = {
    script: ["--model", "CHURN"]
    for script in ("mlp/predict_churn.py", "serialization/plain_values.py")
}
# What stands in a command in place of a run, and the script that makes it, perhaps a file of it.
MADE_BY = {
    "AE_RUN": "generating/autoencoder.py", "VAE_RUN": "generating/vae.py",
    "FLOW_RUN": "generating/flow.py", "RUN": "text/gpt/shakespeare.py",
    "customizing/outputs/RUN/model.keras": "serialization/save_model.py",
    "CHURN": "mlp/mlp.py churn.keras",
}  # fmt: skip


def path_scripts():
    """Return (script, its options where the text first starts it) of all lessons of the path."""
    folders = {(ROOT / file).parent for number, _, file, _ in chapters() if number}
    scripts = [path.relative_to(ROOT).as_posix() for path in lessons() if path.parent in folders]
    found = first_commands()
    met = [script for script in found if script in scripts]
    return [(script, found.get(script, [])) for script in [*met, *sorted({*scripts} - {*met})]]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("path")


@pytest.mark.path
@pytest.mark.parametrize(
    ("script", "options"), [pytest.param(*one, id=one[0]) for one in path_scripts()]
)
def test_the_path_runs_on_this_back_end(script, options, made, load_quickly, monkeypatch):
    """Each of its scripts, on a slice: `.ci/backends` asks for it, and says what is skipped.

    Each training ends after two steps, which are the same on each back end as the hundreds.
    """
    back_ends, reason = NOT_RUN.get(script, ((), ""))
    if keras.config.backend() in back_ends:
        pytest.skip(reason)
    fit = keras.Model.fit

    def few_steps(model, x=None, y=None, batch_size=None, epochs=1, **more):
        return fit(model, x, y, batch_size, 1, **more | {"steps_per_epoch": 2})

    monkeypatch.setattr(keras.Model, "fit", few_steps)

    def place(script, file=""):
        return made / script.replace("/", "_").removesuffix(".py") / file

    options = OPTIONS.get(script, options)
    options = [str(place(*MADE_BY[one].split())) if one in MADE_BY else one for one in options]
    load_quickly(script)
    run_slice(monkeypatch, script, options, place(script))
