"""Is my run normal? The line at the end of a run, and what makes the bands for it."""

import contextlib
import json
import math
import time
from types import SimpleNamespace

import keras
import pytest
from conftest import ROOT

from utils import bands, runs

SETTINGS = {"hidden": [8, 4], "epochs": 500, "seed": 3, "outputs": ROOT / "xor" / "outputs"}
BAND = {
    "name": "loss",
    "path": "scores.loss",
    "settings": {"hidden": [8, 4], "epochs": 500},
    "backend": keras.config.backend(),
    "losses": {str(seed): 0.5 + seed / 200 for seed in range(21)},  # 0.5 to 0.6
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a function that places a run with a loss; changes are those of the band's file."""
    monkeypatch.setattr(bands, "BANDS", tmp_path)

    def place(loss, settings=SETTINGS, text=None, **changes):
        text = json.dumps(BAND | changes) if text is None else text
        (tmp_path / "xor.json").write_text(text, encoding="utf-8")
        return bands.place_run({"scores": {"loss": loss}}, "xor/xor.py", settings)

    return place


def test_a_run_is_placed_among_those_with_other_seeds(place):
    line = place(0.535)
    assert line.startswith("Normal? Yes: of 21 runs") and "7 have a lower loss" in line
    assert "0.535" in line and "\n" not in line and "(on" not in line
    for loss in (0.482, 0.618):  # a little beyond is still inside
        assert "Yes" in place(loss)
    losses = {str(seed): 0.5 + seed / 90 for seed in range(10)}  # of fewer, more beyond
    assert "Yes" in place(0.462, losses=losses) and "No" in place(0.458, losses=losses)
    for loss in (0.4, 0.7, math.nan, math.inf):
        assert "Normal? No" in place(loss) and "different" in place(loss)
    assert "of the book (on abacus)" in place(0.535, backend="abacus")
    losses = {str(seed): round(0.9 + seed / 100, 2) for seed in range(5)}  # as accuracies: equal
    line = place(
        0.92, losses=losses | {str(seed + 5): loss for seed, loss in enumerate(losses.values())}
    )
    assert "of 10 runs" in line and "4 have a lower" in line and "and 4 a higher" in line


def test_of_another_setting_nothing_is_said(place):
    assert place(0.535, SETTINGS | {"epochs": 499}) is None
    assert place(0.535, SETTINGS | {"learning_rate": 0.1}) is None
    assert place(0.535, SETTINGS | {"seed": 4, "outputs": None})


def test_a_band_of_few_seeds_says_nothing(place):
    assert place(0.535, losses={"1": 0.5, "2": 0.6}) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", json.dumps(BAND | {"losses": [1]}), "\x00",
             json.dumps(BAND | {"losses": {"1": "x"}}), json.dumps(BAND | {"losses": {}}),
             json.dumps(BAND | {"losses": BAND["losses"] | {"1": math.nan}}),
             json.dumps(BAND | {"losses": BAND["losses"] | {"1": 10**400}}), "[" * 100_000,
             json.dumps(BAND | {"path": "scores.loss.x"}), json.dumps(BAND | {"path": 3})]
)  # fmt: skip
def test_a_damaged_band_says_nothing(place, text):
    assert place(0.535, text=text) is None


def test_the_line_costs_little(place):
    place(0.535)
    start = time.process_time()  # which does not count other programs
    for _ in range(20):
        place(0.535)
    assert (time.process_time() - start) / 20 < 0.05


def test_a_run_ends_with_the_line(place, tmp_path, monkeypatch, capsys):
    place(0.535)
    monkeypatch.setattr(bands, "BANDS", tmp_path)
    args, folder = SimpleNamespace(**SETTINGS), tmp_path / "run"
    folder.mkdir()
    runs.save_results({"scores": {"loss": 0.535}}, folder, ROOT / "xor" / "xor.py", [], args)
    assert capsys.readouterr().out.splitlines()[-2].startswith("Normal? Yes")
    saved = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert saved["provenance"]["settings"] == BAND["settings"]


