"""The studies of the MNIST chapter: fitting, experiments, seeds, recipes, search, comparison."""

import json
import os
import re
import signal
import sqlite3
import sys
from dataclasses import asdict, replace

import keras
import numpy as np
import optuna
import pandas as pd
import pytest
from conftest import NUMBERS, failure, finished_run, first_digits

from mnist.data import prepare_mnist
from mnist.studies.temperature import cross_fit_temperature, fit_temperature, with_temperature
from utils import statistics
from utils.comparisons import compare_family, compare_networks, compare_seeds, holm
from utils.runs import write_json

TINY = ["--epochs", "1", "--train-samples", "256"]


@pytest.mark.slow
def test_figures_are_drawn(load_script, tmp_path):
    results = load_script("book/figures/mnist_figures.py").main(["--outputs", str(tmp_path)])
    names = {path.name for path in tmp_path.iterdir()}
    figures = {f"mnist_{n}.png" for n in ("samples", "pixels", "augmented", "blur", "schedules")}
    assert names == figures | {"results.json"}
    assert sum(results["counts"]) == 55_000 and min(results["counts"]) > 4_000


@pytest.mark.slow
def test_fitting_shows_overfitting(load_quickly, tmp_path, monkeypatch):
    fitting = load_quickly("mnist/overfitting/fitting.py")
    title = "Too few images"
    monkeypatch.setattr(fitting, "RUNS", {title: fitting.RUNS[title]})
    monkeypatch.setattr(fitting, "draw", lambda histories, path: None)
    result = fitting.main(["--epochs", "25", "--outputs", str(tmp_path)])[title]
    assert result["train"]["accuracy"] > 0.98
    assert result["train"]["accuracy"] - result["validation"]["accuracy"] > 0.08


def test_each_group_of_experiments_holds_the_network_of_the_chapter(load_script):
    experiments = load_script("mnist/mnist_experiments.py")
    sizes = {
        group: [build().count_params() for build, _ in lines.values()]
        for group, lines in experiments.EXPERIMENTS.items()
    }
    for group, parameters in sizes.items():
        assert {407_050, 93_322, 93_706} & set(parameters), group


def test_experiments_really_change_what_they_say(load_script):
    experiments = load_script("mnist/mnist_experiments.py")
    before = experiments.EXPERIMENTS["normalization"]["before each relu"][0]()
    kinds = [type(layer).__name__ for layer in before.layers[:3]]
    assert kinds == ["Conv2D", "BatchNormalization", "Activation"]
    keras.utils.set_random_seed(0)
    flipped = experiments.EXPERIMENTS["flips"]["left and right"][0]()
    x = np.random.default_rng(0).random((8, 28, 28, 1)).astype("float32")
    y = keras.ops.convert_to_numpy(flipped.layers[0](x, training=True))
    mirrored = [np.allclose(a, b[:, ::-1]) for a, b in zip(y, x, strict=True)]
    same = [np.allclose(a, b) for a, b in zip(y, x, strict=True)]
    assert any(mirrored) and all(np.logical_or(mirrored, same))


@pytest.mark.slow
def test_each_line_of_a_group_is_a_run_with_its_change(load_quickly, tmp_path, monkeypatch):
    experiments = load_quickly("mnist/mnist_experiments.py")
    lines = {label: experiments.EXPERIMENTS["images"][label] for label in ("500", "55,000")}
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"images": lines})
    results = experiments.main([*TINY, "--outputs", str(tmp_path)])
    assert list(results["images"]) == list(lines)
    for number, images in enumerate((500, 256)):  # the second has no change
        run = json.loads((tmp_path / "images" / str(number) / "run.json").read_text("utf-8"))
        assert run["settings"]["train_samples"] == images


def test_weights_are_described(load_script, tmp_path):
    weights = load_script("mnist/overfitting/weights.py")
    result = weights.describe(np.array([0, 0.0005, -0.5, 0.5], dtype="float32"))
    assert result["nearly_zero"] == 0.5 and result["exactly_zero"] == 0.25
    assert result["mean_size"] == pytest.approx(0.250125)
    for layers in ([], [keras.layers.Dense(1)]):
        empty = keras.Sequential([keras.Input((2,)), *layers], name="tiny")
        assert "tiny has no weights but" in failure(weights.kernel_weights, empty)
    with pytest.raises(SystemExit, match="Train with -m conv_net"):
        weights.main([str(tmp_path)])
    models, runs = load_script("mnist/models.py").MODELS, []
    for name in weights.MODELS:
        runs.append(tmp_path / f"run_of_{name}")
        runs[-1].mkdir()
        models[name]().save(runs[-1] / f"{name}.keras")
    results = weights.main([*map(str, runs), "--outputs", str(tmp_path)])
    # All kernels but the output's: 288 + 18,432 + 36,864 + 36,864.
    assert results["conv_net_l1"]["weights"] == 92_448
    assert (tmp_path / "mnist_weights.png").exists()


