"""The churn chapter: the invented customers, the strict reading, the network, both lessons."""

import json
import os
import re
import shutil
import sys
from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, failure, loaded
from scipy import stats

CSV = ROOT / "mlp" / "Churn_Modelling.csv"
NUMBERS = ["HasCrCard", "IsActiveMember", "EstimatedSalary"]
COLUMNS = ["RowNumber", "CustomerId", "Surname", "CreditScore", "Geography", "Gender", "Age"]
COLUMNS += ["Tenure", "Balance", "NumOfProducts", *NUMBERS, "Exited"]
NUMBERS_OF_BANK = ["CreditScore", "Age", "Tenure", "Balance", "NumOfProducts", *NUMBERS]
INPUTS = ["Geography_Germany", "Geography_Spain", "Gender_Male", "CreditScore", "Age"]
INPUTS += ["Tenure", "Balance", "NumOfProducts", *NUMBERS]


@pytest.fixture
def churn(load_script):
    return load_script("mlp/churn.py")


@pytest.fixture
def reading(load_script):
    return load_script("mlp/reading.py")


@pytest.fixture
def customers(reading):
    return reading.read_table(CSV)


# The invented customers


def test_the_shipped_file_has_the_columns_and_rows_of_the_public_one():
    lines = CSV.read_text(encoding="ascii").splitlines()
    assert lines[0].split(",") == COLUMNS
    assert len(lines) == 10_001
    amount = r"\d+(\.\d\d?)?"
    row = rf"\d+,15\d{{6}},\w+,\d+,\w+,\w+,\d+,\d+,{amount},[1-4],[01],[01],{amount},[01]"
    assert all(re.fullmatch(row, line) for line in lines[1:])
    table = pd.read_csv(CSV)
    assert table.RowNumber.tolist() == list(range(1, 10_001))
    assert table.CustomerId.is_unique


def test_the_generator_writes_the_shipped_file_again(load_script, tmp_path, capsys):
    make_churn_data = load_script("mlp/make_churn_data.py")
    make_churn_data.main(["--outputs", str(tmp_path), "--compare", str(CSV)])
    assert (tmp_path / "Churn_Modelling.csv").read_bytes() == CSV.read_bytes()
    germany = next(line for line in capsys.readouterr().out.splitlines() if "Germany" in line)
    share, left, share_there, left_there = germany.split()[-4:]
    assert (share, left) == (share_there, left_there)  # both columns describe the same file
    assert not make_churn_data.make(seed=1).equals(make_churn_data.make(seed=2))


def test_the_generator_writes_only_the_file_and_needs_no_keras(run_script, tmp_path):
    run = run_script("mlp/make_churn_data.py", "--outputs", tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert run.returncode == 0, run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["Churn_Modelling.csv"]
    assert "pandas" in run.stderr and "keras" not in run.stderr


def test_the_invented_customers_behave_as_their_constants_say(load_script, customers):
    constants = load_script("mlp/make_churn_data.py")
    for left, group in customers.groupby("Exited"):
        n = len(group)

        def check(measured, expected, n=n):
            # Four standard errors of a share.
            assert abs(measured - expected) < 4 * np.sqrt(expected * (1 - expected) / n) + 1e-9

        check(n / len(customers), constants.LEFT if left else 1 - constants.LEFT, len(customers))
        check((group.Gender == "Female").mean(), constants.FEMALE[left])
        check(group.HasCrCard.mean(), constants.HAS_CARD)
        for country, share in zip(constants.COUNTRIES, constants.COUNTRY[left], strict=True):
            check((group.Geography == country).mean(), share)
        for percent, age in zip(
            (10, 50, 90), np.array(constants.AGE[left])[[3, 7, 11]], strict=True
        ):
            assert abs(np.percentile(group.Age, percent) - age) < 1.5
        abroad = group[group.Geography != "Germany"]
        check((abroad.Balance == 0).mean(), constants.NO_BALANCE[left], len(abroad))
    assert customers.CreditScore.between(350, 850).all()
    assert customers.Age.between(18, 90).all()
    assert (customers.Balance[customers.Geography == "Germany"] > 0).all()


def test_exit_rates_show_what_the_chapter_tells(customers):
    def rate(rows):
        return customers.Exited[rows].mean()

    age = customers.Age
    young, middle, fifties, old = (
        rate(age.between(*ages)) for ages in ((18, 29), (40, 49), (50, 59), (70, 99))
    )
    assert young < 0.15 < middle < fifties
    assert fifties > 0.45 and old < 0.3
    by_products = customers.groupby("NumOfProducts").Exited.mean()
    assert by_products[2] < 0.12 < by_products[1] < 0.4 < 0.75 < by_products[3] <= by_products[4]
    assert rate(customers.Geography == "Germany") > 1.5 * rate(customers.Geography == "France")
    assert rate(customers.Gender == "Female") > rate(customers.Gender == "Male") + 0.05
    assert rate(customers.IsActiveMember == 0) > rate(customers.IsActiveMember == 1) + 0.1


# Inputs and network


def test_eleven_scaled_inputs_in_order(churn, customers):
    X = churn.make_preprocessor().fit_transform(customers)
    assert list(X.columns) == INPUTS
    np.testing.assert_allclose(X.mean(), 0, atol=1e-9)
    np.testing.assert_allclose(X.std(ddof=0), 1, rtol=1e-9)
    for name in INPUTS[3:]:  # plain numbers
        column = customers[name]
        np.testing.assert_allclose(X[name], (column - column.mean()) / column.std(ddof=0))
    for name in INPUTS[:3]:  # 0 and 1 before scaling
        column, value = name.split("_")
        assert X[name][customers[column] == value].min() > 0
        assert X[name][customers[column] != value].max() < 0


def test_the_network_has_121_parameters(churn):
    model = churn.build_model((6, 6))
    assert [layer.count_params() for layer in model.layers] == [72, 42, 7]
    assert model.input_shape == (None, 11) and model.output_shape == (None, 1)
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "relu", "sigmoid"]
    assert len(churn.build_model(()).layers) == 1


