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

from utils.data import prepare_mnist
from utils.runs import write_json
from utils.statistics import compare

TINY = ["--epochs", "1", "--train-samples", "256"]


@pytest.mark.slow
def test_figures_are_drawn(load_script, tmp_path):
    results = load_script("book/mnist_figures.py").main(["--outputs", str(tmp_path)])
    names = {path.name for path in tmp_path.iterdir()}
    figures = {f"mnist_{n}.png" for n in ("samples", "pixels", "augmented", "blur", "schedules")}
    assert names == figures | {"results.json"}
    assert sum(results["counts"]) == 55_000 and min(results["counts"]) > 4_000


@pytest.mark.slow
def test_fitting_shows_overfitting(load_quickly, tmp_path, monkeypatch):
    fitting = load_quickly("mnist/studies/fitting.py")
    title = "Too few images"
    monkeypatch.setattr(fitting, "RUNS", {title: fitting.RUNS[title]})
    monkeypatch.setattr(fitting, "draw", lambda histories, path: None)
    result = fitting.main(["--epochs", "25", "--outputs", str(tmp_path)])[title]
    assert result["train"]["accuracy"] > 0.98
    assert result["train"]["accuracy"] - result["validation"]["accuracy"] > 0.08


def test_each_group_of_experiments_holds_the_network_of_the_chapter(load_script):
    experiments = load_script("mnist/studies/experiments.py")
    sizes = {
        group: [build().count_params() for build, _ in lines.values()]
        for group, lines in experiments.EXPERIMENTS.items()
    }
    for group, parameters in sizes.items():
        assert {407_050, 93_322, 93_706} & set(parameters), group


def test_experiments_really_change_what_they_say(load_script):
    experiments = load_script("mnist/studies/experiments.py")
    before = experiments.EXPERIMENTS["normalization"]["before each relu"][0]()
    kinds = [type(layer).__name__ for layer in before.layers[:3]]
    assert kinds == ["Conv2D", "BatchNormalization", "Activation"]
    flipped = experiments.EXPERIMENTS["flips"]["left and right"][0]()
    x = np.random.default_rng(0).random((8, 28, 28, 1)).astype("float32")
    y = keras.ops.convert_to_numpy(flipped.layers[0](x, training=True))
    mirrored = [np.allclose(a, b[:, ::-1]) for a, b in zip(y, x, strict=True)]
    same = [np.allclose(a, b) for a, b in zip(y, x, strict=True)]
    assert any(mirrored) and all(np.logical_or(mirrored, same))


def test_weights_are_described(load_script, tmp_path):
    weights = load_script("mnist/weights.py")
    result = weights.describe(np.array([0, 0.0005, -0.5, 0.5], dtype="float32"))
    assert result["nearly_zero"] == 0.5 and result["exactly_zero"] == 0.25
    assert result["mean_size"] == pytest.approx(0.250125)
    with pytest.raises(SystemExit, match="Train -m all first"):
        weights.main([str(tmp_path)])
    models = load_script("mnist/models.py").MODELS
    for name in weights.MODELS:
        models[name]().save(tmp_path / f"{name}.keras")
    results = weights.main([str(tmp_path), "--outputs", str(tmp_path)])
    # All kernels but the output's: 288 + 18,432 + 36,864 + 36,864.
    assert results["conv_net_l1"]["weights"] == 92_448
    assert (tmp_path / "mnist_weights.png").exists()