def test_the_search_chooses_by_validation_images_and_compares_with_new_seeds(
    numbered_digits, rows, load_script, tmp_path, monkeypatch
):
    search, seeds = load_script("mnist/studies/search.py"), []
    monkeypatch.setattr(search, "draw", lambda *_: None)
    monkeypatch.setattr(keras.utils, "set_random_seed", seeds.append)
    search.main(["--epochs", "1", "--trials", "1", "--confirm", "--outputs", str(tmp_path)])
    assert rows.story() == 7 * "fit train; validate validation; "
    assert seeds == [search.SEED, *search.SEEDS, *search.SEEDS]


def test_a_technique_is_judged_by_validation_images(numbered_digits, rows, load_script):
    trainings = load_script("mnist/studies/trainings.py")
    trainings.train_and_score(replace(trainings.mnist.DEFAULTS, model="mlp_tiny"))
    assert rows.story() == "fit train; predict validation; "


def test_augmentations_are_chosen_by_digits_of_other_writers(
    numbered_digits, rows, load_script, tmp_path, monkeypatch
):
    holdout = load_script("mnist/studies/holdout.py")
    monkeypatch.setattr(holdout, "best_net", sys.modules["mnist.models"].mlp_tiny)
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


def test_no_network_has_learned_what_a_split_holds_out(load_script, tmp_path, monkeypatch):
    """The pixels of an image are the sum of 1, 2 and 4 for the ways in which it is held out."""
    splits, learned, judged = load_script("mnist/validation_set.py"), set(), []
    (_, labels), (_, test_labels) = splits.load_mnist()
    ways = np.zeros((60_000, 1, 1), "uint8")
    for number, places in enumerate(splits.hold_out(splits.load_writers()[0]).values()):
        ways[places] |= 2**number
    images, test = ways * np.ones((28, 28), "uint8"), np.full((10_000, 28, 28), 8, "uint8")

    class Network:
        input_shape = (None, 784)

        def predict(self, x, **_):
            judged.append({*np.rint(255 * x[:, 0]).astype(int).tolist()})
            return np.eye(10)[np.zeros(len(x), int)]

    monkeypatch.setattr(splits, "load_mnist", lambda: ((images, labels), (test, test_labels)))
    monkeypatch.setattr(splits, "train", lambda _, x, *__: learned.update(x.flat) or Network())
    monkeypatch.setattr(splits, "describe", lambda *_: {})
    monkeypatch.setattr(splits, "foretell", lambda _: {})
    splits.main(["--networks", "mlp_tiny", "--outputs", str(tmp_path)])
    assert learned == {0} and judged[3] == {8}
    assert all(way & 2**number for number in range(3) for way in judged[number])


def result(validation, test):
    """Return results of a training as mnist.py has them, as far as summarize looks at them."""
    scores = {"validation": (validation, 5_000), "test": (test, 10_000)}
    parts = {
        part: {"accuracy": accuracy, "images": images, "cross_entropy": 1 - accuracy}
        for part, (accuracy, images) in scores.items()
    }
    return {"parameters": 7, "epochs": 2, "seconds_per_epoch": 3.0} | parts


def test_summary_of_seeds(load_script):
    series = load_script("mnist/studies/trainings.py")
    results = {1: result(0.98, 0.97), 2: result(0.99, 0.99), 3: result(1.00, 0.98)}
    summary = series.summarize(results)
    assert summary["seconds"] == 6 and summary["parameters"] == 7
    assert summary["test"]["accuracies"] == [0.97, 0.99, 0.98]
    assert summary["test"]["mean"] == pytest.approx(0.98)
    assert summary["test"]["deviation"] == pytest.approx(0.01)
    # 0.98 of 10,000 images: sqrt(0.98 * 0.02 / 10,000).
    assert summary["test"]["sampling_error"] == pytest.approx(0.0014)
    assert summary["validation"]["sampling_error"] == pytest.approx((0.99 * 0.01 / 5000) ** 0.5)
    (one,) = [result(0.98, 0.97)]
    assert series.summarize({1: one})["validation"]["deviation"] is None
    del one["test"]  # as without --test
    assert "test" not in series.summarize({1: one})


