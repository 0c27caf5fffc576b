"""The studies of the MNIST chapters: seeds, recipes, search, calibration, comparisons."""

import math

import keras
import numpy as np
import pytest
from conftest import NUMBERS, failure, finished_run

from mnist import data, models
from mnist.data import load_parts
from mnist.overfitting import lab
from mnist.studies import temperature
from mnist.studies.temperature import cross_fit_temperature, fit_temperature, with_temperature
from utils.comparisons import compare_networks, compare_seeds, holm, tune
from utils.runs import write_json

TINY = ["--epochs", "1", "--train-samples", "256"]


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


def test_the_search_chooses_by_validation_images_and_compares_with_new_seeds(
    numbered_digits, rows, recorder, load_script, tmp_path, monkeypatch
):
    search, seeds = load_script("mnist/studies/search.py"), []
    monkeypatch.setattr(search, "draw", lambda *_: None)
    monkeypatch.setattr(keras.utils, "set_random_seed", seeds.append)
    options = ["--epochs", "1", "--trials", "1", "--confirm", "--outputs", str(tmp_path)]
    recorder.results.append(search.main(options))
    assert rows.story() == 7 * "fit train; validate validation; "
    assert seeds == [search.SEED, *search.SEEDS, *search.SEEDS]


def test_augmentations_are_chosen_by_digits_of_other_writers(
    numbered_digits, rows, recorder, load_script, tmp_path, monkeypatch
):
    holdout = load_script("mnist/studies/holdout.py")
    monkeypatch.setattr(holdout, "best_net", models.mlp_tiny)
    monkeypatch.setattr(holdout, "IMAGE_SHAPE", (784,))
    recorder.results.append(holdout.main(["--outputs", str(tmp_path)]))
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
    monkeypatch.setattr(script, "tune", lambda *_: {"best": {"learning_rate": 0.003}})
    options = ["--seeds", "2", "--epochs", "2", "--train-samples", "2000"]
    results = script.main([*options, "--outputs", str(tmp_path)])
    compared = results["known - strangers"]
    assert compared["accuracy"]["ahead"] == 2 and compared["cross_entropy"]["ahead"] == 0


def test_each_side_is_tuned_and_then_compared_with_the_first_one(
    load_script, tmp_path, monkeypatch
):
    """By the validation images with one seed; by the judges with others, in pairs."""
    tuned, trained = load_script("mnist/overfitting/tuned.py"), []
    share = {None: 0.25, 0.25: 0.5, 0.5: 0.5}  # of right answers, by dropout

    def train(rate, seed, judged, dropout=None):
        trained.append((seed, judged, rate, dropout))
        accuracy = share[dropout] * (1 + 0.01 * seed) + 0.1 * ((rate, dropout) == (0.01, 0.5))
        scores = {"accuracy": accuracy, "cross_entropy": 1.0}
        return {"validation": scores} | ({"judges": scores} if judged else {})

    monkeypatch.setattr(tuned, "train", train)
    argv = ["plain", "dropout", "--seeds", "1", "2", "3", "--outputs", str(tmp_path)]
    found = tuned.main(argv)
    tried = [(rate, seed) for seed, judged, rate, _ in trained if not judged]
    searched = [(rate, seed) for rate in tuned.RATES for seed in tuned.SEARCH_SEEDS]
    assert tried[: len(searched)] == searched
    assert found["sides"]["dropout"]["best"] == {"dropout": 0.5, "rate": 0.01}
    assert trained[-3:] == [(seed, True, 0.01, 0.5) for seed in (1, 2, 3)]
    differences = found["sides"]["dropout"]["compared"]["differences"]
    assert differences == pytest.approx([0.3525, 0.355, 0.3575])
    monkeypatch.setattr(tuned, "train", None)  # all is known
    assert tuned.main(argv) == found


def test_judges_are_people_whom_no_side_has_met(
    numbered_digits, rows, recorder, load_script, monkeypatch
):
    tuned = load_script("mnist/overfitting/tuned.py")
    monkeypatch.setattr(tuned, "load_digits", tuned.prepare_mnist)
    monkeypatch.setattr(tuned, "load_judges", tuned.load_judges.__wrapped__)
    # Those who wrote the first 38 have written 40, the rows 2 to 41.
    monkeypatch.setattr(tuned, "TRAIN_SAMPLES", 38)
    tuned.train(0.001, 1, False)
    assert rows.story() == "fit train; predict train; predict validation; "
    assert rows.of("fit") == set(range(2, 40))
    del rows[:]
    tuned.train(0.001, 1, True, patience=3)
    assert rows[1] == ("validate", set(NUMBERS["validation"]))
    assert rows[-1] == ("predict", set(range(42, 122)))