@pytest.mark.skipif(keras.config.backend() == "torch", reason="PyTorch takes single steps")
def test_fifty_steps_at_a_time_give_the_same_weights(churn, customers):
    X = churn.make_preprocessor().fit_transform(customers).to_numpy("float32")[:2004]
    y = customers.Exited.to_numpy("float32")[:2004]
    weights = []
    for steps in (None, 1):
        keras.utils.set_random_seed(3)
        model = churn.build_model((6, 6))
        churn.compile_model(model, 0.001)
        assert model.steps_per_execution == 50
        if steps:
            model.compile(
                optimizer=keras.optimizers.Adam(0.001),
                loss="binary_crossentropy",
                steps_per_execution=steps,
            )
        model.fit(X, y, batch_size=10, epochs=1, verbose=0)
        weights.append(model.get_weights())
    for fifty, single in zip(*weights, strict=True):
        np.testing.assert_array_equal(fifty, single)


def test_single_steps_on_pytorch(churn, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    model = churn.build_model((6, 6))
    churn.compile_model(model, 0.001)
    assert model.steps_per_execution == 1


# The lessons


@pytest.mark.slow
def test_first_lesson_learns_and_predicts(load_script, tmp_path, capsys):
    mlp = load_script("mlp/mlp.py")
    options = ["--epochs", "6", "--learning-rate", "0.01", "--batch-size", "25"]
    results = mlp.main([*options, "--outputs", str(tmp_path)])
    # 79.4 % stayed, and a logistic regression reaches 81 %.
    assert results["accuracy"] > 0.835
    assert results["history"]["loss"][-1] < results["history"]["loss"][0]
    parameters = mlp.churn.build_model(mlp.HIDDEN).count_params()
    assert results["parameters"] == parameters
    output = capsys.readouterr().out
    assert f"Total params: {parameters}" in output
    assert f"with probability {results['probability']:.2f}" in output
    assert results["probability"] > 0.5  # German, 47, not active, one product
    assert (tmp_path / "churn_training.png").stat().st_size > 10_000
    written = json.loads((tmp_path / "results.json").read_text())
    assert written.pop("provenance")["command"].startswith("python mlp/mlp.py --epochs 6")
    assert written == results


def test_new_customer_is_prepared_as_the_others(load_script, customers):
    mlp = load_script("mlp/mlp.py")
    X, y, preprocessor = mlp.prepare(customers)
    assert X.dtype == y.dtype == "float32" and X.shape == (10_000, mlp.churn.INPUTS)
    model = mlp.churn.build_model((6, 6))
    for row in (0, 9_999):
        customer = {name: customers[name].iloc[row] for name in mlp.NEW_CUSTOMER}
        expected = float(model.predict(X[row : row + 1], verbose=0)[0, 0])
        assert mlp.predict(model, preprocessor, customer) == pytest.approx(expected, abs=1e-6)


def test_split_is_stratified_and_only_the_training_part_is_fitted(load_script, customers):
    lesson = load_script("mlp/evaluation.py")
    parts = train, validation, test = lesson.split(customers, seed=1)
    assert [len(part) for part in parts] == [6_000, 2_000, 2_000]
    assert len({row for part in parts for row in part.index}) == 10_000
    for part in (validation, test):
        assert train.Exited.mean() == pytest.approx(part.Exited.mean(), abs=0.001)

    preprocessor = lesson.churn.make_preprocessor()
    prepared = lesson.prepare_parts(parts, preprocessor)
    scaler = preprocessor[-1]
    age = INPUTS.index("Age")
    assert scaler.mean_[age] == pytest.approx(train.Age.mean())
    assert scaler.mean_[age] != pytest.approx(customers.Age.mean(), rel=1e-6)
    np.testing.assert_allclose(prepared[0][0].mean(axis=0), 0, atol=1e-4)
    for (X, y), part in zip(prepared, parts, strict=True):
        expected = (part.Age - train.Age.mean()) / train.Age.std(ddof=0)
        np.testing.assert_allclose(X[:, age], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(y, part.Exited)
        assert X.dtype == y.dtype == "float32"


def test_evaluate_on_four_customers(load_script):
    lesson = load_script("mlp/evaluation.py")
    scores = lesson.evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.4]))
    assert scores == {"accuracy": 0.5, "auc": 0.5, "confusion_matrix": [[1, 1], [1, 1]]}


def test_test_customers_are_read_only_when_asked_for(load_script, tmp_path, monkeypatch, capsys):
    lesson = load_script("mlp/evaluation.py")
    asked, learned, drawn = [], [], []

    class Network:
        def predict(self, X, verbose):
            asked.append(X)
            return X[:, :1]

    def others(X, y, seed):
        learned.append((X, y))
        return {"logistic_regression": lesson.LogisticRegression().fit(X, y)}

    monkeypatch.setattr(
        lesson, "train_network", lambda *a: learned.extend(a[:2]) or (Network(), {})
    )
    monkeypatch.setattr(lesson, "train_others", others)
    monkeypatch.setattr(lesson, "draw_curves", lambda y, *_: drawn.append(y))
    monkeypatch.setattr(lesson, "draw_learning_curves", lambda *_: None)
    monkeypatch.setattr(keras.utils, "set_random_seed", drawn.append)
    train, validation, test = lesson.prepare_parts(
        lesson.split(lesson.load_customers(parsed()), lesson.SEED),
        lesson.churn.make_preprocessor(),
    )
    results = lesson.main(["--outputs", str(tmp_path)])
    assert list(results) == ["validation", "thresholds", "history"]
    assert "test customers" not in capsys.readouterr().out
    results = lesson.main(["--test", "--outputs", str(tmp_path)])
    assert list(results) == ["validation", "thresholds", "test", "history"]
    said = capsys.readouterr().out
    assert "On the 2000 test customers:" in said
    # Nothing is chosen by them: the gain is that of the threshold from the costs alone.
    assert "at threshold 0.20:" in said.partition("test customers")[2]
    for X, (expected, _) in zip(asked, (validation, validation, test), strict=True):
        np.testing.assert_array_equal(X, expected)
    for found, expected in zip(learned, [train, validation, train] * 2, strict=True):
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert results["thresholds"] == lesson.find_thresholds(validation[1], validation[0][:, 0])
    for part, (X, y) in (("validation", validation), ("test", test)):
        found = results[part]["neural_network"]
        assert found | lesson.evaluate(y, X[:, 0]) == found
    assert drawn[0] == drawn[2] == lesson.SEED
    assert all((y == validation[1]).all() for y in drawn[1::2])
    other = lesson.split(lesson.load_customers(parsed()), lesson.SEED + 1)
    assert not set(other[2].index) <= set(lesson.split(lesson.load_customers(parsed()), 1)[2].index)