def test_each_network_is_compared_with_the_first_one(load_script, tmp_path, monkeypatch):
    """And not with the one before; the pairs have the same seed, and one family is corrected."""
    seeds = load_script("mnist/studies/seeds.py")
    reached = {"mlp_tiny": 0.90, "le_net": 0.95, "conv_net": 0.97}

    def score_once(settings, path):
        accuracy = reached[settings.model] + 0.01 * settings.seed
        return {"accuracy": accuracy, "cross_entropy": 1 - accuracy * settings.seed}

    monkeypatch.setattr(seeds, "score_once", score_once)
    monkeypatch.setattr(seeds, "draw", lambda *_: None)
    options = ["--train-samples", "256", "--epochs", "1", "--outputs", str(tmp_path)]
    found = seeds.main([*reached, "--seeds", "1", "2", "3", *options])["256_images"]
    assert "compared" not in found["mlp_tiny"]
    for name in ("le_net", "conv_net"):
        ahead = reached[name] - reached["mlp_tiny"]
        compared = found[name]["compared"]
        assert compared["accuracy"]["differences"] == pytest.approx([ahead] * 3)
        assert compared["cross_entropy"]["differences"] == pytest.approx(
            [-ahead, -2 * ahead, -3 * ahead]
        )
    ps = [found[name]["compared"]["cross_entropy"] for name in ("le_net", "conv_net")]
    assert [p["holm"] for p in ps] == pytest.approx(holm([p["p"] for p in ps]))


@pytest.mark.slow
def test_seeds_differ_and_go_on(load_quickly, tmp_path, capsys):
    seeds = load_quickly("mnist/studies/seeds.py")
    networks = ["mlp_tiny", "mlp_tiny --optimizer sgd --learning-rate 0.01"]
    options = [*TINY, "--outputs", str(tmp_path)]
    with pytest.raises(SystemExit, match="2"):
        seeds.main(["mlp_tiny --optimizer sdg", *options])
    assert "invalid choice: 'sdg'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        seeds.main(["all", *options])
    assert "name each of the networks" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        seeds.main([*networks, "--epochs", "1", "2", "--train-samples", "256"])
    assert "each situation needs" in capsys.readouterr().err
    one = seeds.main([*networks, *options, "--seeds", "1"])["256_images"]
    assert one["mlp_tiny"]["accuracy"]["deviation"] is None
    assert one["mlp_tiny_optimizer_sgd_learning_rate_0_01"]["compared"]["accuracy"]["p"] is None
    assert f"\n{networks[1]}  " in capsys.readouterr().out  # the accuracy stands apart
    scores = tmp_path / "256_images_1_epochs" / "mlp_tiny" / "1.json"
    before = scores.stat().st_mtime_ns
    two = seeds.main([*networks, *options, "--seeds", "1", "2", "2"])["256_images"]
    first, second = two["mlp_tiny"]["accuracy"]["accuracies"]
    assert [first] == one["mlp_tiny"]["accuracy"]["accuracies"] and first != second
    assert scores.stat().st_mtime_ns == before
    adam, sgd = two.values()
    difference = sgd["accuracy"]["mean"] - adam["accuracy"]["mean"]
    compared = sgd["compared"]["accuracy"]
    assert compared["mean"] == pytest.approx(difference)
    pairs = np.subtract(sgd["accuracy"]["accuracies"], adam["accuracy"]["accuracies"])
    assert compared["differences"] == pytest.approx(pairs) and compared["holm"] == compared["p"]
    assert "compared" not in adam and sgd["network"] == networks[1]
    command = ["mlp_tiny", "--epochs", "1", "--train-samples", "256", "--seed", "2", "--outputs"]
    same = load_quickly("mnist/mnist.py").main(["-m", *command, str(tmp_path / "same")])
    assert same["models"]["mlp_tiny"]["validation"] == json.loads(
        scores.with_name("2.json").read_text()
    )
    assert (tmp_path / "mnist_seeds.png").exists()


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("--epochs 60", "conv_net --epochs 60: --epochs, --train-samples"),  # even the default
        ("--train-samples 500", "go outside the quotes"),
        ("--seed 3", "go outside the quotes"),
        ("--outputs mine", "go outside the quotes"),
        ("--resume mine", "go outside the quotes"),
        ("--test", "go outside the quotes"),
        ("--early-stopping 3", "let images that judge take part"),
        ("--start-from mine", "let images that judge take part"),
        ("--lr-schedule plateau", "let images that judge take part"),
    ],
)
def test_options_in_quotes_that_are_not_for_one_network(option, line, load_script, capsys):
    with pytest.raises(SystemExit, match="2"):
        load_script("mnist/studies/seeds.py").parse_network(f"conv_net {option}")
    assert line in capsys.readouterr().err


def test_each_way_to_hold_out_images_is_what_it_is_called(load_script):
    splits = load_script("mnist/validation_set.py")
    writers, _ = splits.load_writers()
    places = splits.hold_out(writers)
    assert [len(set(some)) for some in places.values()] == [5_000] * 3
    assert min(places["last"]) == 55_000
    apart = np.setdiff1d(np.arange(60_000), places["by_writer"])
    assert not set(writers[places["by_writer"]]) & set(writers[apart])
    assert set(writers[places["random"]]) & set(writers[apart])