def test_a_side_has_what_it_is_named_for(load_script):
    tuned = load_script("mnist/overfitting/tuned.py")
    assert tuned.network().count_params() == 13_498

    def made(kind, **setting):
        return [one for one in tuned.network(**setting).layers if type(one).__name__ == kind]

    penalties = [float(one.kernel_regularizer.l2) for one in made("Conv2D", l2=0.1)]
    assert max(penalties) == min(penalties) == pytest.approx(0.1)
    assert [one.momentum for one in made("BatchNormalization", momentum=0.9)] == [0.9] * 3
    assert [one.rate for one in made("Dropout", dropout=0.5)] == [0.25, 0.5]
    assert made("RandomAffine", augment="affine")
    optimizer = tuned.make_optimizer(0.02, 100, decay=0.3, average=0.95)
    assert (optimizer.weight_decay, optimizer.ema_momentum, optimizer.use_ema) == (0.3, 0.95, True)
    assert float(tuned.make_optimizer(0.02, 100, cosine=True).learning_rate) == 0
    assert not tuned.make_optimizer(0.02, 100).use_ema


def test_the_runs_from_which_one_started_count_if_they_lie_beside_it(load_script, tmp_path):
    script = load_script("mnist/studies/compare.py")

    def write(name, start):
        run = finished_run("conv_net")
        run["settings"]["start_from"] = str(start)
        (tmp_path / name).mkdir(parents=True)
        write_json(run, tmp_path / name / "results.json")

    for name, start in (("last", ""), ("two", "last"), ("circle", "circle"), ("strange", "a/b")):
        write(name, start and tmp_path / start)
    write("a/b", "")  # a stranger's run could name any folder
    one, two = (script.points_of_run(tmp_path / name)[0]["seconds"] for name in ("last", "two"))
    assert two == 2 * one > 0
    assert "in a circle" in failure(script.points_of_run, tmp_path / "circle")
    assert "b is not" in failure(script.points_of_run, tmp_path / "strange")


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


def test_the_best_setting_is_that_of_the_lowest_finite_loss(capsys):
    losses = {0.1: math.nan, 0.01: 1.0, 0.001: 2.0}
    loss = lambda rate, decay: losses[rate] + decay  # noqa: E731
    found = tune(loss, {"rate": list(losses), "decay": [1, 0]})
    assert found["best"] == {"rate": 0.01, "decay": 0} and found["loss"] == 1
    assert len(found["tried"]) == 6 and "look beyond" not in capsys.readouterr().out
    tune(loss, {"rate": [0.1, 0.001, 0.01], "decay": [1, 0]})
    assert "is at the end of those tried: look beyond.\n" in capsys.readouterr().out


def test_ranks_see_what_one_failed_training_hides():
    values = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, -100.0])
    for sign in (1, -1):
        compared = compare_seeds(sign * values, np.zeros(10))
        assert compared["low"] < 0 < compared["high"]
        assert compared["ahead"] == (9 if sign == 1 else 1)
    assert compare_seeds([*values[:9], 10], np.zeros(10))["p"] == pytest.approx(2 / 2**10)


def test_a_sweep_sets_the_constant_and_finds_the_best(load_quickly, tmp_path, monkeypatch):
    sweep, mnist, xor = map(load_quickly, ("mnist/sweep.py", "mnist/mnist.py", "xor/xor.py"))
    options = ["-m", "mlp_one_layer", *TINY, "--values", "1e-9", "0.003", "--outputs"]
    results = sweep.main(["mnist/mnist.py", *options, str(tmp_path)])
    assert results["best"] == {"LEARNING_RATE": 0.003} and results["tried"][0]["loss"] > 2.2
    assert results["loss_is"] == "models.mlp_one_layer.validation.cross_entropy"
    assert mnist.LEARNING_RATE is None  # as it was
    assert {"0.003", "log.txt", "sweep.png"} <= {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(xor, "main", lambda _: {"loss": 1.0})
    options = ["xor/xor.py", "--values", "0.1", "--outputs", str(tmp_path / "x")]
    assert "Say --loss" in failure(sweep.main, options)


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


def test_pairs_of_runs(few_digits, load_script, tmp_path):
    pairs = load_script("mnist/pairs.py")
    digits, image = load_parts()["validation"][1], np.arange(500)
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
    assert "one reads better than two" in pairs.explain("one", "two", compared)
    assert "only one network" in failure(pairs.main, runs[:1])