def result(validation, test):
    """Return results of a training as mnist.py has them, as far as summarize looks at them."""
    scores = {"validation": validation, "test": test}
    parts = {part: {"accuracy": a, "cross_entropy": 1 - a} for part, a in scores.items()}
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
    assert series.summarize({1: result(0.98, 0.97)})["validation"]["deviation"] is None


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
    one = seeds.main([*networks, *options, "--seeds", "1"])
    assert one["mlp_tiny"]["accuracy"]["deviation"] is None
    assert one["mlp_tiny_optimizer_sgd_learning_rate_0_01"]["compared"]["accuracy"]["p"] is None
    assert f"\n{networks[1]}  " in capsys.readouterr().out  # the accuracy stands apart
    history = tmp_path / "mlp_tiny" / "1" / "mlp_tiny_history.csv"
    before = history.read_bytes()  # holds the seconds, which no second training would repeat
    two = seeds.main([*networks, *options, "--seeds", "1", "2", "2"])
    first, second = two["mlp_tiny"]["accuracy"]["accuracies"]
    assert [first] == one["mlp_tiny"]["accuracy"]["accuracies"] and first != second
    assert history.read_bytes() == before
    adam, sgd = two.values()
    difference = sgd["accuracy"]["mean"] - adam["accuracy"]["mean"]
    assert sgd["compared"]["accuracy"]["difference"] == pytest.approx(difference)
    assert "compared" not in adam and sgd["network"] == networks[1]
    assert adam["images"] == 500 - 256
    assert (tmp_path / "mnist_seeds.png").exists()


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("--epochs 60", "conv_net --epochs 60: --epochs, --train-samples"),  # even the default
        ("--train-samples 500", "go outside the quotes"),
        ("--seed 3", "go outside the quotes"),
        ("--outputs mine", "go outside the quotes"),
        ("--resume mine", "go outside the quotes"),
        ("--early-stopping 3", "let images that judge take part"),
        ("--start-from mine", "let images that judge take part"),
        ("--lr-schedule plateau", "let images that judge take part"),
    ],
)
def test_options_in_quotes_that_are_not_for_one_network(option, line, load_script, capsys):
    with pytest.raises(SystemExit, match="2"):
        load_script("mnist/studies/seeds.py").parse_network(f"conv_net {option}")
    assert line in capsys.readouterr().err


def test_the_model_that_a_run_holds_now_is_judged(load_quickly, tmp_path):
    """A run that was trained further has another model in the same folder."""
    trainings = load_quickly("mnist/studies/trainings.py")
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    answers = []
    for bias in np.eye(10)[[3, 5]]:
        model.set_weights([np.zeros((784, 10)), bias])
        model.save(tmp_path / "net.keras")
        answers.append(trainings.score_held_out(tmp_path, "net", 256)[0])
    threes, fives = answers
    assert threes.any() and fives.any() and not (threes & fives).any()


def test_networks_are_compared_over_images_and_over_seeds():
    right = np.ones((5, 1000), dtype=bool)
    right[:, :10] = False  # each network misses the same 10 images, the others 20 more
    others = right.copy()
    others[:, 10:30] = False
    compared = compare(right, others)
    assert compared["difference"] == pytest.approx(0.02)
    low, high = compared["interval"]  # a share of 0.02 of 1,000 has an error of 0.0044
    assert low == pytest.approx(0.02 - 1.96 * 0.0044, abs=0.002)
    assert high == pytest.approx(0.02 + 1.96 * 0.0044, abs=0.002)
    # Of the 252 ways to deal ten accuracies into two groups, two are as far apart.
    assert compared["p"] == pytest.approx(2 / 252)
    assert compare(right, right)["p"] == 1 and compare(right[:1], others[:1])["p"] is None
    many = compare(np.repeat(right, 3, axis=0), np.repeat(others, 3, axis=0))
    assert many["p"] < 1e-4  # of 155 million ways to deal thirty, 200,000 are enough


def test_no_series_of_different_lengths(load_script, tmp_path, monkeypatch):
    trainings = load_script("mnist/studies/trainings.py")
    run = {"interrupted": False, "models": {"a": {"epochs": 4}}}
    monkeypatch.setattr(trainings.mnist, "run", lambda *_: run)
    with pytest.raises(SystemExit, match="has been trained for 4 epochs"):
        trainings.train(tmp_path, epochs=2)
    settings = asdict(replace(trainings.mnist.DEFAULTS, seed=7))
    write_json({"settings": settings, "provenance": {}}, tmp_path / "run.json")
    with pytest.raises(SystemExit, match=r"begun with other settings: .* its seed was 7"):
        trainings.train(tmp_path, epochs=4)
    run["interrupted"] = True
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
    assert run["models"]["le_net"]["test"] == result["test"]


def test_a_model_of_ones_own_is_known_everywhere(load_quickly, tmp_path, monkeypatch):
    """One function in models.py is all: its name, -m NAME, -m all and the seeds follow from it."""
    seeds = load_quickly("mnist/studies/seeds.py")
    models = sys.modules["models"]
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
    assert len(results["my_net"]["accuracy"]["accuracies"]) == 1
    assert (tmp_path / "my_net" / "1" / "my_net.keras").exists()


