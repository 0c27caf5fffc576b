"""Is my run normal? What the line says, and when it says nothing."""

import json
import math

import keras
import pytest
from conftest import ROOT, spoilt

from utils import runs

SETTINGS = {"hidden": [8, 4], "epochs": 500, "seed": 3, "outputs": ROOT / "xor" / "outputs"}
BAND = {
    "name": "loss",
    "path": "scores.loss",
    "settings": {"hidden": [8, 4], "epochs": 500},
    "backend": keras.config.backend(),
    "losses": {str(seed): 0.5 + seed / 200 for seed in range(21)},  # 0.5 to 0.6
}


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """Return a function that says what a run prints beside a band, or a text in its place."""
    monkeypatch.setattr(runs, "BANDS", tmp_path)

    def place(loss, band=BAND, settings=SETTINGS):
        text = band if isinstance(band, str) else json.dumps(band)
        (tmp_path / "xor.json").write_text(text, encoding="utf-8")
        runs.place_run({"scores": {"loss": loss}}, "xor/xor.py", settings)
        return capsys.readouterr().out

    return place


def test_a_run_is_placed_among_those_with_other_seeds(place):
    line = place(0.535)
    assert line.startswith("Normal? Yes: 0.535 is your loss, and 21 runs of the book")
    assert line.endswith(f"(on {keras.config.backend()}) have 0.5 to 0.6.\n")
    assert all("Yes" in place(loss) for loss in (0.482, 0.618))  # a little beyond is still inside
    assert all("Normal? No" in place(loss) for loss in (0.4, 0.7, math.nan, math.inf))
    # Of another setting or of few seeds nothing is said.
    assert place(0.535, settings=SETTINGS | {"epochs": 499}) == ""
    assert place(0.535, settings=SETTINGS | {"seed": 4, "outputs": None})
    assert place(0.535, BAND | {"losses": {"1": 0.5, "2": 0.6}}) == ""


def test_a_damaged_band_says_nothing_or_one_line(place):
    assert place(0.535, "[" * 100_000) == ""
    for bad in spoilt(BAND | {"losses": dict(list(BAND["losses"].items())[:11])}):
        assert place(0.535, bad).count("\n") <= 1


def test_filed_bands_have_enough_seeds_and_their_mistakes_lie_outside(load_script):
    known = load_script("book/measuring/bands.py").RUNS
    for path in runs.BANDS.glob("*.json"):
        band = json.loads(path.read_text(encoding="utf-8"))
        assert known[path.stem][2:] == (band["path"], band["name"])
        assert len(band["losses"]) >= runs.FEWEST, path
    for path in runs.RESULTS.glob("bands_*.json"):
        for trial, one in json.loads(path.read_text(encoding="utf-8")).items():
            if trial not in ("provenance", "fresh", "jax", "torch"):
                assert one["inside"] == 0, (path, trial)


def test_the_lesson_asks_for_the_settings_of_its_band(load_script, capsys):
    """Or the line that the page promises would never come."""
    parser = load_script("mnist/mnist.py").make_mnist_parser("")
    for name in ("conv_net", "mlp_one_layer"):
        args = vars(parser.parse_args(["-m", name, "--epochs", "3", "--seed", "5"]))
        settings = {key: value for key, value in args.items() if key != "test"}
        results = {"models": {name: {"validation": {"cross_entropy": 0.12}}}}
        runs.place_run(results, "mnist/mnist.py", settings)
        assert "Normal?" in capsys.readouterr().out
