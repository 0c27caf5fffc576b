"""Back ends: the comparison runs the scripts as a reader does and reads what they leave."""

import importlib.util
import json
import os
import subprocess
import sys
from operator import attrgetter

import keras
import pytest
from conftest import ROOT

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
    if not importlib.util.find_spec(backend):
        pytest.skip(f"NOT TESTED: {backend} is not installed")
    if keras.config.backend() == backend:
        pytest.skip(f"this is {backend} already")
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--slow"]
    run = subprocess.run(
        [*command, "-m", marks, *AGAIN],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": FLAGS},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_comparison_runs_a_script(load_script, tmp_path, monkeypatch, capfd):
    module = load_script("backends/backends.py")
    command, keys = module.SCRIPTS["xor"]
    monkeypatch.setattr(module, "SCRIPTS", {"xor": ([*command, "--epochs", "2"], keys)})
    results = module.main(["--backends", "tensorflow", "--outputs", str(tmp_path)])
    one = results["tensorflow"]["xor"]
    assert one["seconds"] > 1  # the import of Keras alone takes longer
    assert one["accuracy"] in (0, 0.25, 0.5, 0.75, 1)
    assert one["version"].startswith("tensorflow ")
    assert (tmp_path / "tensorflow" / "xor" / "results.json").is_file()
    kept = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert kept.pop("provenance")["command"].startswith("python backends/backends.py")
    assert kept == results
    assert "tensorflow  xor" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("name", "measured"), [("churn", "churn_split"), ("mnist", "mnist_seconds")]
)
def test_comparison_finds_the_accuracy_in_results(name, measured, load_script, tmp_path):
    module = load_script("backends/backends.py")
    filed = (ROOT / "assets" / "results" / f"{measured}.json").read_text(encoding="utf-8")
    (tmp_path / "results.json").write_text(filed, encoding="utf-8")
    accuracy, version = module.read_results(tmp_path, module.SCRIPTS[name][1])
    assert 0.8 < accuracy < 1
    assert version.startswith("tensorflow ")


def test_comparison_ends_with_one_line(load_script, tmp_path, monkeypatch):
    module = load_script("backends/backends.py")
    with pytest.raises(SystemExit, match=r"ended with status 2 on tensorflow$"):
        module.run_script("tensorflow", ["xor/missing.py"], tmp_path)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"there is no jax\. Install it"):
        module.main(["--backends", "jax", "--outputs", str(tmp_path)])


def test_what_old_posts_use_is_gone_from_keras_but_not_from_tensorflow():
    old = [("backend", "mean"), ("preprocessing.image", "ImageDataGenerator")]
    for module, name in old:
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            attrgetter(f"{module}.{name}")(keras)
    tensorflow = pytest.importorskip("tensorflow")
    for module, name in old:
        assert callable(attrgetter(f"{module}.{name}")(tensorflow.keras))