def test_calibration(load_script, tmp_path):
    """A network that is right in 80 of 100 cases and says 0.99 is too sure; a temperature helps."""
    calibration = load_script("mnist/studies/calibration.py")
    labels = np.eye(10)[[3] * 80 + [5] * 20]
    answers = np.full((100, 10), 0.01 / 9)
    answers[:, 3] = 0.99
    before = calibration.calibration(answers, labels)
    assert before["calibration_error"] == pytest.approx(0.19)
    assert (before["sureness"], before["accuracy"]) == pytest.approx((0.99, 0.8))
    temperature = calibration.fit_temperature(answers, labels)
    after = calibration.calibration(calibration.with_temperature(answers, temperature), labels)
    assert temperature > 1 and after["accuracy"] == before["accuracy"]
    assert after["calibration_error"] < 0.01 and after["cross_entropy"] < before["cross_entropy"]
    assert calibration.with_temperature(answers, 1) == pytest.approx(answers)


def test_calibration_reads_runs(load_quickly, tmp_path):
    mnist = load_quickly("mnist/mnist.py")
    run = tmp_path / "run"
    trained = mnist.main(["-m", "mlp_tiny", *TINY, "--outputs", str(run)])
    calibration = load_quickly("mnist/studies/calibration.py")
    results = calibration.main([str(run), "--outputs", str(tmp_path)])["mlp_tiny"]
    test = trained["models"]["mlp_tiny"]["test"]
    assert results["before"]["accuracy"] == test["accuracy"]
    assert results["before"]["cross_entropy"] == pytest.approx(test["cross_entropy"], rel=1e-5)
    assert (tmp_path / "mnist_calibration.png").exists()
    (run / "mlp_tiny_answers.npz").write_bytes(b"nonsense")
    with pytest.raises(SystemExit, match=r"cannot read .*mlp_tiny_answers\.npz"):
        calibration.main([str(run), "--outputs", str(tmp_path)])
    (run / "mlp_tiny_answers.npz").unlink()
    with pytest.raises(SystemExit, match="by an older"):
        calibration.main([str(run)])


@pytest.mark.slow
def test_quick_recipe_learns_quickly(load_quickly, tmp_path):
    recipes = load_quickly("mnist/studies/recipes.py")
    options = ["--seeds", "1", "--epochs", "2", "--train-samples", "4000"]
    summary = recipes.main(["quick", *options, "--outputs", str(tmp_path)])
    assert summary["parameters"] == 93_962
    assert summary["validation"]["mean"] > 0.9
    # The ensemble of one network is that network.
    assert summary["ensemble"]["test"]["accuracy"] == pytest.approx(summary["test"]["mean"])


def test_ensemble_averages_probabilities(load_script, tmp_path):
    """A network that is sure of a 3 outvotes two that rather think it is a 5."""
    probabilities = {"unsure": {3: 0.35, 5: 0.56}, "sure": {3: 0.91}}
    for name, shares in probabilities.items():
        output = keras.layers.Dense(10, activation="softmax", kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((784,)), output])
        output.bias.assign(np.log([shares.get(digit, 0.01) for digit in range(10)]))
        model.save(tmp_path / f"{name}.keras")
    paths = [tmp_path / f"{name}.keras" for name in ("unsure", "sure", "unsure")]
    ensemble = load_script("mnist/studies/recipes.py").evaluate_ensemble(paths)
    threes = {"validation": 509 / 5000, "test": 1010 / 10_000}
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
def test_options_reach_the_stages(load_quickly, tmp_path, monkeypatch):
    """--epochs is for the first stage, --train-samples for all; quickly, with another network."""
    recipes = load_quickly("mnist/studies/recipes.py")
    stages = [
        {"model": "le_net", "augment": "affine", "epochs": 9},
        {"model": "le_net", "epochs": 2},
    ]
    monkeypatch.setitem(recipes.RECIPES, "best", stages)
    recipes.main(["best", *TINY, "--seeds", "5", "--outputs", str(tmp_path)])
    one, two = (
        json.loads((tmp_path / f"5-{n}" / "run.json").read_text())["settings"] for n in (1, 2)
    )
    assert (one["epochs"], one["train_samples"], one["augment"]) == (1, 256, "affine")
    assert (two["epochs"], two["train_samples"], two["augment"]) == (2, 256, None)
    assert two["start_from"] == str(tmp_path / "5-1") and two["seed"] == one["seed"] == 5


