"""One training shared by several processes, on the loopback interface; needs JAX."""

import json
import signal
import subprocess
import sys
from importlib.util import find_spec
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from conftest import ROOT

SCRIPT = "backends/parallel.py"
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
    assert len(share(x, x, 8, 0, 1)) == 4
    assert len(share(x, x, 8, 0, 2)) == 3  # two processes cannot share the one image that is left


def test_devices_learn_from_their_own_shares(load_script, monkeypatch):
    script, batch = load_script("backends/devices.py"), [np.arange(8), -np.arange(8)]
    monkeypatch.setattr(script, "PROCESS", 1)
    monkeypatch.setattr(script, "PROCESSES", 4)
    for groups, share in ((1, slice(8)), (4, slice(2, 4)), (8, slice(2, 4))):
        found = script.own_share(batch, Mock(device_mesh=Mock(shape=(groups, 1))))
        np.testing.assert_array_equal(found, [one[share] for one in batch])


@pytest.mark.slow
@needs_jax
def test_two_processes_learn_what_one_learns(load_script, tmp_path, monkeypatch):
    """The same weights, some epochs later. (Dropout would go on with other numbers.)"""
    # What JAX has compiled for one run, the next one need not compile again.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "compiled"))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    main, before = load_script(SCRIPT).main, signal.getsignal(signal.SIGTERM)
    for processes in ("1", "2"):
        options = ["-m", "mlp_one_layer", "--train-samples", "600", "--batch-size", "200"]
        options += ["--epochs", "4", "--processes", processes]
        main([*options, "--outputs", str(tmp_path / processes)])
    signal.signal(signal.SIGTERM, before)
    # Keras of this process may have any back end.
    runs = [keras.saving.load_model(tmp_path / name / "mlp_one_layer.keras") for name in "12"]
    for a, b in zip(*[run.get_weights() for run in runs], strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.slow
@needs_jax
def test_eight_devices_learn_what_one_learns(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "backends/devices.py", "--steps", "3", "--outputs", folder]
    subprocess.run(command, cwd=ROOT, check=True)
    ways = json.loads((folder / "results.json").read_text(encoding="utf-8"))["ways"]
    assert max(one["apart"] for one in ways.values()) < 1e-4
    alone, batches, matrices = (ways[name] for name in ("one device", "batches", "matrices"))
    assert alone["exchanges"] == 0 and batches["held"] == alone["held"] > 6 * matrices["held"]
    assert batches["bytes"] == 4 * (alone["held"] + 65 * 192 + 1), "gradients, and the loss"
    assert matrices["bytes"] == 14 * 4 * 16 * 64 * 192, "14 sums of a batch's tokens"
    assert ways["both"]["bytes"] < matrices["bytes"]