def test_what_a_set_foretells(load_script):
    """Three networks; one set ranks them as the test images do, the other one the other way."""

    def scores(*right):
        sets = zip(("good", "bad", "test"), right, strict=True)
        return {
            name: {"accuracy": a, "cross_entropy": 1 - a, "errors": round(100 - 100 * a)}
            for name, a in sets
        }

    networks = {"a": scores(0.9, 0.7, 0.8), "b": scores(0.8, 0.8, 0.7), "c": scores(0.7, 0.9, 0.6)}
    found = load_script("mnist/validation_set.py").foretell(networks)
    assert (found["good"]["chosen"], found["bad"]["chosen"]) == ("a", "c")
    assert (found["good"]["errors_of_chosen"], found["bad"]["errors_of_chosen"]) == (20, 40)
    assert found["good"]["rank_accuracy"] == pytest.approx(1)
    assert found["bad"]["rank_cross_entropy"] == pytest.approx(-1)
    assert found["good"]["loss_over_test"] == pytest.approx((0.5 + 2 / 3 + 0.75) / 3)


@pytest.mark.slow
def test_sets_are_compared_by_what_they_foretell(run_main):
    options = ["--epochs", 1, "--train-samples", 2000, "--networks", "mlp_tiny", "mlp_one_layer"]
    _, results = run_main("mnist/validation_set.py", *options)
    assert results["trained_with"] == 2000
    assert set(results["scores"]["mlp_tiny"]) == {*results["foretold"], "test"}
    for way, found in results["foretold"].items():
        assert found["chosen"] == "mlp_one_layer"
        assert found["rank_accuracy"] == pytest.approx(1)
        accuracies = [results["scores"][name][way]["accuracy"] for name in options[5:]]
        assert 0.1 < accuracies[0] < accuracies[1] and accuracies[1] > 0.7


def test_seeds_are_compared_in_pairs():
    """All that differs within a pair counts, not what differs between the seeds."""
    base = np.array([0.90, 0.92, 0.94, 0.96])
    better = base + [0.011, 0.009, 0.010, 0.010]
    compared = compare_seeds(better, base)
    assert compared["mean"] == pytest.approx(0.01)
    # t of 3 degrees of freedom at 97.5 % is 3.182, the deviation of the differences 0.000816.
    assert compared["high"] == pytest.approx(0.01 + 3.182 * 0.000816 / 2, abs=1e-5)
    assert compared["p"] < 0.001 < compare_seeds(better, base[::-1])["p"]
    assert compare_seeds(better[:1], base[:1])["p"] is None


def test_networks_are_compared_over_writers():
    """Ten writers of a hundred images: one of them explains the whole difference, or none does."""
    writers = np.repeat(np.arange(10), 100)
    first = np.ones(1000, dtype=bool)
    first[::10] = False  # misreads every tenth
    one, all_alike = first.copy(), first.copy()
    one[:20] = False  # and twenty of the first writer, two of them as before
    all_alike[5::50] = False  # and two of each
    by_one, by_all = (compare_networks(first, other, writers) for other in (one, all_alike))
    assert by_one["groups"] == 10
    assert (by_one["both"], by_one["only_first"], by_one["only_second"]) == (100, 0, 18)
    assert by_one["mean"] == pytest.approx(-0.018) and by_all["mean"] == pytest.approx(-0.02)
    assert by_one["low"] < -0.05 and by_one["high"] == 0  # the writer may not be drawn at all
    assert by_all["low"] == pytest.approx(-0.02) == by_all["high"]
    assert by_all["p"] == pytest.approx(2 * 0.5**20)
    assert compare_networks(first, first, writers)["p"] == 1


def test_a_family_of_comparisons_is_corrected_as_a_whole():
    # 0.01 times 4, 0.02 times 3, 0.03 times 2, but no less than the one before, 0.9 times 1.
    assert holm([0.03, 0.9, 0.01, 0.02]) == pytest.approx([0.06, 0.9, 0.04, 0.06])
    assert holm([0.5, 0.8]) == [1, 1] and holm([]) == []
    scores, pairs = {"new": [3, 4, 6], "usual": [1, 2, 3]}, [("new", "usual"), ("usual", "new")]
    assert all(one["holm"] == 2 * one["p"] for one in compare_family(scores, pairs).values())
    (alone,) = compare_family({"new": [3], "usual": [1]}, pairs[:1]).values()
    assert alone["mean"] == 2 and alone["p"] is None and "holm" not in alone


