"""The studies of the MNIST chapters: seeds, recipes, search, calibration, comparisons."""

import json
import os
import signal
from dataclasses import asdict, replace

import keras
import numpy as np
import optuna
import pytest
from conftest import NUMBERS, failure, finished_run, first_digits

from mnist import data, models
from mnist.overfitting import lab, weights
from mnist.overfitting.settings import DEFAULTS
from mnist.studies import storage, temperature, trainings
from mnist.studies.temperature import cross_fit_temperature, fit_temperature, with_temperature
from utils.comparisons import compare_networks, compare_seeds, holm
from utils.runs import write_json

TINY = ["--epochs", "1", "--train-samples", "256"]


@pytest.mark.slow
def test_figures_are_drawn(load_script, tmp_path):
    results = load_script("book/figures/mnist_figures.py").main(["--outputs", str(tmp_path)])
    assert len(list(tmp_path.glob("mnist_*.png"))) == 5
    assert sum(results["counts"]) == 55_000 and min(results["counts"]) > 4_000


@pytest.mark.slow
def test_fitting_shows_overfitting(load_quickly, tmp_path, monkeypatch):
    fitting, title = load_quickly("mnist/overfitting/fitting.py"), "Too few images"
    monkeypatch.setattr(fitting, "RUNS", {title: fitting.RUNS[title]})
    monkeypatch.setattr(fitting, "draw", lambda histories, path: None)
    result = fitting.main(["--epochs", "25", "--outputs", str(tmp_path)])[title]
    assert 0.98 < result["train"]["accuracy"] > result["validation"]["accuracy"] + 0.08


def test_experiments_really_change_what_they_say(load_script, tmp_path, monkeypatch):
    experiments, trained = load_script("mnist/mnist_experiments.py"), []
    for group, lines in experiments.EXPERIMENTS.items():
        sizes = {build().count_params() for build, _ in lines.values()}
        assert {407_050, 93_322, 93_706} & sizes, group  # the network of the chapter is in it
    before = experiments.EXPERIMENTS["normalization"]["before each relu"][0]()
    kinds = [type(layer).__name__ for layer in before.layers[:3]]
    assert kinds == ["Conv2D", "BatchNormalization", "Activation"]
    monkeypatch.setattr(lab, "run", lambda *args: trained.append(args[0]) or {
        "interrupted": False, "models": {"experiment": finished_run("a")["models"]["a"]}
    })  # fmt: skip
    experiments.main([*TINY, "--groups", "images", "--outputs", str(tmp_path)])
    assert [settings.train_samples for settings in trained] == [500, 5000, 256]


def test_weights_are_described(tmp_path):
    result = weights.describe(np.array([0, 0.0005, -0.5, 0.5], dtype="float32"))
    assert result["nearly_zero"] == 0.5 and result["exactly_zero"] == 0.25
    assert result["mean_size"] == pytest.approx(0.250125)
    # All kernels but the output's: 288 + 18,432 + 36,864 + 36,864.
    assert len(weights.kernel_weights(models.conv_net())) == 92_448
    assert "Train with -m conv_net" in failure(weights.main, [str(tmp_path)])


def test_the_search_chooses_by_validation_images_and_compares_with_new_seeds(
    numbered_digits, rows, load_script, tmp_path, monkeypatch
):
    search, seeds = load_script("mnist/studies/search.py"), []
    monkeypatch.setattr(search, "draw", lambda *_: None)
    monkeypatch.setattr(keras.utils, "set_random_seed", seeds.append)
    options = ["--epochs", "1", "--trials", "1", "--confirm", "--outputs", str(tmp_path)]
    search.main(options)
    assert rows.story() == 7 * "fit train; validate validation; "
    assert seeds == [search.SEED, *search.SEEDS, *search.SEEDS]


def test_a_technique_is_judged_by_validation_images(numbered_digits, rows):
    trainings.train_and_score(replace(DEFAULTS, model="mlp_tiny"))
    assert rows.story() == "fit train; predict validation; "