def test_the_network_of_the_second_lesson_learns_from_one_part_and_is_watched_on_another(
    load_script, monkeypatch
):
    lesson, fitted = load_script("mlp/evaluation.py"), []

    def fit(self, *data, validation_data, **_):
        fitted.append((data, validation_data))
        return SimpleNamespace(history={})

    monkeypatch.setattr(keras.Sequential, "fit", fit)
    options = SimpleNamespace(hidden=[2], learning_rate=0.1, batch_size=5, epochs=1)
    train, validation = (np.ones((4, 11)), np.ones(4)), (np.zeros((3, 11)), np.zeros(3))
    lesson.train_network(train, validation, options)
    ((data, watched),) = fitted
    assert data[0] is train[0] and data[1] is train[1] and watched is validation


def parsed():
    """Return the options with which the lessons read the project's own table."""
    return SimpleNamespace(original=False, data=CSV)


def test_gains_of_thresholds(load_script):
    lesson = load_script("mlp/evaluation.py")
    y, probability = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.25, 0.3, 0.4, 0.9])
    assert lesson.gain(y, probability, 0.5) == {
        "threshold": 0.5,
        "calls": 1,
        "leavers": 1,
        "gain": lesson.KEPT - lesson.CALL,
    }
    found = lesson.find_thresholds(y, probability)
    assert (found["usual"]["threshold"], found["calculated"]["threshold"]) == (0.5, 0.2)
    assert found["calculated"]["gain"] == 2 * 100 - 4 * 20
    assert 0.3 < found["best"]["threshold"] <= 0.4 and found["best"]["gain"] == 2 * 100 - 2 * 20
    # With true probabilities, none gains more on many customers than the calculated one.
    random = np.random.default_rng(0)
    p = random.random(200_000)
    found = lesson.find_thresholds((random.random(len(p)) < p).astype(int), p)
    assert found["best"]["threshold"] == pytest.approx(0.2, abs=0.03)


@pytest.mark.slow
def test_second_lesson_compares_four_models_on_two_parts(load_script, tmp_path, capsys):
    options = ["--epochs", "6", "--learning-rate", "0.01", "--test"]
    folder = tmp_path / "new" / "run"
    load_script("mlp/evaluation.py").main([*options, "--outputs", str(folder)])
    printed = capsys.readouterr().out
    written = json.loads((folder / "results.json").read_text())
    assert written["provenance"]["command"].startswith("python mlp/evaluation.py --epochs 6")
    assert len(written["history"]["val_loss"]) == 6
    assert "6000 customers for training, 2000 for validation, 2000 kept back" in printed
    for part in ("validation", "test"):
        majority, logistic, boosting, network = written[part].values()
        assert majority["accuracy"] == pytest.approx(0.794, abs=0.001) and majority["auc"] == 0.5
        assert network["accuracy"] > 0.83 and network["auc"] > logistic["auc"] + 0.03
        assert boosting["auc"] > 0.83
        assert np.sum(network["confusion_matrix"]) == 2_000
        line = "neural network       accuracy {accuracy:.1%}  AUC {auc:.3f}".format(**network)
        assert line in printed.partition(f"On the 2000 {part} customers:")[2]
    for name in ("churn_curves.png", "churn_learning_curves.png"):
        image = (folder / name).read_bytes()
        assert image.startswith(b"\x89PNG") and len(image) > 20_000


@pytest.mark.slow
def test_experiments_compare_in_pairs_on_validation_customers(load_script, tmp_path, monkeypatch):
    experiments = load_script("mlp/churn_experiments.py")
    lesson = experiments.lesson
    changes = ["base", "country_as_number", "no_hidden_layer"]
    cut = ["--seeds", "2", "--epochs", "1", "--outputs", str(tmp_path)]
    judged = []

    def evaluate(y, probability, evaluate=lesson.evaluate):
        judged.append(len(y))
        return evaluate(y, probability)

    monkeypatch.setattr(lesson, "evaluate", evaluate)
    results = experiments.main(["--only", *reversed(changes), *cut])
    written = json.loads((tmp_path / "results.json").read_text())
    assert written.pop("provenance")["command"].startswith("python mlp/churn_experiments.py --only")
    assert results == written and list(results) == [*changes[:1], *reversed(changes[1:]), "seeds"]
    assert set(judged) == {2_000, 6_000}
    # A regression cannot tell Germany from the two others when its number lies between theirs.
    first, second = (
        results[change]["logistic_regression"]["auc_by_seed"] for change in changes[:2]
    )
    assert min(np.subtract(first, second)) > 0.005
    assert set(results["no_hidden_layer"]) == {"neural_network"}
    base, changed = (results[c]["neural_network"] for c in ("base", "no_hidden_layer"))
    gains = np.subtract(changed["auc_by_seed"], base["auc_by_seed"])
    gained = changed["auc_gained"]
    assert gained["gain"] == pytest.approx(gains.mean(), abs=1e-4)
    assert gained["ahead"] == (gains > 0).sum()
    assert gained["low"] < gained["gain"] < gained["high"]
    assert "auc_gained" not in base
    # Two families: two changes of the network, and three other models beside it.
    for family in (
        [results[change]["neural_network"] for change in changes[1:]],
        [results["base"][name] for name in results["base"] if name != "neural_network"],
    ):
        smallest = min((one["auc_gained"] for one in family), key=lambda one: one["p"])
        assert smallest["holm"] == pytest.approx(min(1, len(family) * smallest["p"]))


def test_the_interval_counts_that_splits_overlap(load_script):
    """With Nadeau and Bengio's ratio, and without it the paired t-test of scipy."""
    splits = load_script("mlp/splits.py")
    random = np.random.default_rng(1)
    first, second = ([{"auc": auc} for auc in random.normal(size=20)] for _ in range(2))
    plain = splits.compare(first, second, ratio=0)
    test = stats.ttest_rel(*([one["auc"] for one in scores] for scores in (first, second)))
    low, high = test.confidence_interval(0.95)
    assert [plain["low"], plain["high"]] == pytest.approx([low, high])
    assert plain["p"] == pytest.approx(test.pvalue)
    assert plain["ahead"] == sum(a["auc"] > b["auc"] for a, b in zip(first, second, strict=True))
    wide = splits.compare(first, second, ratio=1 / 3)
    assert wide["gain"] == plain["gain"]
    widths = [one["high"] - one["low"] for one in (plain, wide)]
    assert widths[1] / widths[0] == pytest.approx(((1 / 20 + 1 / 3) / (1 / 20)) ** 0.5)
    equal = splits.compare(first, first, ratio=1 / 3)
    assert (equal["gain"], equal["p"]) == (0, 1)
    alone = splits.compare(first[:1], second[:1], ratio=1 / 3)
    assert alone["low"] is None and splits.describe(alone) == f"{alone['gain']:+.3f}"