def test_pairs_of_runs(load_quickly, tmp_path, capsys):
    pairs = load_quickly("mnist/pairs.py")
    digits, image = first_digits()["validation"][1], np.arange(500)
    for name, misread in (("one", image < 50), ("two", image % 5 == 0)):
        (tmp_path / name).mkdir()
        write_json(finished_run("mlp_one_layer"), tmp_path / name / "results.json")
        answers = np.eye(10)[(digits + misread) % 10]
        np.savez(tmp_path / name / "mlp_one_layer_predictions.npz", validation=answers)
    runs = [str(tmp_path / name) for name in ("one", "two")]
    results = pairs.main([*runs, "--outputs", str(tmp_path / "pairs")])
    ((name, compared),) = results["compared"].items()
    assert results["first"] == "mlp_one_layer of one" and name == "mlp_one_layer_of_two"
    assert [compared[key] for key in ("both", "only_first", "only_second")] == [10, 40, 90]
    assert compared["mean"] == pytest.approx(-0.1)
    assert "The interval" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="only one network"):
        pairs.main(runs[:1])
    with pytest.raises(SystemExit, match="mlp_one_layer of one is named twice"):
        pairs.main([runs[0], runs[0]])
    saved = tmp_path / "one" / "mlp_one_layer_predictions.npz"
    np.savez(saved, validation=np.full((400, 10), 0.1))
    with pytest.raises(SystemExit, match="not ten probabilities for each validation image"):
        pairs.main(runs)
    saved.write_bytes(saved.read_bytes()[:500])
    with pytest.raises(SystemExit, match=r"cannot read .*mlp_one_layer_predictions\.npz"):
        pairs.main(runs)


def test_no_series_of_different_lengths(load_script, tmp_path, monkeypatch):
    trainings = load_script("mnist/studies/trainings.py")
    run = {"interrupted": True, "models": {}}
    monkeypatch.setattr(trainings.mnist, "run", lambda *_: run)
    settings = asdict(replace(trainings.mnist.DEFAULTS, seed=7))
    known = {"settings": settings, "provenance": {"split": "by writer"}}
    write_json(known, tmp_path / "run.json")
    with pytest.raises(SystemExit, match=r"begun with other settings: .* its seed was 7"):
        trainings.train(tmp_path, epochs=4)
    with pytest.raises(SystemExit) as ending:
        trainings.train(tmp_path, epochs=4, seed=7)
    assert ending.value.code == 130


@pytest.mark.slow
def test_a_training_shows_the_command_that_does_the_same(load_quickly, tmp_path, capsys):
    trainings = load_quickly("mnist/studies/trainings.py")
    changes = {"model": "le_net", "epochs": 1, "train_samples": 64, "learning_rate": 0.01}
    result = trainings.train(tmp_path / "1", lr_schedule="cosine", augment="affine", **changes)
    printed = capsys.readouterr().out
    (command,) = re.findall(r"^\$ python mnist/mnist.py (.*)$", printed, re.MULTILINE)
    mnist = load_quickly("mnist/mnist.py")
    run = mnist.main([*command.split(), "--outputs", str(tmp_path / "2")])
    assert run["models"]["le_net"]["validation"] == result["validation"]


def test_a_model_of_ones_own_is_known_everywhere(load_quickly, tmp_path, monkeypatch):
    """One function in models.py is all: its name, -m NAME, -m all and the seeds follow from it."""
    seeds = load_quickly("mnist/studies/seeds.py")
    models = sys.modules["mnist.models"]
    monkeypatch.setattr(models, "ZOO", models.ZOO.copy())

    def my_net():
        output = keras.layers.Dense(10, activation="softmax")
        return keras.Sequential([keras.Input((784,)), output])

    try:
        models.model(my_net)
        assert models.ZOO[-1] == "my_net" and models.MODELS["my_net"]().name == "my_net"
        results = seeds.main(["my_net", *TINY, "--seeds", "1", "--outputs", str(tmp_path)])
    finally:
        del models.MODELS["my_net"]
    assert len(results["256_images"]["my_net"]["accuracy"]["accuracies"]) == 1
    assert (tmp_path / "256_images_1_epochs" / "my_net" / "1.json").exists()


def test_calibration(load_script):
    """A network that is right in 80 of 100 cases and says 0.99 is too sure; a temperature helps."""
    calibration = load_script("mnist/studies/calibration.py")
    labels = np.eye(10)[[3] * 80 + [5] * 20]
    answers = np.full((100, 10), 0.01 / 9)
    answers[:, 3] = 0.99
    before = calibration.calibration(answers, labels)
    assert before["calibration_error"] == pytest.approx(0.19)
    assert (before["confidence"], before["accuracy"]) == pytest.approx((0.99, 0.8))
    temperature = fit_temperature(answers, labels)
    after = calibration.calibration(with_temperature(answers, temperature), labels)
    assert temperature > 1 and after["accuracy"] == before["accuracy"]
    assert after["calibration_error"] < 0.01 and after["cross_entropy"] < before["cross_entropy"]
    assert with_temperature(answers, 1) == pytest.approx(answers)
    numbers = labels.argmax(axis=1)  # one-hot or not makes no difference
    assert calibration.calibration(answers, numbers) == before
    assert fit_temperature(answers, numbers) == temperature