def test_augmentations_are_chosen_by_digits_of_other_writers(
    numbered_digits, rows, load_script, tmp_path, monkeypatch
):
    holdout = load_script("mnist/studies/holdout.py")
    monkeypatch.setattr(holdout, "best_net", models.mlp_tiny)
    monkeypatch.setattr(holdout, "IMAGE_SHAPE", (784,))
    holdout.main(["--outputs", str(tmp_path)])
    of_writers = {n: f"writers {(n - 2) // 4 % 2}" for n in NUMBERS["train"]}
    assert rows.story(of_writers) == 4 * "fit writers 0; predict writers 1; "


def test_temperatures_are_fitted_by_writers(numbered_digits, load_script, tmp_path, monkeypatch):
    calibration, halves = load_script("mnist/studies/calibration.py"), []
    answers = np.eye(10)[np.arange(60) % 10]
    np.savez(tmp_path / "a_predictions.npz", validation=answers, test=answers[::-1])
    write_json(finished_run("a"), tmp_path / "results.json")

    def fit(probabilities, labels, half):
        np.testing.assert_array_equal(probabilities, answers)
        halves.extend(half.reshape(15, 4).tolist())  # a row for each writer
        return answers, [1, 1]

    monkeypatch.setattr(calibration, "cross_fit_temperature", fit)
    calibration.main([str(tmp_path), "--outputs", str(tmp_path / "out")])
    assert halves == [[number % 2] * 4 for number in range(15)]


def test_judged_digits_are_not_learned_and_their_writers_only_on_one_side(load_script):
    script, (writers, _) = load_script("mnist/known_writers.py"), data.load_writers()
    judged, learned = script.draw(writers, 20_000, seed=1)
    people = set(writers[judged])
    assert len(people) == 45 and people != set(writers[script.draw(writers, 1, seed=2)[0]])
    for places in learned.values():
        assert len(set(places)) == 20_000 and not set(places) & set(judged)
    assert not people & set(writers[learned["strangers"]])
    others = np.isin(writers[learned["known"]], list(people)).sum()
    assert people < set(writers[learned["known"]]) and abs(others - len(judged)) <= 1


def test_to_know_the_writers_helps(load_script, tmp_path, monkeypatch):
    """Here all images are by people who are judged, or none is."""
    script = load_script("mnist/known_writers.py")
    monkeypatch.setattr(script, "RATES", [0.003])
    options = ["--seeds", "2", "--epochs", "2", "--train-samples", "2000"]
    results = script.main([*options, "--outputs", str(tmp_path)])
    compared = results["known - strangers"]
    assert compared["accuracy"]["ahead"] == 2 and compared["cross_entropy"]["ahead"] == 0


def test_each_network_is_compared_with_the_first_one(load_script, tmp_path, monkeypatch):
    """And not with the one before; the pairs have the same seed, and one family is corrected."""
    seeds = load_script("mnist/studies/seeds.py")
    reached = {"mlp_tiny": 0.90, "le_net": 0.95, "conv_net": 0.97}

    def score(settings):
        accuracy = reached[settings.model] + 0.01 * settings.seed
        return {"accuracy": accuracy, "cross_entropy": 1 - accuracy * settings.seed}

    monkeypatch.setattr(trainings, "train_and_score", score)
    options = ["--train-samples", "256", "--epochs", "1", "--outputs", str(tmp_path)]
    found = seeds.main([*reached, "--seeds", "1", "2", "3", "3", *options])["256_images"]
    for name in ("le_net", "conv_net"):
        ahead = reached[name] - reached["mlp_tiny"]
        compared = found[name]["compared"]
        assert compared["accuracy"]["differences"] == pytest.approx([ahead] * 3)
        worse = [-ahead, -2 * ahead, -3 * ahead]
        assert compared["cross_entropy"]["differences"] == pytest.approx(worse)
    ps = [found[name]["compared"]["cross_entropy"] for name in ("le_net", "conv_net")]
    assert [p["holm"] for p in ps] == pytest.approx(holm([p["p"] for p in ps]))
    monkeypatch.setattr(trainings, "train_and_score", None)  # all is known
    assert seeds.main([*reached, "--seeds", "1", "2", "3", *options])["256_images"] == found