# What the network found


@pytest.mark.parametrize(
    ("inputs", "number"),
    {"as_usual": 11, "age_curve": 13, "product_steps": 13, "curve_and_steps": 15}.items(),
)
def test_inputs_that_a_person_made(load_script, customers, inputs, number):
    features = load_script("mlp/features.py")
    X = features.make_preprocessor(*features.INPUTS[inputs]).fit_transform(customers)
    assert X.shape == (10_000, number)
    np.testing.assert_allclose(X.mean(), 0, atol=1e-9)
    if inputs == "as_usual":  # exactly what the lessons have
        usual = features.churn.make_preprocessor().fit_transform(customers)
        np.testing.assert_allclose(X, usual, atol=1e-12)
    steps = [name for name in X if "NumOfProducts" in name]
    curve = [name for name in X if name.startswith("Age")]
    assert len(steps) == (3 if "steps" in inputs else 1)
    assert len(curve) == (3 if "curve" in inputs else 1)


@pytest.mark.parametrize(
    ("inputs", "gone"),
    {
        "without_age": ["Age"],
        "without_products": ["NumOfProducts"],
        "without_both": ["Age", "NumOfProducts"],
    }.items(),
)
def test_columns_that_are_taken_away_change_nothing(load_script, customers, inputs, gone):
    features = load_script("mlp/features.py")
    preprocessor = features.make_preprocessor(*features.INPUTS[inputs])
    X = preprocessor.fit_transform(customers)
    assert X.shape == (10_000, 11 - len(gone))
    other = preprocessor.transform(customers.assign(**dict.fromkeys(gone, 1)))
    np.testing.assert_array_equal(X, other)


@pytest.mark.slow
def test_features_compare_in_pairs(load_script, tmp_path, capsys):
    features = load_script("mlp/features.py")
    cut = ["--seeds", "2", "--epochs", "2", "--outputs", str(tmp_path)]
    results = features.main(cut)
    regression = {name: one["auc"] for name, one in results["regression"].items()}
    assert regression["as_usual"] < regression["age_curve"] < regression["product_steps"]
    assert regression["product_steps"] < regression["curve_and_steps"]
    assert regression["as_usual"] > regression["without_age"] + 0.02
    assert list(results["network"]) == features.NETWORKS
    comparisons = [*results["ahead"].values(), *results["made"].values(), results["helped"]]
    assert len(comparisons) == 9
    network, plain = (results[name]["as_usual"]["auc"] for name in ("network", "regression"))
    assert results["ahead"]["as_usual"]["gain"] == pytest.approx(network - plain)
    made = results["made"]["curve_and_steps"]["gain"]
    assert made == pytest.approx(regression["curve_and_steps"] - network)
    smallest = min(comparisons, key=lambda one: one["p"])
    assert smallest["holm"] == pytest.approx(min(1, 9 * smallest["p"]))
    assert "AUC of the network above that of the regression" in capsys.readouterr().out


def test_validation_customers_judge_and_test_customers_stay_unseen(load_script, monkeypatch):
    experiments = load_script("mlp/churn_experiments.py")
    pairs = []
    monkeypatch.setattr(experiments, "measure", lambda *args: pairs.append(args[0]) or {})
    monkeypatch.setattr(experiments, "save_results", lambda *_: None)
    monkeypatch.setattr(experiments, "make_folder", lambda _: None)
    with pytest.raises(KeyError, match="neural_network"):
        experiments.main(["--only", "base", "--seeds", "3"])
    lesson = experiments.lesson
    train, validation, test = lesson.split(experiments.read_table(CSV), lesson.SEED)
    assert len(pairs[0]) == 3
    for learned, judged in pairs[0]:
        assert (len(learned), len(judged)) == (6_000, 2_000)
        assert not set(judged.index) & set(learned.index)
        assert not set(test.index) & {*learned.index, *judged.index}
    learned, judged = pairs[0][lesson.SEED]  # here it is the split of the lesson
    assert learned.equals(train) and judged.equals(validation)


@pytest.fixture
def few_customers(load_script, monkeypatch):
    """Return a function that runs a script of twenty splits on two, without training a network.

    Each customer has another salary, which a network gives as its answer, so that one sees of
    whom it was asked. A score is 1 if a model was judged by the right customers, 0 by those that
    it has learned from.
    """

    def run(path, *options):
        script = load_script(path)
        splits, lesson = sys.modules["mlp.splits"], sys.modules["mlp.evaluation"]
        customers = script.read_table(CSV).sample(400, random_state=1).reset_index(drop=True)
        customers["EstimatedSalary"] = np.arange(400.0)
        pairs = script.make_pairs(customers, 2)

        def recognize(salaries):
            """Return of which split and part these customers are, given their scaled salaries."""
            for split, pair in enumerate(pairs):
                usual = pair[0].EstimatedSalary
                for part, name in zip(pair, ("training", "validation"), strict=True):
                    expected = (part.EstimatedSalary - usual.mean()) / usual.std(ddof=0)
                    if len(part) == len(salaries) and np.allclose(salaries, expected, atol=1e-4):
                        return split, name, part.Exited.to_numpy()
            raise AssertionError("these customers are of no part")

        def learn(X, y):
            split, part, left = recognize(X[..., -1])
            assert part == "training" and (np.ravel(y) == left).all()
            return split

        def train_networks(X, y, _):
            assert [learn(X[:, i], y[:, i]) for i in range(2)] == [0, 1]
            return lambda x: x[..., -1:]

        def evaluate(y, salaries):
            _, part, left = recognize(salaries)
            assert (y == left).all()
            score = float(part == "validation")
            return {"accuracy": score, "auc": score}

        class Regression:
            def fit(self, X, y):
                learn(X, y)
                return self

            def predict_proba(self, X):
                return np.stack([0 * X[:, -1], X[:, -1]], axis=1)

        monkeypatch.setattr(script, "read_table", lambda _: customers)
        monkeypatch.setattr(splits, "train_networks", train_networks)
        monkeypatch.setattr(script, "train_networks", train_networks, raising=False)
        monkeypatch.setattr(script, "LogisticRegression", Regression, raising=False)
        monkeypatch.setattr(
            lesson, "train_others", lambda X, y, seed: {"regression": Regression().fit(X, y)}
        )
        monkeypatch.setattr(lesson, "evaluate", evaluate)
        return script, pairs, lambda: script.main(["--seeds", "2", *map(str, options)])

    return run