def test_calibration_reads_runs(load_quickly, tmp_path):
    mnist = load_quickly("mnist/mnist.py")
    run = tmp_path / "run"
    trained = mnist.main(["-m", "mlp_tiny", *TINY, "--outputs", str(run)])
    calibration = load_quickly("mnist/studies/calibration.py")
    results = calibration.main([str(run), "--outputs", str(tmp_path)])["mlp_tiny"]
    scores = trained["models"]["mlp_tiny"]["validation"]
    assert results["before"]["accuracy"] == scores["accuracy"]
    assert results["before"]["cross_entropy"] == pytest.approx(scores["cross_entropy"], rel=1e-5)
    assert results["after"]["cross_entropy"] != results["before"]["cross_entropy"]
    assert (tmp_path / "mnist_calibration.png").exists()


def test_what_no_softmax_gives_is_refused(load_script, tmp_path):
    calibration, shape = load_script("mnist/studies/calibration.py"), (5_000, 10)
    write_json(finished_run("a"), tmp_path / "results.json")
    sure = np.eye(10)[np.zeros(5_000, int)]
    for answers in (
        sure.astype(str), np.zeros(shape, [("a", "f4")]), sure.astype(complex), sure.astype(bool),
        sure.astype(int), -sure, 0 * sure, 0.9 * sure, sure[1:],
    ):  # fmt: skip
        np.savez(tmp_path / "a_predictions.npz", validation=answers)
        line = failure(calibration.main, [str(tmp_path), "--outputs", str(tmp_path / "out")])
        assert "not ten probabilities for each validation image" in line
        assert not (tmp_path / "out").exists()
    write_json(finished_run("\x1b[2J"), tmp_path / "results.json")
    assert "not a folder of a finished run" in failure(calibration.main, [str(tmp_path)])


def test_no_temperature_is_fitted_on_those_whom_it_scales(monkeypatch):
    """If it were, a network that is sure of everything could not tell the halves apart."""
    seen = []
    monkeypatch.setattr(statistics, "fit_temperature", lambda p, _: seen.append(p) or len(seen))
    probabilities = np.arange(1, 9)[:, None] * np.full(10, 0.01)
    half = np.array([0, 1] * 4)
    scaled, temperatures = cross_fit_temperature(probabilities, np.eye(10)[[3] * 8], half)
    assert temperatures == [1, 2]
    np.testing.assert_array_equal(seen[0], probabilities[1::2])  # fitted for the half 0
    np.testing.assert_allclose(scaled[1::2], with_temperature(probabilities[1::2], 2))


@pytest.mark.slow
def test_quick_recipe_learns_quickly(load_quickly, tmp_path):
    recipes = load_quickly("mnist/studies/recipes.py")
    options = ["--seeds", "1", "--epochs", "2", "--train-samples", "4000"]
    summary = recipes.main(["quick", *options, "--outputs", str(tmp_path)])
    assert summary["parameters"] == 93_962
    assert summary["validation"]["mean"] > 0.9
    # The ensemble of one network is that network.
    mean = summary["validation"]["mean"]
    assert summary["ensemble"]["validation"]["accuracy"] == pytest.approx(mean)
    assert "test" not in summary and "test" not in summary["ensemble"]
    again = recipes.main(["quick", *options, "--test", "--outputs", str(tmp_path)])
    assert again["ensemble"]["test"]["accuracy"] == pytest.approx(again["test"]["mean"])


def test_ensemble_averages_probabilities(load_script, tmp_path):
    """A network that is sure of a 3 outvotes two that rather think it is a 5."""
    probabilities = {"unsure": {3: 0.35, 5: 0.56}, "sure": {3: 0.91}}
    for name, shares in probabilities.items():
        output = keras.layers.Dense(10, activation="softmax", kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((784,)), output])
        output.bias.assign(np.log([shares.get(digit, 0.01) for digit in range(10)]))
        model.save(tmp_path / f"{name}.keras")
    paths = [tmp_path / f"{name}.keras" for name in ("unsure", "sure", "unsure")]
    ensemble = load_script("mnist/studies/recipes.py").evaluate_ensemble(paths, test=True)
    threes = {"validation": 518 / 5000, "test": 1010 / 10_000}
    assert {part: ensemble[part]["accuracy"] for part in threes} == pytest.approx(threes)


def test_best_recipe_is_the_network_of_the_book(load_script):
    recipes, mnist = load_script("mnist/studies/recipes.py"), load_script("mnist/mnist.py")
    stages = [replace(mnist.DEFAULTS, **stage) for stage in recipes.RECIPES["best"]]
    models = [mnist.build_model(mnist.MODELS[stage.model], stage) for stage in stages]
    assert [model.count_params() for model in models] == [378_698, 378_698]
    # The first stage has one more layer in front, which augments.
    kinds = [[type(layer).__name__ for layer in model.layers] for model in models]
    assert kinds[0] == ["RandomAffine", *kinds[1]]