def test_bands_and_trials_go_on_where_they_were(load_script, tmp_path, monkeypatch):
    script, seeds, epochs = load_script("book/measuring/bands.py"), [], 7

    def main(options):
        seed = int(options[options.index("--seed") + 1])
        seeds.append(seed)
        args = SimpleNamespace(seed=seed, epochs=epochs)
        folder = tmp_path / str(len(seeds))
        folder.mkdir()
        results = {"loss": seed / 100 + 5 * ("--bad" in options)}
        saved = runs.save_results(results, folder, ROOT / "xor/xor.py", [], args)
        folder.rename(options[options.index("--outputs") + 1])
        return saved

    monkeypatch.setattr(script, "load", lambda _: SimpleNamespace(main=main))
    monkeypatch.setattr(script, "edited", list)
    for place in ("BANDS", "RESULTS"):
        monkeypatch.setattr(script, place, tmp_path)
    monkeypatch.setattr(bands, "BANDS", tmp_path)
    script.file_band("vae", range(1, 4))
    script.file_band("vae", range(1, 6))
    assert seeds == [1, 2, 3, 4, 5]
    epochs = 8
    with pytest.raises(SystemExit, match="other settings"):
        script.file_band("vae", [6])
    epochs = 7
    band = json.loads((tmp_path / "vae.json").read_text(encoding="utf-8"))
    assert band["losses"]["5"] == 0.05 and band["settings"] == {"epochs": 7}
    monkeypatch.setattr(bands, "FEWEST", 5)
    assert bands.place_run({"loss": 0.03}, "vae.py", {"epochs": 7})
    script.file_trial("vae", "bad", range(2), ["--bad"])
    script.file_trial("vae", "fresh", [3, 4], [])
    filed = json.loads((tmp_path / "bands_vae.json").read_text(encoding="utf-8"))
    assert filed["bad"]["inside"] == 0 and filed["fresh"]["inside"] == filed["fresh"]["runs"] == 2
    assert filed["bad"]["options"] == ["--bad"] and filed["bad"]["edited"] == []
    with pytest.raises(SystemExit, match="other options"):
        script.file_trial("vae", "bad", range(3), [])
    monkeypatch.setattr(script, "edited", lambda: ["-x / 255", "+x"])
    with pytest.raises(SystemExit, match="other options"):
        script.file_trial("vae", "bad", range(3), ["--bad"])
    with pytest.raises(SystemExit, match="no band"):
        script.file_trial("mlp", "bad", range(3), [])


def test_options_after_two_dashes_are_the_script_s(load_script, monkeypatch):
    script, calls = load_script("book/measuring/bands.py"), []
    monkeypatch.setattr(script, "file_trial", lambda *args: calls.append(args))
    script.main(["vae", "--seeds", "3", "--trial", "rate", "--", "--learning-rate", "0.05"])
    ((name, trial, seeds, options),) = calls
    assert (name, trial, list(seeds)) == ("vae", "rate", [101, 102, 103])
    assert options == ["--learning-rate", "0.05"]
    with pytest.raises(SystemExit):
        script.main(["vae", "--", "--learning-rate", "0.05"])


def test_a_filed_band_has_enough_seeds_and_says_how_it_was_measured(load_script):
    known = load_script("book/measuring/bands.py").RUNS
    for path in bands.BANDS.glob("*.json"):
        _, _, place, name = known[path.stem]
        band = json.loads(path.read_text(encoding="utf-8"))
        assert (band["path"], band["name"]) == (place, name), path
        assert len(band["losses"]) >= bands.FEWEST, path
        assert {"command", "python", "keras", "cores"} <= set(band["provenance"]), path


def test_no_band_is_blind():
    """Whatever was filed as a mistake lies outside."""
    for path in runs.RESULTS.glob("bands_*.json"):
        for trial, one in json.loads(path.read_text(encoding="utf-8")).items():
            if trial not in ("provenance", "fresh", "jax", "torch"):
                assert one["inside"] == 0, (path, trial)


def test_the_book_s_own_runs_are_normal(load_script):
    filed = [json.loads(path.read_text("utf-8")) for path in runs.RESULTS.glob("*.json")]
    placed = []
    for name, (script, options, place, _) in load_script("book/measuring/bands.py").RUNS.items():
        band = json.loads((bands.BANDS / f"{name}.json").read_text(encoding="utf-8"))
        command = " ".join(["python", script, *options])
        for one in filed:
            if one["provenance"]["command"] != command:
                continue
            with contextlib.suppress(KeyError):  # a trial, which holds something else
                loss = bands.look_up(one, place)
                assert bands.is_inside(loss, sorted(band["losses"].values())), name
                placed.append(name)
    assert {"vae", "shakespeare", "transfer"} <= set(placed), placed
