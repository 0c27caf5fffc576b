"""One training shared by several processes, on the loopback interface; needs JAX."""

import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

SCRIPT = "backends/parallel.py"
SMALL = ["--train-samples", "600", "--batch-size", "200"]
needs_jax = pytest.mark.skipif(not find_spec("jax"), reason="NOT TESTED: JAX is not installed")


def test_shares_make_up_the_batches(load_script):
    share = load_script(SCRIPT).Share
    x = np.arange(25)
    whole = share(x, x, 10, 0, 1, seed=3)
    parts = [share(x, x, 10, process, 2, seed=3) for process in (0, 1)]
    assert len(whole) == len(parts[0]) == 3
    for step, size in ((0, 10), (1, 10), (2, 4)):
        together = np.concatenate([part[step][0] for part in parts])
        assert len(together) == size and (together == whole[step][0][:size]).all()
    assert sorted(np.concatenate([whole[step][1] for step in range(3)])) == list(x)
    before = whole[0][0]
    whole.on_epoch_end()
    assert (whole[0][0] != before).any()
    resumed = share(x, x, 10, 0, 1, seed=3, epochs_done=1)
    assert (resumed[0][0] == whole[0][0]).all()
    assert (share(x, x, 10, 0, 1)[0][0] == x[:10]).all()
    assert len(share(x, x, 8, 0, 1)) == 4
    assert len(share(x, x, 8, 0, 2)) == 3  # two processes cannot share the one image that is left


def test_what_cannot_be_shared(load_script, capsys):
    for options, line in [
        (["--processes", "3", "--batch-size", "256"], "3 processes cannot share 256 images"),
        (["-m", "all"], "neither train all models"),
        (["--early-stopping", "2"], "nor stop early"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            load_script(SCRIPT).main(options)
        assert line in capsys.readouterr().err


def test_without_jax_a_line_says_so():
    """Its options come first, so Keras and the network are imported without JAX, too."""
    code = "import runpy, sys; sys.modules['jax'] = None; sys.argv = ['parallel.py']\n"
    code += f"sys.path[0] = 'backends'; runpy.run_path({SCRIPT!r}, run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert run.stderr.endswith("parallel.py: there is no JAX. Install it: pip install jax\n")


def test_the_processes_end_with_the_one_that_started_them():
    """Even if that one is killed, so that it cannot end them itself."""
    child = "import time; from backends import processes; processes.end_with_parent()"
    child += "; print(flush=True); time.sleep(60)"
    code = "import sys; from backends import processes\n"
    code += f"processes.run_together([sys.executable, '-c', {child!r}], [{{}}, {{}}], '')"
    started = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    for _ in range(2):
        started.stdout.readline()  # both watch
    started.kill()
    begun = time.perf_counter()
    started.stdout.read()  # ends when nobody can write any more
    assert time.perf_counter() - begun < 10


@pytest.mark.slow
@needs_jax
def test_two_processes_learn_what_one_learns_and_go_on_after_a_death(
    load_script, tmp_path, monkeypatch
):
    """The same weights, some epochs later. (Dropout would go on with other numbers.)"""
    options = ["-m", "mlp_one_layer", *SMALL, "--epochs"]
    one, two = tmp_path / "1", tmp_path / "2"
    # What JAX has compiled for one run, the next ones need not compile again.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "compiled"))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    # Killed after an epoch or two, one process takes the other one along.
    command = [sys.executable, str(ROOT / SCRIPT), *options, "100", "--outputs", str(two)]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    checkpoint = two / "mlp_one_layer_checkpoint.keras"
    while not checkpoint.exists() and started.poll() is None:
        time.sleep(0.02)
    (victim,) = processes_of(started.pid)[1:]
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    _, error = started.communicate(timeout=30)
    assert started.returncode == 1
    line = f"parallel.py: process 1 ended with status -{signal.SIGKILL:d}. To go on"
    assert line in error and "Traceback" not in error
    epochs = len(pd.read_csv(two / "mlp_one_layer_history.csv")) + 2
    # From here on, this process starts the others.
    main, before = load_script(SCRIPT).main, signal.getsignal(signal.SIGTERM)
    results = main(["--resume", str(two), "--epochs", str(epochs)])
    assert results["processes"] == 2
    assert results["models"]["mlp_one_layer"]["epochs"] == epochs
    main([*options, str(epochs), "--processes", "1", "--outputs", str(one)])
    signal.signal(signal.SIGTERM, before)
    for a, b in zip(weights(one), weights(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


def processes_of(parent):
    """Return the numbers of the processes that a process has started, the oldest first."""
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True)
    return [int(number) for number in found.stdout.split()]


def weights(folder):
    """Return the weights of the run in a folder; Keras of this process may have any back end."""
    import keras

    return keras.saving.load_model(folder / "mlp_one_layer.keras").get_weights()