@pytest.mark.slow
def test_each_stage_goes_on_from_the_one_before(load_quickly, tmp_path, monkeypatch):
    """--epochs is for the first stage, --train-samples for all; quickly, with another network."""
    recipes = load_quickly("mnist/studies/recipes.py")
    still = {"optimizer": "sgd", "learning_rate": 1e-9, "epochs": 1}
    stages = [{"model": "le_net", "augment": "affine", "epochs": 9}, {"model": "le_net"} | still]
    monkeypatch.setitem(recipes.RECIPES, "best", stages)
    options = ["--epochs", "2", "--train-samples", "512", "--seeds", "5"]
    results = recipes.main(["best", *options, "--outputs", str(tmp_path)])
    runs = [json.loads((tmp_path / f"5-{n}" / "results.json").read_text("utf-8")) for n in (1, 2)]
    one, two = (run["settings"] for run in runs)
    assert (one["epochs"], one["train_samples"], one["augment"]) == (2, 512, "affine")
    assert (two["epochs"], two["train_samples"], two["augment"]) == (1, 512, None)
    assert two["start_from"] == str(tmp_path / "5-1") and two["seed"] == one["seed"] == 5
    first, last = (run["models"]["le_net"] for run in runs)
    before, after = (run["validation"]["cross_entropy"] for run in (first, last))
    assert after == pytest.approx(before, rel=1e-4)
    assert results["epochs"] == 3
    assert results["validation"]["mean"] == last["validation"]["accuracy"]
    seconds = 2 * first["seconds_per_epoch"] + last["seconds_per_epoch"]
    assert results["seconds"] == pytest.approx(seconds)


@pytest.mark.slow
def test_holdout_compares_before_and_after(load_script, monkeypatch, tmp_path):
    holdout = load_script("mnist/studies/holdout.py")
    images, labels, writers = *holdout.load_parts()["train"], holdout.writers_of("train")
    few = {"train": (images[:4000], labels[:4000])}
    monkeypatch.setattr(holdout, "load_parts", lambda: few)
    monkeypatch.setattr(holdout, "writers_of", lambda part: writers[:4000])
    monkeypatch.setattr(holdout, "best_net", sys.modules["mnist.models"].quick_net)  # learns sooner
    options = ["--epochs", "1", "--outputs", str(tmp_path)]
    results = holdout.main(options)
    compared = results.pop("compared")
    assert set(results) == {"layers", "affine"} and set(compared) == {"before", "after"}
    for when, one in compared.items():
        fewer = one["only_first"] - one["only_second"]
        assert results["layers"][when]["errors"] - results["affine"][when]["errors"] == fewer
    for scores in results.values():
        # So short a training is not over, so that its continuation must be better.
        assert scores["after"]["cross_entropy"] < scores["before"]["cross_entropy"]
        assert scores["after"]["images"] == pytest.approx(2_000, abs=100)


@pytest.mark.slow
def test_search_goes_on_where_it_was(load_script, tmp_path, monkeypatch):
    search = load_script("mnist/studies/search.py")
    fitted = []

    def fit(settings, digits, epochs, seed, callbacks):
        """Take no time, and have the best accuracy at a rate of 0.01."""
        fitted.append((settings, seed))
        return 1 - distance(settings["learning_rate"])

    def distance(rate):
        return abs(np.log10(rate) + 2)

    monkeypatch.setattr(search, "fit", fit)
    options = [*TINY, "--outputs", str(tmp_path)]
    assert len(search.main([*options, "--trials", "2"])["trials"]) == 2
    results = search.main([*options, "--trials", "8", "--confirm"])
    trials = results["trials"]
    assert {trial["number"] for trial in trials} == set(range(10))
    assert len({trial["learning_rate"] for trial in trials}) == 10
    best = min((settings["learning_rate"] for settings, _ in fitted[:10]), key=distance)
    assert results["best"]["learning_rate"] == trials[0]["learning_rate"] == best
    # Afterwards the best settings and those of the quick recipe meet on seeds new to both.
    assert {seed for _, seed in fitted[:10]}.isdisjoint(seed for _, seed in fitted[10:])
    assert [settings for settings, _ in fitted[10:]] == 3 * [results["best"]] + 3 * [search.BY_HAND]
    assert results["confirmed"]["by_hand"]["mean"] == pytest.approx(1)
    assert pd.read_csv(tmp_path / "trials.csv")["value"].is_monotonic_decreasing
    assert (tmp_path / "mnist_search.png").exists()
    # Trials of other lengths are not mixed with these.
    assert len(search.main([*options, "--epochs", "2", "--trials", "1"])["trials"]) == 1


def test_search_takes_any_folder_and_gives_killed_trials_up(load_script, tmp_path):
    search = load_script("mnist/studies/search.py")
    folder = tmp_path / "a%20b?c#d"
    folder.mkdir()
    search.open_study("a", folder, 1).ask()  # a trial that never ends
    assert (folder / "study.db").stat().st_size > 0
    (trial,) = search.open_study("a", folder, 1).trials
    assert trial.state == optuna.trial.TrialState.FAIL


