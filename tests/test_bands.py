"""Is my run normal? What the line says, in which direction it points, and why it is silent."""

import json
import math

import keras
import pytest
from conftest import ROOT, spoilt

from utils import bands

SETTINGS = {"hidden": [8, 4], "epochs": 500, "rate": None, "seed": 3}
BAND = {
    "name": "loss",
    "path": "scores.loss",
    "settings": {"hidden": [8, 4], "epochs": 500, "rate": None},
    "backend": keras.config.backend(),
    "losses": {str(seed): 0.5 + seed / 200 for seed in range(21)},  # 0.5 to 0.6
    "provenance": {"command": "python xor/xor.py"},
}
TRIALS = {
    "rate": {"runs": 10, "inside": 0, "losses": {"1": 0.9}},
    "epochs": {"runs": 10, "inside": 2, "losses": {"1": 0.7}},
    "fresh": {"runs": 5, "inside": 5, "losses": {}},
    "provenance": {},
}


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """Return a function that says what a run prints beside a band, or a text in its place."""
    monkeypatch.setattr(bands, "BANDS", tmp_path / "bands")
    (tmp_path / "bands").mkdir()

    def place(loss, band=BAND, settings=SETTINGS, script="xor/xor.py", trials=TRIALS):
        text = band if isinstance(band, str) else json.dumps(band)
        (tmp_path / "bands_xor.json").write_text(json.dumps(trials), encoding="utf-8")
        (tmp_path / "bands" / "xor.json").write_text(text, encoding="utf-8")
        bands.place_run({"scores": {"loss": loss}}, script, settings)
        return capsys.readouterr().out

    return place


def test_a_run_is_placed_among_those_with_other_seeds(place):
    line = place(0.535)
    assert line == "Normal? Yes: your loss is 0.535, and 21 runs of the book have 0.5 to 0.6.\n"
    assert "21 runs of the book (on another) have" in place(0.535, BAND | {"backend": "another"})
    assert all("Yes" in place(loss) for loss in (0.482, 0.618))  # a little beyond is still inside
    assert place(0.535, settings=SETTINGS | {"seed": 4, "outputs": "elsewhere"}) == line


def test_a_run_outside_hears_in_which_direction_and_where_to_look_first(place):
    high = place(0.72)
    assert high.startswith("Normal? No: your loss is 0.72, above all: 21 runs")
    assert "Look first at the epochs, then: learning rate." in high
    assert "Look first at the learning rate, then: epochs." in place(0.88)
    low = place(0.4)
    assert low.startswith("Normal? No: your loss is 0.4, below all: 21 runs")
    assert "Better, or too good" in low and "Look first" not in low
    for loss in (math.nan, math.inf):
        assert "Normal? No" in place(loss) and "learning rate" in place(loss)


def test_silence_has_a_reason_where_there_is_a_band_and_else_no_line(place):
    other = SETTINGS | {"epochs": 20, "rate": 0.05}
    line = "Normal? No comparison: your run has --epochs 20 and --rate 0.05, those of the book"
    assert place(0.535, settings=other) == f"{line} --epochs 500 and no --rate.\n"
    assert place(0.535, BAND | {"path": "scores.conv_net.loss"}, other) == ""  # not trained
    few = BAND | {"losses": {"1": 0.5, "2": 0.6}}
    assert "No comparison: only 2 runs" in place(0.535, few)
    assert place(0.535, script="xor/xor_two.py") == place(0.535, script="visualizing/xor.py") == ""


def test_where_seeds_decide_a_run_is_held_against_that_with_the_same_seed(place):
    band = BAND | {"tolerance": 0.001}
    same = "the book's run with the same seed has 0.515"
    assert place(0.5151, band) == f"Normal? Yes: your loss is 0.5151, and {same}.\n"
    assert f"Normal? No: your loss is 0.535, and {same}. Something" in place(0.535, band)
    assert f"Normal? No: your loss is 0.5, and {same}. Something" in place(0.5, band)
    assert "No comparison: here the seed decides" in place(0.515, band, SETTINGS | {"seed": 99})
    assert "other random numbers" in place(0.515, band | {"backend": "another"})


def test_a_band_that_has_not_shown_that_it_can_tell_says_nothing(place):
    for trial, change in [
        ("epochs", {"inside": 3}),  # 17 of 20 found
        ("rate", {"runs": 1}),  # of too few
        ("fresh", {"inside": 4}),  # a right run was called wrong
    ]:
        assert place(0.535, trials=TRIALS | {trial: TRIALS[trial] | change}) == ""
    assert place(0.535, trials={"rate": TRIALS["rate"], "epochs": TRIALS["epochs"]}) == ""
    assert "Yes" in place(0.535)


def test_a_damaged_band_or_trial_says_nothing_or_one_verdict(place):
    assert place(0.535, "{") == ""
    for bad in spoilt(BAND | {"losses": dict(list(BAND["losses"].items())[:11])}):
        assert place(0.535, bad).count("Normal?") <= 1
    for bad in spoilt(TRIALS["rate"]):
        assert place(0.7, trials=TRIALS | {"rate": bad}).count("Normal?") <= 1


def test_trials_on_file_are_whole_and_the_line_speaks_for_those_that_can_tell(load_script):
    script, speaks = load_script("book/measuring/bands.py"), set()
    for path in (ROOT / "assets" / "results" / "bands").glob("*.json"):
        name, band = path.stem, json.loads(path.read_text(encoding="utf-8"))
        tried = path.parent.parent / f"bands_{name}.json"
        trials = json.loads(tried.read_text(encoding="utf-8")) if tried.exists() else {}
        trials.pop("provenance", None)
        assert script.RUNS[name][2:] == (band["path"], band["name"])
        assert len(band["losses"]) >= bands.FEWEST or "tolerance" in band, name
        for one in trials.values():
            inside = [bands.is_inside(seed, loss, band) for seed, loss in one["losses"].items()]
            assert (len(inside), sum(inside)) == (one["runs"], one["inside"]), name
        if bands.can_tell(trials):
            speaks.add(name)
            for fault in script.faults_of(name):  # none is left out
                assert len(trials[fault]["losses"]) >= 3, (name, fault)
    assert speaks == {"mnist_dense", "xor"}, "book/RESULTS.md says for which"


def test_mistakes_of_the_trials_can_still_be_made(load_script):
    """What is edited stands in its file, once or in each layer, and is Python afterwards."""
    script = load_script("book/measuring/bands.py")
    for faults in script.FAULTS.values():
        for file, old, new in faults.values():
            text = (ROOT / file).read_text(encoding="utf-8")
            assert old in text and (text.count(old) == 1 or "activation=" in old), (file, old)
            compile(text.replace(old, new), file, "exec")


def test_the_lesson_asks_for_the_settings_of_its_band(load_script, capsys):
    """Or the line that the page promises would never come."""
    parser = load_script("mnist/mnist.py").make_mnist_parser("")
    for name in ("conv_net", "mlp_one_layer"):
        args = vars(parser.parse_args(["-m", name, "--epochs", "3", "--seed", "5"]))
        results = {"models": {name: {"validation": {"cross_entropy": 0.12}}}}
        bands.place_run(results, "mnist/mnist.py", args)
        band = f"mnist_{name.replace('mlp_one_layer', 'dense')}"
        speaks = bands.can_tell(bands.trials_of(band))
        assert ("Normal? Yes" in capsys.readouterr().out) == speaks