def test_experiments_and_features_learn_and_judge_on_the_right_customers(few_customers, tmp_path):
    *_, run = few_customers("mlp/churn_experiments.py", "--only", "base", "--outputs", tmp_path)
    base = run()["base"]
    assert set(base) == {"neural_network", "regression"}
    assert all(one["auc"] == one["accuracy"] == 1 for one in base.values())
    assert base["neural_network"]["train_accuracy"] == 0
    *_, run = few_customers("mlp/features.py", "--outputs", tmp_path)
    results = run()
    found = [one for model in ("regression", "network") for one in results[model].values()]
    assert len(found) == 7 + 5 and all(one["auc"] == one["accuracy"] == 1 for one in found)


def test_fairness_counts_the_mistakes_for_validation_customers(
    few_customers, tmp_path, monkeypatch
):
    script, pairs, run = few_customers("mlp/fairness.py", "--outputs", tmp_path)
    counted, boosted = [], []

    def rates_by_group(customers, reported, count=script.rates_by_group):
        counted.append((customers, reported))
        return count(customers, reported)

    class Boosting:
        def __init__(self, random_state):
            pass

        def fit(self, X, y):
            boosted.append((X, y))

        def predict_proba(self, X):
            boosted.append((X, None))
            return np.zeros((len(X), 2))

    monkeypatch.setattr(script, "rates_by_group", rates_by_group)
    monkeypatch.setattr(script, "GradientBoostingClassifier", Boosting)
    run()
    for (customers, reported), (learned, judged) in zip(counted, [*pairs] * 2, strict=True):
        assert customers.equals(judged)
        usual = learned.EstimatedSalary
        salaries = (judged.EstimatedSalary - usual.mean()) / usual.std(ddof=0)
        assert (reported == (salaries >= script.lesson.THRESHOLD)).all()
    learned, judged = pairs[0]
    for (X, y), (asked, _), group in zip(boosted[::2], boosted[1::2], script.PROXIES, strict=True):
        column, value = script.GROUPS[group]
        assert X.equals(learned[NUMBERS_OF_BANK]) and asked.equals(judged[NUMBERS_OF_BANK])
        assert (y == (learned[column] == value)).all()


def test_changes_of_the_preparation(load_script):
    experiments = load_script("mlp/churn_experiments.py")
    numbered = experiments.make_preprocessor("country_as_number")
    # One column for the country in place of two.
    inputs = experiments.churn.INPUTS - 1
    assert numbered.fit_transform(pd.read_csv(CSV, nrows=50)).shape == (50, inputs)
    unscaled = experiments.make_preprocessor("not_scaled").fit_transform(pd.read_csv(CSV))
    assert unscaled["Balance"].max() > 100_000


@pytest.mark.slow
def test_networks_of_all_splits_learn_as_if_alone(load_script, monkeypatch):
    """From the same weights and rows, in the same order, each learns as the lesson's network."""
    experiments, splits = load_script("mlp/churn_experiments.py"), load_script("mlp/splits.py")
    churn, lesson = splits.churn, splits.lesson
    random, networks = np.random.default_rng(3), 3
    X = random.normal(size=(254, networks, churn.INPUTS)).astype("float32")  # the last batch: 30
    y = (X[..., :1] + X[..., 1:2] > 1).astype("float32")
    keras.utils.set_random_seed(1)
    start = splits.build_bundle(networks, [churn.INPUTS, *lesson.HIDDEN, 1], "relu")
    before = [weights.copy() for weights in start.get_weights()]
    monkeypatch.setattr(splits, "build_bundle", lambda *_: start)
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda *a, **k: fit(*a, **k | {"shuffle": False}))
    options = experiments.hyperparameters("learning_rate_0_01", 16)
    after = splits.train_networks(X, y, options).get_weights()
    for number in range(networks):
        alone = churn.build_model(lesson.HIDDEN)
        alone.set_weights([weights[number] for weights in before])
        churn.compile_model(alone, options.learning_rate)
        alone.fit(X[:, number], y[:, number], batch_size=32, epochs=16, verbose=0)
        for ours, theirs, first in zip(after, alone.get_weights(), before, strict=True):
            np.testing.assert_allclose(ours[number], theirs, rtol=0, atol=2e-3)
            assert np.abs(ours[number] - first[number]).max() > 0.05, "it has learned"


@pytest.mark.slow
def test_experiments_on_another_file(load_script, tmp_path):
    experiments = load_script("mlp/churn_experiments.py")
    command = ["--real", str(CSV), "--seeds", "1", "--epochs", "1", "--outputs", str(tmp_path)]
    results = experiments.main(command)["invented_to_real"]
    assert results["majority_class"]["accuracy"] == pytest.approx(0.794, abs=0.001)
    assert results["gradient_boosting"]["auc"] > 0.86  # tested on what it has learned


def test_pictures_of_the_terms(load_script, tmp_path):
    load_script("book/figures/concepts.py").main(["--outputs", str(tmp_path)])
    for name in ("batches", "one_hot", "three_parts"):
        assert plt.imread(tmp_path / f"{name}.png").std() > 0.05


def test_seconds_of_one_and_of_fifty_steps(load_script, monkeypatch):
    script = load_script("book/timings/seconds.py")
    monkeypatch.setattr(script, "ROUNDS", 1)
    monkeypatch.setattr(script, "EPOCHS", 1)
    monkeypatch.setattr(script.evaluation, "BATCH_SIZE", 200)
    results = script.time_churn()
    assert set(results) == {"single", "fifty", "boosting", "network"}
    assert results["network"] == 100 * results["fifty"]  # the lesson's epochs


# Is it fair?