@pytest.mark.slow
def test_holdout_compares_before_and_after(load_script, monkeypatch, tmp_path):
    holdout = load_script("book/holdout.py")
    monkeypatch.setattr(holdout, "HALF", 59_000)  # 1,000 images are held out
    monkeypatch.setattr(holdout, "best_net", sys.modules["models"].quick_net)  # learns sooner
    options = ["--epochs", "1", "--train-samples", "2000", "--outputs", str(tmp_path)]
    results = holdout.main(options)
    assert set(results) == {"layers", "affine"}
    for scores in results.values():
        # So short a training is not over, so that its continuation must be better.
        assert scores["after"]["cross_entropy"] < scores["before"]["cross_entropy"]
        assert scores["after"]["accuracy"] == pytest.approx(1 - scores["after"]["errors"] / 1000)


@pytest.mark.slow
def test_each_stage_goes_on_from_the_one_before(load_quickly, tmp_path):
    recipes = load_quickly("mnist/studies/recipes.py")
    stage = {"model": "le_net", "train_samples": 512}
    still = {"optimizer": "sgd", "learning_rate": 1e-9}
    stages = [stage | {"epochs": 2, "augment": "affine"}, stage | still | {"epochs": 1}]
    results, folder = recipes.train_stages(stages, 7, tmp_path)
    assert folder == tmp_path / "7-2" and results["epochs"] == 3
    runs = [json.loads((tmp_path / f"7-{n}" / "results.json").read_text()) for n in (1, 2)]
    one, two = (run["models"]["le_net"] for run in runs)
    assert two["test"]["cross_entropy"] == pytest.approx(one["test"]["cross_entropy"], rel=1e-4)
    assert results["test"] == two["test"]
    seconds = 2 * one["seconds_per_epoch"] + two["seconds_per_epoch"]
    assert 3 * results["seconds_per_epoch"] == pytest.approx(seconds)


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
    results = search.main([*options, "--trials", "20", "--confirm"])
    trials = results["trials"]
    assert {trial["number"] for trial in trials} == set(range(22))
    assert len({trial["learning_rate"] for trial in trials}) == 22
    best = min((settings["learning_rate"] for settings, _ in fitted[:22]), key=distance)
    assert results["best"]["learning_rate"] == trials[0]["learning_rate"] == best
    # Afterwards the best settings and those of the quick recipe meet on seeds new to both.
    assert {seed for _, seed in fitted[:22]}.isdisjoint(seed for _, seed in fitted[22:])
    assert [settings for settings, _ in fitted[22:]] == 3 * [results["best"]] + 3 * [search.BY_HAND]
    assert results["confirmed"]["by_hand"]["mean"] == pytest.approx(1)
    assert pd.read_csv(tmp_path / "trials.csv")["value"].is_monotonic_decreasing
    assert (tmp_path / "mnist_search.png").exists()
    # Trials of other lengths are not mixed with these.
    assert len(search.main([*options, "--epochs", "2", "--trials", "1"])["trials"]) == 1


def test_search_takes_any_folder_and_gives_killed_trials_up(load_script, tmp_path):
    search = load_script("mnist/studies/search.py")
    folder = tmp_path / "a%20b?c#d"
    folder.mkdir()
    search.open_study(folder, 3, 2000).ask()  # a trial that never ends
    assert (folder / "study.db").stat().st_size > 0
    (trial,) = search.open_study(folder, 3, 2000).trials
    assert trial.state == optuna.trial.TrialState.FAIL


@pytest.mark.parametrize("damage", ["text", "half", "other tables", "a trial of another kind"])
def test_a_damaged_database_gets_one_line(load_script, tmp_path, damage):
    search = load_script("mnist/studies/search.py")
    path = tmp_path / "study.db"
    search.open_study(tmp_path, 3, 2000).ask()
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
        search.open_study(tmp_path, 3, 2000)


def test_search_trains_and_stops_bad_trials(load_script, few_digits, tmp_path):
    search = load_script("mnist/studies/search.py")
    study = search.open_study(tmp_path, 3, 2000)
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
    model = {
        "parameters": 5,
        "epochs": 2,
        "seconds_per_epoch": 4.0,
        "validation": {"accuracy": 0.9999},
    }
    first, mine = tmp_path / "first", tmp_path / "mine"
    for folder, start, epochs in ((first, None, 10), (mine, str(first), 2)):
        folder.mkdir()
        results = {"settings": {"start_from": start}, "models": {"my_net": model}}
        results["models"]["my_net"] |= {"epochs": epochs}
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
    with pytest.raises(SystemExit, match="holds no results"):
        report.main([str(mine)])
