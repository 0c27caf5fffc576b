"""One training shared by several processes, on the loopback interface; needs JAX."""

import json
import signal
import subprocess
import sys
from contextlib import nullcontext
from importlib.util import find_spec
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from conftest import ROOT
from records import numbers

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


def test_one_process_tells_the_others_what_it_loaded_and_keeps_what_all_learned(
    numbered_digits, recorder, load_script, tmp_path, monkeypatch
):
    """Played without JAX, by one after the other; the test with real processes is slow."""
    script, kept = load_script(SCRIPT), []
    monkeypatch.setattr(script, "broadcast_one_to_all", lambda value: value, raising=False)
    monkeypatch.setattr(keras.distribution, "DataParallel", lambda **_: Mock(scope=nullcontext))
    monkeypatch.setattr(keras.distribution, "initialize", lambda: None)
    for name in ("signal", "end_with_parent", "write_report"):
        monkeypatch.setattr(script, name, Mock())

    def load_progress(own, folder, steps, settings):
        loaded, _ = script.make_model(settings, steps)
        loaded.set_weights([np.full(w.shape, 0.5) for w in loaded.get_weights()])
        return loaded, {}

    def keep(model, history, digits, settings, folder, test):
        kept.append(test)
        assert all((w == 0.5).all() for w in model.get_weights())

    monkeypatch.setattr(script.lab, "load_progress", load_progress)
    monkeypatch.setattr(script.lab, "keep", keep)
    recorder.watch(monkeypatch, script, "Share", lambda x, y, *how: [numbers(x), numbers(y), how])
    options = ["-m", "mlp_one_layer", "--epochs", "2", "--batch-size", "40", "--seed", "5"]
    script.work([*options, "--outputs", str(tmp_path / "run")], 0, 1)
    script.train(script.parse_arguments(options)[0], tmp_path, 1, 2)  # it saves nothing
    assert kept == [False]


def test_devices_learn_from_shares_and_are_held_against_one(
    recorder, load_script, tmp_path, monkeypatch
):
    script, batch, asked = load_script("backends/devices.py"), [np.arange(8), -np.arange(8)], []
    for name, value in {"PROCESS": 1, "PROCESSES": 4, "WIDTH": 16, "HEADS": 2, "BLOCKS": 1}.items():
        monkeypatch.setattr(script, name, value)
    for groups, share in ((1, slice(8)), (4, slice(2, 4)), (8, slice(2, 4))):
        found = script.own_share(batch, Mock(device_mesh=Mock(shape=(groups, 1))))
        np.testing.assert_array_equal(found, [one[share] for one in batch])
    text = Mock(alphabet="abc", train=np.arange(999) % 3)
    recorder.results.append(script.train(text, 2, None)[1])
    held = Mock(value=Mock(addressable_shards=[Mock(data=np.zeros(3))]))
    losses = iter([[1.0, 2.0], [1.5, 2.0]])
    instead = {"train": lambda *_: (Mock(trainable_variables=[held]), next(losses), None)}
    instead |= {"told": lambda *_: {"exchanges": 0, "bytes": 0}, "find_spec": Mock(), "PROCESS": 0}
    instead |= {"ways": lambda: {"one device": None, "batches": None}, "PROCESSES": 0}
    instead["run_together"] = lambda command, *_: (
        asked.append(command[2:]), (tmp_path / "b" / "results.json").write_text("{}")
    )  # fmt: skip
    for name, value in instead.items():
        monkeypatch.setattr(script, name, value)
    found = script.main(["--outputs", str(tmp_path / "a")])["ways"]
    assert [one["apart"] for one in found.values()] == [0, 0.5]
    options = ["--steps", "2", "--processes", "2", "--outputs", str(tmp_path / "b")]
    monkeypatch.setattr(sys, "argv", ["devices.py", *options])
    assert script.main() == {} and asked == [[*options, *options[-2:]]]


@pytest.mark.slow
@needs_jax
def test_two_processes_learn_what_one_learns(load_script, tmp_path, monkeypatch):
    """The same weights, some epochs later. (Dropout would go on with other numbers.)"""
    # What JAX has compiled for one run, the next one need not compile again.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "compiled"))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    main, before = load_script(SCRIPT).main, signal.getsignal(signal.SIGTERM)
    for processes in ("1", "2"):
        options = ["-m", "mlp_one_layer", *SMALL, "--epochs", "4", "--processes", processes]
        main([*options, "--outputs", str(tmp_path / processes)])
    signal.signal(signal.SIGTERM, before)
    for a, b in zip(weights(tmp_path / "1"), weights(tmp_path / "2"), strict=True):
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


def weights(folder):
    """Return the weights of the run in a folder; Keras of this process may have any back end."""
    return keras.saving.load_model(folder / "mlp_one_layer.keras").get_weights()