def test_mistakes_of_a_group(load_script):
    fairness = load_script("mlp/fairness.py")
    customers = pd.DataFrame(
        {
            "Gender": ["Female"] * 4 + ["Male"] * 4,
            "Geography": ["Germany", "Germany", "France", "France"] * 2,
            "Exited": [0, 1, 0, 1, 0, 0, 1, 1],
        }
    )
    reported = np.array([1, 1, 0, 0, 0, 1, 0, 1], bool)
    assert fairness.rates(customers, reported) == {
        "accuracy": 0.5,
        "false_alarms": 0.5,
        "missed": 0.5,
        "precision": 0.5,
    }
    customers = pd.concat([customers, customers.iloc[:2].assign(Geography="Spain")])
    found = fairness.rates_by_group(customers, np.append(reported, [False, False]))
    assert found["women"]["false_alarms"] == 1 / 3 and found["women"]["missed"] == 2 / 3
    assert found["Germany"]["false_alarms"] == 2 / 3 and found["Spain"]["missed"] == 1
    gaps = fairness.add_gaps(found)
    assert gaps["false_alarms women - men"] == pytest.approx(1 / 3 - 1 / 2)
    assert len(gaps) == 5


def test_gender_and_country_left_out_change_nothing(load_script, customers):
    fairness = load_script("mlp/fairness.py")
    preprocessor = fairness.make_numbers()
    X = preprocessor.fit_transform(customers)
    usual = fairness.churn.make_preprocessor().fit_transform(customers)
    hidden = tuple(fairness.churn.CATEGORIES)
    assert list(X) == [name for name in usual if not name.startswith(hidden)]
    other = preprocessor.transform(customers.assign(Gender="Male", Geography="Spain"))
    np.testing.assert_array_equal(X, other)


@pytest.mark.slow
def test_fairness_compares_in_pairs(load_script, tmp_path, capsys):
    fairness = load_script("mlp/fairness.py")
    results = fairness.main(["--seeds", "2", "--epochs", "3", "--outputs", str(tmp_path)])
    for inputs in ("as_shipped", "without"):
        assert list(results[inputs]) == ["all", *fairness.GROUPS]
    changes = results["changes"]
    assert len(changes) == 5
    one = changes["missed women - men"]
    shipped, without = (
        results[inputs]["women"]["missed"] - results[inputs]["men"]["missed"]
        for inputs in ("as_shipped", "without")
    )
    assert one["gain"] == pytest.approx(without - shipped)
    smallest = min(changes.values(), key=lambda one: one["p"])
    assert smallest["holm"] == pytest.approx(min(1, 5 * smallest["p"]))
    assert "Changed by leaving gender and country out" in capsys.readouterr().out