@pytest.mark.parametrize("damage", ["text", "half", "other tables", "a trial of another kind"])
def test_a_damaged_database_gets_one_line(load_script, tmp_path, damage):
    search = load_script("mnist/studies/search.py")
    path = tmp_path / "study.db"
    search.open_study("a", tmp_path, 1).ask()
    if damage == "text":
        path.write_text("nonsense\n" * 200)
    elif damage == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        statement = {
            "other tables": "ALTER TABLE studies RENAME TO others",
            "a trial of another kind": "UPDATE trials SET state = 'LOST'",
        }[damage]
        with sqlite3.connect(path) as database:
            database.execute(statement)
    with pytest.raises(SystemExit, match=r"cannot read .*study\.db \(.*\). Delete it."):
        search.open_study("a", tmp_path, 1)


@pytest.mark.slow
def test_search_trains_and_stops_bad_trials(load_script, few_digits, tmp_path):
    search = load_script("mnist/studies/search.py")
    study = search.open_study("a", tmp_path, 1)
    digits = prepare_mnist((28, 28, 1), 2000)
    good = {"learning_rate": 0.01, "batch_size": 64, "width": 8, "dropout": 0.0}
    assert search.fit(good, digits, 3, 1, []) > 0.8
    study.pruner = optuna.pruners.ThresholdPruner(lower=0.999)
    study.enqueue_trial(good)
    study.optimize(lambda t: search.run_trial(t, digits, 3, keras.callbacks.Callback()), n_trials=1)
    (trial,) = study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert list(trial.intermediate_values) == [0]  # one epoch, not three


def test_search_ends_with_one_line(load_script, tmp_path, monkeypatch, capfd):
    search = load_script("mnist/studies/search.py")

    def press_ctrl_c(*_):
        os.kill(os.getpid(), signal.SIGINT)
        raise KeyboardInterrupt  # as DeferInterrupt does after the step

    options = [*TINY, "--trials", "1", "--outputs", str(tmp_path / "new")]
    monkeypatch.setattr(search, "fit", press_ctrl_c)
    with pytest.raises(SystemExit) as ending:
        search.main(options)
    assert ending.value.code == 130
    assert "Traceback" not in capfd.readouterr().err

    def prune(*_):
        raise optuna.TrialPruned

    monkeypatch.setattr(search, "fit", prune)
    with pytest.raises(SystemExit, match="not one trial was finished"):
        search.main(options)
    monkeypatch.setattr(search, "fit", lambda *_: 0.5)
    search.main(options)
    monkeypatch.setattr(search, "fit", press_ctrl_c)
    with pytest.raises(SystemExit) as ending:
        search.main([*options, "--confirm"])
    assert ending.value.code == 130
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="cannot write to"):
        search.main([*TINY, "--outputs", str(tmp_path / "file")])


def test_own_run_joins_the_comparison(load_script, tmp_path):
    compare = load_script("mnist/studies/compare.py")
    first, mine = tmp_path / "first", tmp_path / "mine"
    for folder, start, epochs in ((first, None, 10), (mine, str(first), 2)):
        folder.mkdir()
        results = finished_run("my_net", start_from=start)
        model = results["models"]["my_net"]
        model |= {"epochs": epochs, "seconds_per_epoch": 4.0}
        (folder / "results.json").write_text(json.dumps(results))
    options = ["--outputs", str(tmp_path)]
    rows = compare.main([str(mine), *options])["networks"]
    assert rows[0]["name"] == "yours: my_net, mine"
    assert rows[0]["seconds"] == 10 * 4 + 2 * 4  # with those of the run that it started from
    assert {"recipe quick", "recipe best", "conv_net"} <= {row["name"] for row in rows}
    with pytest.raises(SystemExit, match="is not a folder of a finished run"):
        compare.main([str(tmp_path), *options])
    for change in (
        {"models": {"my_net": model | {"epochs": "x"}}}, {"models": [1]}, {"models": None},
        {"settings": 5}, {"models": {"my_net": {}}},
    ):  # fmt: skip
        (first / "results.json").write_text(json.dumps(results | change))
        with pytest.raises(SystemExit, match="is not a folder of a finished run"):
            compare.main([str(mine), *options])
    (first / "results.json").write_text(json.dumps(results | {"models": {"other": model}}))
    with pytest.raises(SystemExit, match="started from a run without this model"):
        compare.main([str(mine), *options])
    results["settings"]["start_from"] = str(first)
    (first / "results.json").write_text(json.dumps(results))
    with pytest.raises(SystemExit, match="or in a circle"):
        compare.main([str(mine), *options])
    (mine / "results.json").write_text(json.dumps(results | {"settings": {"start_from": 5}}))
    with pytest.raises(SystemExit, match="or in a circle"):
        compare.main([str(mine), *options])
    (mine / "results.json").write_text(json.dumps(results))
    report = load_script("mnist/report.py")
    with pytest.raises(SystemExit, match="is not the history"):
        report.main([str(mine)])
