"""Scripts that train several times: seeds, recipes, the search, and what compares them."""

import json

import optuna
import pandas as pd
import pytest

TINY = ["--epochs", "1", "--train-samples", "256"]


def result(validation, test):
    """Return results of a training as mnist.py has them, as far as summarize looks at them."""
    scores = {"validation": validation, "test": test}
    parts = {part: {"accuracy": a, "cross_entropy": 1 - a} for part, a in scores.items()}
    return {"parameters": 7, "epochs": 2, "seconds_per_epoch": 3.0} | parts


def test_summary_of_seeds(load_script):
    series = load_script("mnist/series.py")
    summary = series.summarize([result(0.98, 0.97), result(0.99, 0.99), result(1.00, 0.98)])
    assert summary["seconds"] == 6 and summary["parameters"] == 7
    assert summary["test"]["accuracies"] == [0.97, 0.99, 0.98]
    assert summary["test"]["mean"] == pytest.approx(0.98)
    assert summary["test"]["deviation"] == pytest.approx(0.01)
    # 0.98 of 10,000 images: sqrt(0.98 * 0.02 / 10,000).
    assert summary["test"]["sampling_error"] == pytest.approx(0.0014)
    assert summary["validation"]["sampling_error"] == pytest.approx((0.99 * 0.01 / 5000) ** 0.5)
    assert series.summarize([result(0.98, 0.97)])["test"]["deviation"] == 0


def test_seeds_differ_and_go_on(load_script, tmp_path, monkeypatch):
    seeds = load_script("mnist/seeds.py")
    options = ["--techniques", "plain", *TINY, "--outputs", str(tmp_path)]
    one = seeds.main([*options, "--seeds", "1"])["plain"]
    two = seeds.main([*options, "--seeds", "1", "2"])["plain"]
    first, second = two["test"]["accuracies"]
    assert [first] == one["test"]["accuracies"] and first != second
    assert (tmp_path / "mnist_seeds.png").exists()
    # What is finished is not trained again.
    history = pd.read_csv(tmp_path / "plain" / "1" / "conv_net_history.csv")
    assert len(history) == 1


def test_techniques_are_those_of_the_chapter(load_script):
    seeds = load_script("mnist/seeds.py")
    models = load_script("mnist/models.py").MODELS
    options = {name: load_script("mnist/options.py").parse_arguments(words) for name, words in
               seeds.TECHNIQUES.items()}  # fmt: skip
    assert all(args.model in models for args in options.values())
    assert options["augmentation"].augment and options["cosine"].lr_schedule == "cosine"


def test_quick_recipe_learns_quickly(load_script, tmp_path):
    recipes = load_script("mnist/recipes.py")
    options = ["--seeds", "1", "2", "--epochs", "2", "--train-samples", "4000"]
    summary = recipes.main(["quick", *options, "--outputs", str(tmp_path)])
    assert summary["parameters"] == 93_962
    assert min(summary["validation"]["accuracies"]) > 0.9
    # The ensemble of one network is that network.
    alone = recipes.evaluate_ensemble([tmp_path / "2" / "quick_net.keras"])
    assert alone["test"]["accuracy"] == pytest.approx(summary["test"]["accuracies"][1])
    assert summary["ensemble"]["test"]["accuracy"] > min(summary["test"]["accuracies"])


def test_best_recipe_is_the_network_of_the_book(load_script):
    recipes, mnist = load_script("mnist/recipes.py"), load_script("mnist/mnist.py")
    words = f"{recipes.RECIPES['best']} {recipes.SCHEDULE}".split()
    args = load_script("mnist/options.py").parse_arguments(words)
    model = mnist.build_model(args.model, args)
    assert model.count_params() == 378_698
    assert [layer.name.split("_")[1] for layer in model.layers[:3]] == [
        "rotation",
        "translation",
        "zoom",
    ]


def test_search_goes_on_where_it_was(load_script, tmp_path):
    search = load_script("mnist/search.py")
    options = [*TINY, "--outputs", str(tmp_path)]
    assert len(search.main([*options, "--trials", "2"])["trials"]) == 2
    results = search.main([*options, "--trials", "1"])
    assert {trial["number"] for trial in results["trials"]} == {0, 1, 2}
    rates = {trial["learning_rate"] for trial in results["trials"]}
    assert len(rates) == 3 and results["best"]["learning_rate"] in rates
    values = pd.read_csv(tmp_path / "trials.csv")["value"]
    assert values.is_monotonic_decreasing and values.max() > 0.08
    assert (tmp_path / "mnist_search.png").exists()


def test_search_stops_a_bad_trial(load_script, tmp_path, monkeypatch):
    search = load_script("mnist/search.py")
    strict = optuna.pruners.ThresholdPruner(lower=0.999)
    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda **_: strict)
    options = ["--epochs", "3", "--train-samples", "256", "--trials", "1"]
    monkeypatch.setattr(optuna.study.Study, "best_params", None)
    (trial,) = search.main([*options, "--outputs", str(tmp_path)])["trials"]
    assert trial["state"] == "PRUNED"
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert list(study.trials[0].intermediate_values) == [0]  # one epoch, not three


def test_own_run_joins_the_comparison(load_script, tmp_path):
    compare = load_script("mnist/compare.py")
    model = {"parameters": 5, "epochs": 2, "seconds_per_epoch": 4.0, "test": {"accuracy": 0.9999}}
    (tmp_path / "mine").mkdir()
    results = {"models": {"my_net": model}}
    (tmp_path / "mine" / "results.json").write_text(json.dumps(results))
    options = ["--outputs", str(tmp_path)]
    rows = compare.main([str(tmp_path / "mine"), *options])["networks"]
    assert rows[0]["name"] == "yours: my_net, mine" and rows[0]["seconds"] == 8
    assert {"recipe quick", "recipe best", "conv_net"} <= {row["name"] for row in rows}
    with pytest.raises(SystemExit, match="no folder of a finished run"):
        compare.main([str(tmp_path), *options])