# Asking it tomorrow


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the folder of a run of mlp.py, and its results."""
    folder = tmp_path_factory.mktemp("mlp") / "run"
    options = ["--epochs", "2", "--batch-size", "50", "--learning-rate", "0.01"]
    with loaded("mlp/mlp.py") as mlp:
        return folder, mlp.main([*options, "--outputs", str(folder)])


@pytest.fixture
def ask(load_script, saved, tmp_path):
    """Return a function that runs predict.py on the saved network and returns its probabilities."""
    predict = load_script("mlp/predict_churn.py")

    def run(*options):
        options = [*options, "--model", str(saved[0] / "churn.keras"), "--outputs", str(tmp_path)]
        return predict.main(options)["probabilities"]

    return run


def test_tomorrow_the_network_gives_the_same_answer(ask, saved, capsys):
    (probability,) = ask()
    assert probability == pytest.approx(saved[1]["probability"], abs=1e-6)
    printed = capsys.readouterr().out
    assert f"The network of {saved[0] / 'churn.keras'}:" in printed
    assert f"leaves with probability {probability:.2f}. Prediction: " in printed


def test_the_saved_network_scales_by_itself(load_script, customers):
    mlp = load_script("mlp/mlp.py")
    X, _, preprocessor = mlp.prepare(customers)
    model = mlp.churn.build_model((6, 6))
    whole = mlp.churn.with_scaling(model, preprocessor)
    assert whole.count_params() == model.count_params()
    inputs = preprocessor[0].transform(customers).to_numpy("float32")
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(whole.predict(inputs, verbose=0), expected, rtol=0, atol=1e-5)


def test_each_column_is_an_option(ask, load_script):
    usual = ask()[0]
    options = ["--credit-score=350", "--geography=France", "--gender=Male", "--age=25"]
    options += ["--tenure=10", "--balance=0", "--num-of-products=2", "--has-cr-card=0"]
    options += ["--is-active-member=1", "--estimated-salary=1"]
    assert len(options) == 10
    for option in options:
        assert ask(option)[0] != usual, option
    assert ask("--age=25", "--num-of-products=2", "--is-active-member=1")[0] < usual


def test_a_table_of_customers(ask, tmp_path, capsys):
    table = pd.read_csv(CSV, nrows=30).drop(columns="Exited")
    table.to_csv(tmp_path / "customers.csv", index=False)
    probabilities = ask("--customers", str(tmp_path / "customers.csv"))
    assert len(probabilities) == 30 and np.ptp(probabilities) > 0.05
    answers = pd.read_csv(tmp_path / "predictions.csv")
    assert answers.Surname.tolist() == table.Surname.tolist()
    np.testing.assert_allclose(answers.Probability, probabilities, atol=1e-4)
    assert answers.Prediction.tolist() == ["leaves" if p >= 0.5 else "stays" for p in probabilities]
    assert f"30 customers, {sum(probabilities >= 0.5)} with" in capsys.readouterr().out
    # The order of the columns, the other customers and the target change nothing.
    turned = pd.read_csv(CSV, nrows=30)[COLUMNS[::-1]].tail(7)
    turned.to_csv(tmp_path / "turned.csv", index=False)
    few = ask("--customers", str(tmp_path / "turned.csv"))
    np.testing.assert_allclose(few, probabilities[-7:], rtol=0, atol=1e-6)


def test_the_newest_run_answers(load_script, saved, tmp_path, monkeypatch):
    predict = load_script("mlp/predict_churn.py")
    monkeypatch.setattr(predict, "RUNS", tmp_path)
    for name in ("2026-01-01_00-00-00", "2026-01-02_00-00-00", "2026-01-03_00-00-00"):
        (tmp_path / name).mkdir()
        if not name.endswith("03_00-00-00"):  # this one was a run of another script
            shutil.copy(saved[0] / "churn.keras", tmp_path / name)
    (tmp_path / "first").mkdir()  # an old one, whose name comes last
    shutil.copy(saved[0] / "churn.keras", tmp_path / "first")
    os.utime(tmp_path / "first" / "churn.keras", (0, 0))
    assert predict.find_network(None) == tmp_path / "2026-01-02_00-00-00" / "churn.keras"


def test_the_commands_of_the_chapter(ask, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "mlp" / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python mlp/predict\.py(.*)$", text, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        assert len(ask(*command.split())) == (10_000 if "--customers" in command else 1)


def test_trouble_when_asking(load_script, saved, tmp_path, monkeypatch, capsys):
    predict = load_script("mlp/predict_churn.py")
    outputs = ["--outputs", str(tmp_path / "run")]

    def line(*options):
        return failure(predict.main, [*options, *outputs])

    monkeypatch.setattr(predict, "RUNS", tmp_path)
    assert "Run mlp/mlp.py, or name one: --model." in line()
    assert "there is no" in line("--model", str(tmp_path / "none.keras"))
    other = ROOT / "assets" / "models" / "conv_net.keras"
    assert "is not a churn network" in line("--model", str(other))
    (tmp_path / "part.keras").write_bytes((saved[0] / "churn.keras").read_bytes()[:999])
    assert "is not a .keras file, or only a part" in line("--model", str(tmp_path / "part.keras"))
    (tmp_path / "bad.csv").write_text(with_value("Age", "forty"))
    bad = line("--customers", str(tmp_path / "bad.csv"))
    assert 'line 5: Age is "forty". It must be a number' in bad
    assert "cannot read" in line("--customers", str(tmp_path / "none.csv"))
    assert not (tmp_path / "run").exists()
    for options in (["--geography", "Italy"], ["--has-cr-card", "2"], ["--age", "nan"]):
        with pytest.raises(SystemExit, match=r"^2$"):
            predict.main(options)
        assert options[0] in capsys.readouterr().err


# Plain values


@pytest.fixture(scope="module")
def plain(saved, tmp_path_factory):
    """Return what plain_values.py has made of the saved network, and its results."""
    folder = tmp_path_factory.mktemp("plain")
    with loaded("serialization/plain_values.py") as script:
        options = ["--model", str(saved[0] / "churn.keras"), "--outputs", str(folder)]
        results = script.main(options)
    return folder / "churn_plain.keras", results


@pytest.fixture(scope="module")
def served(plain):
    """Return a client of the service that takes plain values."""
    with loaded("serialization/operating/table_app.py") as script:
        return script.create_app(plain[0]).test_client()


def test_plain_values_give_the_same_probabilities_as_scikit_learn(
    load_script, customers, plain, saved
):
    """With nothing but the file, beside the whole pipeline of scikit-learn and a bare network."""
    script = load_script("serialization/plain_values.py")
    model = keras.saving.load_model(plain[0])
    columns = customers[list(script.NEW_CUSTOMER)]
    probabilities = script.predict_plain(model, columns.to_dict("list"))
    X, _, _ = load_script("mlp/mlp.py").prepare(customers)
    bare = keras.Sequential(script.load_network(saved[0] / "churn.keras").layers[1:])
    expected = bare.predict(X, batch_size=1000, verbose=0)[:, 0]
    assert probabilities.shape == (10_000,) and np.ptp(expected) > 0.3
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    # One by one, as a dict of plain values, they get the same answers.
    for row in range(20):
        customer = json.loads(columns.iloc[row].to_json())
        (alone,) = script.predict_plain(model, customer)
        assert alone == pytest.approx(probabilities[row], abs=1e-6)
    assert plain[1]["difference"] < 1e-5
    assert plain[1]["probability"] == pytest.approx(saved[1]["probability"], abs=1e-6)
    # Words that were never seen are refused, and not taken for France or a woman.
    for change in ({"Geography": "Italy"}, {"Gender": "male"}, {"Geography": ""}):
        with pytest.raises(Exception, match="all inputs should be in vocabulary"):
            script.predict_plain(model, script.NEW_CUSTOMER | change)


def test_plain_values_on_other_back_ends(load_script, monkeypatch):
    script = load_script("serialization/plain_values.py")
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    assert "only TensorFlow computes with text" in failure(script.main, [])


def test_the_service_answers_as_the_lesson(served, load_script, saved):
    customer = load_script("mlp/mlp.py").NEW_CUSTOMER
    answer = served.post("/predict", json=customer).get_json()
    assert answer["model"] == "churn_plain" and len(answer["version"]) == 12
    assert answer["probability"] == pytest.approx(saved[1]["probability"], abs=2e-6)
    turned = dict(reversed((customer | {"Age": 47.0, "Balance": 118_000}).items()))
    assert served.post("/predict", json=turned).get_json() == answer
    columns = served.get("/").get_json()["columns"]
    assert set(columns) == set(customer) and columns["Balance"] == "a number"
    assert columns["Geography"] == ["France", "Germany", "Spain"]
    metrics = served.get("/metrics").get_data(as_text=True)
    assert 'service_requests_total{path="/predict",status="200"} ' in metrics
    assert f'version="{answer["version"]}"' in metrics and "digits" not in metrics


def test_the_service_refuses_a_bad_row_with_one_sentence(served, load_script):
    customer = load_script("mlp/mlp.py").NEW_CUSTOMER

    def message(status, **request):
        response = served.post("/predict", **request)
        assert response.status_code == status, request
        message = response.get_json()["error"]["message"]
        assert "\n" not in message
        return message

    for value in (None, "47", True, float("nan"), 1e300, 10**400, [47], {}):
        said = message(422, json=customer | {"Age": value})
        assert said == "Age must be a number of at most 1,000,000,000"
    for value in ("Italy", "\ud800", "", 1, None, ["Spain"]):
        said = message(422, json=customer | {"Geography": value})
        assert said == "Geography must be one of France, Germany, Spain"
    odd = {name: customer[name] for name in customer if name != "Age"} | {"age": 47}
    assert message(422, json=odd) == "missing or unknown: Age, age"
    assert "expected an object with" in message(422, json=[customer])
    message(413, json=customer | {"Geography": 300_000 * "x"})  # no row is that long
    for body in ("{", "[" * 100_000, "", '{"Age": ' + 5000 * "9" + "}"):
        assert message(400, data=body, content_type="application/json") == "not valid JSON"
    message(415, data="{}")


def test_the_service_takes_only_networks_with_columns(load_script, saved):
    script = load_script("serialization/operating/table_app.py")
    for path in (ROOT / "assets" / "models" / "conv_net.keras", saved[0] / "churn.keras"):
        assert "does not take columns by name" in failure(script.create_app, path)


# Trouble


def test_tables_are_written_whole_or_not_at_all():
    for path in (ROOT / "mlp").rglob("*.py"):
        written = re.findall(r"\.to_csv\((\w+)", path.read_text(encoding="utf-8"))
        assert set(written) <= {"path", "partial"}, path


def text_of(table):
    return table.to_csv(index=False)


def with_value(column, value, row=3):
    """Return a CSV text whose line 5 has another value."""
    table = pd.read_csv(CSV, nrows=300, dtype=str)
    table.loc[row, column] = value
    return text_of(table)


BAD_FILES = {
    "missing columns": (
        lambda: text_of(pd.read_csv(CSV, nrows=300).drop(columns=["Age", "Exited"])),
        "has no column Age, Exited",
    ),
    "semicolons": (
        lambda: pd.read_csv(CSV, nrows=300).to_csv(index=False, sep=";"),
        "has no column Geography",
    ),
    "unknown country": (
        lambda: with_value("Geography", "Italy"),
        'line 5: Geography is "Italy". It must be one of France, Germany, Spain',
    ),
    "unknown gender": (
        lambda: with_value("Gender", "male"),
        'line 5: Gender is "male". It must be one of Female, Male',
    ),
    "text for a number": (
        lambda: with_value("Age", "forty"),
        'line 5: Age is "forty". It must be a number',
    ),
    "not a number": (lambda: with_value("Balance", "nan"), 'line 5: Balance is "nan"'),
    "infinite": (lambda: with_value("EstimatedSalary", "1e999"), "line 5: EstimatedSalary"),
    "infinite in float32": (
        lambda: with_value("Balance", "-1e300"),
        'line 5: Balance is "-1e300". It must be a number from 0 to 1,000,000,000',
    ),
    "a column twice": (
        lambda: text_of(pd.read_csv(CSV, nrows=300).assign(Again=1)).replace("Again", "Age", 1),
        "has more than one column Age",
    ),
    "missing number": (lambda: with_value("Tenure", ""), "line 5: Tenure is missing"),
    "missing category": (lambda: with_value("Gender", " "), "line 5: Gender is missing"),
    "exit of 2": (
        lambda: with_value("Exited", "2"),
        'line 5: Exited is "2". It must be 0 or 1',
    ),
    "blank lines count": (
        lambda: with_value("Age", "old").replace("\n", "\n\n", 2),
        'line 7: Age is "old"',
    ),
    "no rows": (lambda: ",".join(COLUMNS) + "\n", "no customers"),
    "empty": (lambda: "", "is not a proper CSV file"),
    "a row too long": (
        lambda: with_value("Surname", "Smith").replace("Smith", "Smith,Jones", 1),
        "is not a proper CSV file",
    ),
    "an open quotation mark": (
        lambda: ",".join(COLUMNS) + '\n1,"2,3\n',
        "is not a proper CSV file",
    ),
    "a web page": (lambda: "<html>\n<p>404: Not Found</p>\n</html>\n", "has no column Geography"),
    "only stayers": (
        lambda: text_of(pd.read_csv(CSV, nrows=300).assign(Exited=0)),
        "300 customers stayed and 0 left",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_gets_one_line(reading, case, tmp_path):
    make, message = BAD_FILES[case]
    path = tmp_path / "customers.csv"
    path.write_text(make())
    line = failure(reading.read_table, path)
    assert "customers.csv" in line and message in line


def test_what_is_no_text_file_gets_one_line(reading, tmp_path):
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    assert "is not a proper CSV file" in failure(reading.read_table, picture)
    assert "No such file" in failure(reading.read_table, tmp_path / "nowhere.csv")
    assert "cannot read" in failure(reading.read_table, tmp_path)


def test_good_files_in_other_clothes_are_read(reading, tmp_path):
    text = text_of(pd.read_csv(CSV, nrows=300))
    path = tmp_path / "customers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert len(reading.read_table(path)) == 300
    path.write_text(text_of(pd.read_csv(CSV, nrows=300)[[*COLUMNS[:2:-1], "Surname"]]))
    assert len(reading.read_table(path)) == 300  # another order, no numbers


def test_a_bad_file_is_named_by_the_lesson(load_script, tmp_path, monkeypatch):
    path = tmp_path / "customers.csv"
    path.write_text(with_value("Geography", "Italy"))
    monkeypatch.setattr(sys, "argv", ["mlp/mlp.py"])
    line = failure(load_script("mlp/mlp.py").main, ["--data", str(path)])
    assert line.startswith("mlp.py: ") and 'line 5: Geography is "Italy"' in line


def test_original_without_network(load_script, monkeypatch):
    mlp = load_script("mlp/mlp.py")

    def get_file(*_, **__):
        raise Exception("URL fetch failure on https://...: None --\n[Errno -2] Name not known")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    line = failure(mlp.main, ["--original"])
    assert "download failed" in line and "Name not known" in line and "--data PATH" in line


def test_original_is_asked_for_by_address_and_checksum(reading, monkeypatch):
    asked = {}

    def get_file(name, **keywords):
        asked.update(keywords, name=name)
        return str(CSV)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    assert reading.download() == CSV
    assert asked["origin"].endswith("fractus-io/keras-tutorial/master/src/mlp/Churn_Modelling.csv")
    assert asked["file_hash"].startswith("3996cd1fa372e0db") and len(asked["file_hash"]) == 64


@pytest.mark.parametrize(
    "options",
    [
        ["--epochs", "0"],
        ["--epochs", "x"],
        ["--batch-size", "-1"],
        ["--learning-rate", "nan"],
        ["--hidden", "6", "0"],
        ["--seed", "-1"],
        ["--original", "--data", "x.csv"],
    ],
)
def test_bad_options_end_with_status_2(load_script, options, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script("mlp/mlp.py").main(options)
    assert options[0] in capsys.readouterr().err