def test_options_in_quotes_that_are_not_for_one_network(load_script, capsys):
    for option, line in [
        ("--epochs 60", "conv_net --epochs 60: --epochs, --train-samples"),  # even the default
        ("--test", "go outside the quotes"),
        ("--early-stopping 3", "let images that judge take part"),
        ("--lr-schedule plateau", "let images that judge take part"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            load_script("mnist/studies/seeds.py").parse_network(f"conv_net {option}")
        assert line in capsys.readouterr().err


@pytest.mark.slow
def test_a_study_trains_as_the_laboratory_does(load_quickly, tmp_path, capsys):
    changes = {"model": "le_net", "epochs": 1, "train_samples": 64, "learning_rate": 0.01}
    changes |= {"lr_schedule": "cosine", "augment": "affine"}
    scores = trainings.train_and_score(replace(DEFAULTS, **changes))
    run = load_quickly("mnist/studies/trainings.py").train(tmp_path / "1", **changes)
    words = (
        capsys.readouterr().out.partition("$ python mnist/overfitting/lab.py ")[2].split("\n")[0]
    )
    again = lab.main([*words.split(), "--outputs", str(tmp_path / "2")])["models"]["le_net"]
    assert scores == run["validation"] == again["validation"]


def test_seeds_and_networks_are_compared_in_pairs():
    """All that differs within a pair counts, not what differs between the seeds or writers."""
    base = np.array([0.90, 0.92, 0.94, 0.96])
    better = base + [0.011, 0.009, 0.010, 0.010]
    compared = compare_seeds(better, base)
    # t of 3 degrees of freedom at 97.5 % is 3.182, the deviation of the differences 0.000816.
    assert compared["high"] == pytest.approx(0.01 + 3.182 * 0.000816 / 2, abs=1e-5)
    assert compared["p"] < 0.001 < compare_seeds(better, base[::-1])["p"]
    # Ten writers of a hundred images: one of them explains the whole difference, or none does.
    writers, first = np.repeat(np.arange(10), 100), np.ones(1000, dtype=bool)
    first[::10] = False  # misreads every tenth
    one, all_alike = first.copy(), first.copy()
    one[:20] = False  # and twenty of the first writer, two of them as before
    all_alike[5::50] = False  # and two of each
    by_one, by_all = (compare_networks(first, other, writers) for other in (one, all_alike))
    assert [by_one[k] for k in ("groups", "both", "only_first", "only_second")] == [10, 100, 0, 18]
    assert by_one["mean"] == pytest.approx(-0.018) and by_all["mean"] == pytest.approx(-0.02)
    assert by_one["low"] < -0.05 and by_one["high"] == 0  # the writer may not be drawn at all
    assert by_all["low"] == pytest.approx(-0.02) == by_all["high"]
    assert by_all["p"] == pytest.approx(2 * 0.5**20)
    # 0.01 times 4, 0.02 times 3, 0.03 times 2, but no less than the one before, 0.9 times 1.
    assert holm([0.03, 0.9, 0.01, 0.02]) == pytest.approx([0.06, 0.9, 0.04, 0.06])


def test_pairs_of_runs(few_digits, load_script, tmp_path):
    pairs = load_script("mnist/pairs.py")
    digits, image = first_digits()["validation"][1], np.arange(500)
    for name, misread in (("one", image < 50), ("two", image % 5 == 0)):
        (tmp_path / name).mkdir()
        write_json(finished_run("mlp_one_layer"), tmp_path / name / "results.json")
        answers = np.eye(10)[(digits + misread) % 10]
        np.savez(tmp_path / name / "mlp_one_layer_predictions.npz", validation=answers)
    runs = [str(tmp_path / name) for name in ("one", "two")]
    results = pairs.main([*runs, "--outputs", str(tmp_path / "pairs")])
    ((name, compared),) = results["compared"].items()
    assert [compared[key] for key in ("both", "only_first", "only_second")] == [10, 40, 90]
    assert compared["mean"] == pytest.approx(-0.1)
    assert "only one network" in failure(pairs.main, runs[:1])


def test_a_training_goes_on_with_the_same_settings_only(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "run", lambda *_: {"interrupted": True, "models": {}})
    known = {"settings": asdict(replace(DEFAULTS, seed=7)), "provenance": {"split": "by writer"}}
    write_json(known, tmp_path / "run.json")
    line = failure(lambda: trainings.train(tmp_path, epochs=4))
    assert "begun with other settings" in line and "its seed was 7" in line
    with pytest.raises(SystemExit, match="130"):
        trainings.train(tmp_path, epochs=4, seed=7)


def test_no_temperature_is_fitted_on_those_whom_it_scales(monkeypatch):
    """If it were, a network that is sure of everything could not tell the halves apart."""
    answers = np.full((100, 10), 0.01 / 9)  # right in 80 of 100 cases, and says 0.99: too sure
    answers[:, 3], digits = 0.99, np.array([3] * 80 + [5] * 20)
    scaled = with_temperature(answers, fit_temperature(answers, digits))
    errors = [temperature.calibration(a, digits)["calibration_error"] for a in (answers, scaled)]
    assert errors[0] == pytest.approx(0.19) and errors[1] < 0.01
    seen = []
    monkeypatch.setattr(temperature, "fit_temperature", lambda p, _: seen.append(p) or len(seen))
    probabilities = np.arange(1, 9)[:, None] * np.full(10, 0.01)
    scaled, found = cross_fit_temperature(probabilities, np.full(8, 3), np.array([0, 1] * 4))
    assert found == [1, 2]
    np.testing.assert_array_equal(seen[0], probabilities[1::2])  # fitted for the half 0
    np.testing.assert_allclose(scaled[1::2], with_temperature(probabilities[1::2], 2))


def test_ensemble_averages_probabilities(load_script, tmp_path):
    """A network that is sure of a 3 outvotes two that rather think it is a 5."""
    for name, shares in {"unsure": {3: 0.35, 5: 0.56}, "sure": {3: 0.91}}.items():
        output = keras.layers.Dense(10, activation="softmax", kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((784,)), output])
        output.bias.assign(np.log([shares.get(digit, 0.01) for digit in range(10)]))
        model.save(tmp_path / f"{name}.keras")
    paths = [tmp_path / f"{name}.keras" for name in ("unsure", "sure", "unsure")]
    ensemble = load_script("mnist/studies/recipes.py").evaluate_ensemble(paths, test=True)
    threes = {"validation": 518 / 5000, "test": 1010 / 10_000}
    assert {part: ensemble[part]["accuracy"] for part in threes} == pytest.approx(threes)


def test_each_stage_goes_on_from_the_one_before(load_script, tmp_path, monkeypatch):
    """--epochs is for the first stage, --train-samples and the seed for all."""
    recipes, calls, asked = load_script("mnist/studies/recipes.py"), [], []

    def train(place, test, **settings):
        calls.append((place, replace(DEFAULTS, **settings), test))
        scores = {"images": 5, "accuracy": 0.9, "cross_entropy": 0.1}
        times = {"parameters": 7, "epochs": len(calls), "seconds_per_epoch": 2.0}
        return times | {"validation": scores}

    def evaluate(paths, test):
        asked.extend(paths)
        return {"validation": {"accuracy": 1.0}}

    monkeypatch.setattr(recipes, "train", train)
    monkeypatch.setattr(recipes, "evaluate_ensemble", evaluate)
    options = ["--epochs", "3", "--train-samples", "64", "--seeds", "5", "--outputs", str(tmp_path)]
    results = recipes.main(["best", *options])
    (first, one, _), (second, two, tested) = calls
    assert [models.MODELS[s.model]().count_params() for s in (one, two)] == [378_698] * 2
    assert (one.epochs, one.augment, one.start_from) == (3, "affine", None)
    assert (two.epochs, two.augment, two.start_from) == (2, None, str(first))
    assert one.seed == two.seed == 5 and one.train_samples == two.train_samples == 64
    assert results["epochs"] == 3 and results["seconds"] == 6 and not tested
    assert asked == [second / "best_net.keras"] and results["validation"]["mean"] == 0.9


def test_search_goes_on_where_it_was_and_ends_with_one_line(
    numbered_digits, load_script, tmp_path, monkeypatch, capfd
):
    search, fitted = load_script("mnist/studies/search.py"), []

    def distance(rate):
        return abs(np.log10(rate) + 2)

    def fit(settings, digits, epochs, seed, callbacks):
        """Take no time, and have the best accuracy at a rate of 0.01."""
        fitted.append(settings)
        return 1 - distance(settings["learning_rate"])

    monkeypatch.setattr(search, "fit", fit)
    monkeypatch.setattr(search, "draw", lambda *_: None)
    options = [*TINY, "--outputs", str(tmp_path)]
    assert len(search.main([*options, "--trials", "2"])["trials"]) == 2
    results = search.main([*options, "--trials", "8", "--confirm"])
    assert len({trial["learning_rate"] for trial in results["trials"]}) == 10
    best = min((settings["learning_rate"] for settings in fitted[:10]), key=distance)
    assert results["best"]["learning_rate"] == results["trials"][0]["learning_rate"] == best
    # Afterwards the best settings and those of the quick recipe meet.
    assert fitted[10:] == 3 * [results["best"]] + 3 * [search.BY_HAND]

    def press_ctrl_c(*_):
        os.kill(os.getpid(), signal.SIGINT)
        raise KeyboardInterrupt  # as DeferInterrupt does after the step

    monkeypatch.setattr(search, "fit", press_ctrl_c)
    for more in ([], ["--confirm"]):
        with pytest.raises(SystemExit, match="130"):
            search.main([*options, "--trials", "1", *more])
    assert "Traceback" not in capfd.readouterr().err


def test_search_takes_any_folder_and_gives_killed_trials_up(tmp_path):
    folder = tmp_path / "a%20b?c#d"
    folder.mkdir()
    storage.open_study("a", folder, 1).ask()  # a trial that never ends
    (trial,) = storage.open_study("a", folder, 1).trials
    assert trial.state == optuna.trial.TrialState.FAIL
    path = folder / "study.db"
    for damaged in (path.read_bytes()[: path.stat().st_size // 2], b"nonsense"):
        path.write_bytes(damaged)
        assert "study.db" in failure(storage.open_study, "a", folder, 1)


def test_own_run_joins_the_comparison(load_script, tmp_path):
    compare = load_script("mnist/studies/compare.py")
    first, mine = tmp_path / "first", tmp_path / "mine"
    for folder, start, epochs in ((first, None, 10), (mine, str(first), 2)):
        folder.mkdir()
        results = finished_run("my_net", start_from=start)
        results["models"]["my_net"] |= {"epochs": epochs, "seconds_per_epoch": 4.0}
        (folder / "results.json").write_text(json.dumps(results))
    options = [str(mine), "--outputs", str(tmp_path)]
    rows = compare.main(options)["networks"]
    assert rows[0]["name"] == "yours: my_net, mine"
    assert rows[0]["seconds"] == 10 * 4 + 2 * 4  # with those of the run that it started from
    assert {"recipe quick", "recipe best", "conv_net"} <= {row["name"] for row in rows}
    results["settings"]["start_from"] = str(first)
    (first / "results.json").write_text(json.dumps(results))
    assert "or in a circle" in failure(compare.main, options)
