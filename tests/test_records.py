"""What scripts do with nothing trained: which numbers, settings and rows, as it is on file."""

import tomllib
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure
from slices import RECORDED, figures_of, run_slice


def answer(inputs, shape):
    """Return what a network that has learned nothing might say: of each row, shares.

    They depend on all of the row, smoothly, so that rounding does not matter.
    """
    rows = inputs.reshape(len(inputs), -1)
    if rows.dtype.kind not in "biuf":
        rows = np.array([[zlib.crc32(str(one).encode()) for one in row] for row in rows]) / 2**32
    random = np.random.Generator(np.random.PCG64(1))  # of no kind that a Recorder notes
    few = rows.astype("float64") @ random.normal(size=(rows.shape[1], 2))
    waves = np.sin(few @ random.normal(size=(2, int(np.prod(shape))))) + 1.1
    waves = waves.reshape(-1, *shape)
    return waves / (waves.sum(axis=-1, keepdims=True) if shape[-1:] > (1,) else 2.2)


# Whose run they want.
WANTS = {
    "cnn/transformer/few_labels.py": "cnn/transformer/contrast.py",
    "cnn/transformer/looks.py": "cnn/transformer/vit.py",
}


FEW_DIGITS = ("cnn/transformer/",)  # those compare each digit with each other one
# What they return depends on seconds, on the sizes of files, or on rounding.
NOT_RETURNED = {
    "customizing/speed/faster.py", "customizing/speed/slow_place.py", "rnn/cells/costs.py",
    "serialization/save_model.py", "visualizing/activation_maximization.py",
}  # fmt: skip


def test_a_mutant_that_may_live_can_still_be_made():
    path = ROOT / "tests" / "long" / "alive.toml"
    for one in tomllib.loads(path.read_text(encoding="utf-8"))["alive"]:
        assert one["old"] in (ROOT / one["file"]).read_text(encoding="utf-8"), one
        assert one["why"]


@pytest.mark.on_file
@pytest.mark.parametrize("script", sorted(RECORDED))
def test_a_slice_does_what_is_on_file(script, rows, recorder, tmp_path, monkeypatch, request):
    if script.startswith(FEW_DIGITS):
        request.getfixturevalue("few_digits")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(Figure, "savefig", lambda _, path, **__: Path(path).touch())
    rows.answer = answer
    options = RECORDED[script]
    if script in WANTS:
        run_slice(monkeypatch, WANTS[script], RECORDED[WANTS[script]], tmp_path / "wanted")
        options = [str(tmp_path / "wanted") if word == "RUN" else word for word in options]
        recorder.calls.clear()
    results = run_slice(monkeypatch, script, options, tmp_path / "run")
    recorder.results += [] if script in NOT_RETURNED else [results]
    assert figures_of(script, options) <= {p.name for p in (tmp_path / "run").glob("*.png")}
