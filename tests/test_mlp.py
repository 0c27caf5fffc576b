"""The churn chapter: the invented customers, the strict reading, the network, the lessons."""

import re
from unittest.mock import Mock

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, failure, load
from scipy import stats
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import FunctionTransformer

from mlp import churn, splits
from mlp.ceiling import best_possible

mlp, lesson, predict = load("mlp/mlp.py"), load("mlp/evaluation.py"), load("mlp/predict_churn.py")
experiments, features = load("mlp/churn_experiments.py"), load("mlp/features.py")
fairness, make_churn_data = load("mlp/fairness.py"), load("mlp/make_churn_data.py")
plain_values = load("serialization/plain_values.py")

CSV = ROOT / "mlp" / "Churn_Modelling.csv"
COLUMNS = CSV.read_text(encoding="ascii").partition("\n")[0].split(",")
INPUTS = [f"{name}_{word}" for name, words in churn.CATEGORIES.items() for word in words]
INPUTS += churn.NUMBERS


@pytest.fixture(scope="module")
def customers():
    return churn.load_customers(CSV)


def test_the_generator_writes_the_shipped_file(tmp_path, capsys):
    make_churn_data.main(["--outputs", str(tmp_path), "--compare", str(CSV)])
    assert (tmp_path / "Churn_Modelling.csv").read_bytes() == CSV.read_bytes()
    germany = next(line for line in capsys.readouterr().out.splitlines() if "Germany" in line)
    share, left, share_there, left_there = germany.split()[-4:]
    assert (share, left) == (share_there, left_there)  # both columns describe the same file
    assert not make_churn_data.make(seed=1).equals(make_churn_data.make(seed=2))
    found = make_churn_data.statistics(churn.load_customers(CSV)).loc["Products by balance"]
    assert found.loc["no balance, 1"].tolist() == [9.4, 34.5]


def test_thirteen_scaled_inputs_in_order(customers):
    X = churn.make_preprocessor().fit_transform(customers)
    assert list(X.columns) == INPUTS
    for name in INPUTS[5:]:  # plain numbers
        column = customers[name]
        np.testing.assert_allclose(X[name], (column - column.mean()) / column.std(ddof=0))
    for name in INPUTS[:5]:  # 0 and 1 before scaling
        column, value = name.split("_")
        assert X[name][customers[column] == value].min() > 0
        assert X[name][customers[column] != value].max() < 0
    plain = experiments.make_preprocessor("not_scaled").fit_transform(customers)
    np.testing.assert_array_equal(plain, churn.make_encoder().fit_transform(customers))


@pytest.fixture
def numbered(rows, monkeypatch):
    """Return 400 customers in three parts, as the lesson splits them, and Rows.

    Their inputs are not scaled, and the largest of each is the number of the row: rows finds it.
    """
    table = churn.load_customers(CSV).sample(400, random_state=1).reset_index(drop=True)
    table[churn.NUMBERS] = 0
    table["EstimatedSalary"] = np.arange(1000, 1400)
    for module in (churn, features, fairness):
        monkeypatch.setattr(module, "StandardScaler", FunctionTransformer)
    monkeypatch.setattr(churn, "load_customers", lambda *_: table)
    for kind in (LogisticRegression, GradientBoostingClassifier):
        for name in ("fit", "predict_proba"):
            rows.watch(kind, name, lambda _, X, *__: np.asarray(X))
    return table, rows


def names_of(parts):
    """Return {number of a row: its part}."""
    names = zip(("train", "validation", "test"), parts, strict=False)
    return {number: name for name, part in names for number in part.EstimatedSalary}


def test_test_customers_are_read_only_when_asked_for(numbered, recorder, tmp_path, monkeypatch):
    table, rows = numbered
    monkeypatch.setattr(churn, "draw_history", lambda *_: None)  # there is none
    parts = lesson.split(table, lesson.SEED)
    assert [len(part) for part in parts] == [240, 80, 80]
    for options, asked in (([], ["validation"]), (["--test"], ["validation", "test"])):
        rows.clear()
        results = lesson.main([*options, "--outputs", str(tmp_path)])
        recorder.results.append(results)
        assert rows.story(names_of(parts)) == (
            "fit train; validate validation; fit train; "
            + "".join(f"predict_proba {part}; predict {part}; " for part in asked)
        )
        assert ("test" in results) == bool(options)
        for part, judged in zip(("validation", "test"), parts[1 : len(asked) + 1], strict=False):
            found = results[part]["neural_network"]  # whose answers are the numbers of the rows
            assert found["auc"] == roc_auc_score(judged.Exited, judged.EstimatedSalary)
        # Nothing is chosen by the test customers: all thresholds are those of the validation.
        assert results["thresholds"]["calculated"]["leavers"] == parts[1].Exited.sum()
    assert results["test"]["neural_network"]["calculated"]["leavers"] == parts[2].Exited.sum()


def test_the_split_is_stratified_and_only_the_training_part_is_fitted(customers):
    parts = train, _, test = lesson.split(customers, seed=1)
    assert [len(part) for part in parts] == [6_000, 2_000, 2_000]
    assert len({row for part in parts for row in part.index}) == 10_000
    again, other = (lesson.split(customers, seed)[2] for seed in (1, 2))
    assert test.equals(again) and set(test.index) != set(other.index)
    prepared = lesson.prepare_parts(parts, churn.make_preprocessor())
    for (X, y), part in zip(prepared, parts, strict=True):
        assert train.Exited.mean() == pytest.approx(part.Exited.mean(), abs=0.001)
        expected = (part.Age - train.Age.mean()) / train.Age.std(ddof=0)
        np.testing.assert_allclose(X[:, INPUTS.index("Age")], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(y, part.Exited)
        assert X.dtype == y.dtype == "float32"


BUNDLE = "train_networks train; judge validation; "
ALSO = f"{BUNDLE}judge train; "  # for the accuracy on what was learned
CHANGES = ["--only", "base", "three_hidden_layers", "hidden_64_64"]
OTHERS = "fit train; predict_proba validation; (fit train; predict_proba train; ){6}"
OTHERS += "predict_proba validation; fit train; predict_proba validation; "


@pytest.mark.parametrize(
    ("script", "options", "story"),
    [
        (experiments, CHANGES, f"{OTHERS}({ALSO}){{3}}"),
        (features, [], f"(fit train; predict_proba validation; ({BUNDLE})?)+"),
        (fairness, [], f"({BUNDLE}){{2}}(fit train; predict_proba validation; )+"),
    ],
    ids=["experiments", "features", "fairness"],
)
def test_on_other_splits_too_validation_customers_judge(
    script, options, story, numbered, recorder, tmp_path, monkeypatch
):
    """The test customers of the lesson are in no split."""
    table, rows = numbered
    ((train, validation),) = splits.make_pairs(table, 1)
    names = names_of([train, validation, lesson.split(table, lesson.SEED)[2]])
    assert len(names) == 400

    def answer(x):
        rows.note("judge", x)
        return x.max(axis=-1, keepdims=True)

    rows.watch(
        splits,
        "train_networks",
        lambda learn, stop, *_: [part[0] for part in (learn, stop) if part],
        lambda learn, *_, **__: (answer, np.ones(learn[0].shape[1])),
    )
    monkeypatch.setattr(experiments, "DummyClassifier", LogisticRegression)
    monkeypatch.setattr(experiments, "best_possible", lambda table: table.EstimatedSalary / 2000)
    monkeypatch.setattr(experiments, "FIRST", 0)  # tuned on the same split, which has names here
    families = []
    monkeypatch.setattr(script, "correct_family", lambda one: families.append(len(one)))
    results = script.main(["--seeds", "1", *options, "--outputs", str(tmp_path)])
    recorder.results.append(results)
    assert re.fullmatch(story, rows.story(names))
    auc = roc_auc_score(validation.Exited, validation.EstimatedSalary)
    if script is experiments:
        assert results["base"]["neural_network"]["auc"] == auc
        learned = results["base"]["neural_network"]["train_accuracy"]  # all are reported
        assert learned == pytest.approx(train.Exited.mean(), abs=0.01)
        assert families == [2, 3]  # two changes, three other models
    elif script is features:
        assert all(one["auc"] == auc for one in results["network"].values())
        assert families == [9]
    else:  # all are reported
        women = validation[validation.Gender == "Female"]
        assert results["without"]["women"]["accuracy"] == women.Exited.mean()
        assert families == [5]


def test_the_country_may_be_a_number_as_in_the_experiment(numbered, tmp_path, monkeypatch):
    """And the network gets as many inputs as there then are."""
    monkeypatch.setattr(churn, "draw_history", lambda *_: None)  # there is none
    coded = experiments.make_preprocessor("country_as_number")
    monkeypatch.setattr(churn, "make_preprocessor", lambda: coded)
    assert "logistic_regression" in lesson.main(["--outputs", str(tmp_path)])["validation"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the folder of a run of mlp.py, and its results."""
    folder = tmp_path_factory.mktemp("mlp") / "run"
    options = ["--epochs", "1", "--batch-size", "50", "--learning-rate", "0.01", "--seed", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(churn, "draw_history", lambda *_: None)
        return folder, mlp.main([*options, "--outputs", str(folder)])


@pytest.mark.slow
def test_the_lessons_learn(tmp_path):
    options = ["--epochs", "6", "--learning-rate", "0.01", "--outputs", str(tmp_path)]
    results = mlp.main([*options, "--batch-size", "25"])
    # 79.4 % stayed, and a logistic regression reaches 81 %.
    assert results["accuracy"] > 0.835
    assert results["history"]["loss"][-1] < results["history"]["loss"][0]
    assert results["probability"] > 0.5  # German, 47, not active, one product
    results = lesson.main([*options, "--test"])
    for part in ("validation", "test"):
        majority, logistic, boosting, network = results[part].values()
        assert majority["accuracy"] == pytest.approx(0.794, abs=0.001) and majority["auc"] == 0.5
        assert network["accuracy"] > 0.82 and network["auc"] > logistic["auc"] + 0.03
        assert boosting["auc"] > 0.83
    for name in ("churn_training.png", "churn_curves.png", "churn_learning_curves.png"):
        assert plt.imread(tmp_path / name).std() > 0.05


def test_a_new_customer_is_prepared_as_the_others_today_and_tomorrow(customers):
    X, y, preprocessor = mlp.prepare(customers)
    assert X.dtype == y.dtype == "float32" and X.shape == (10_000, churn.INPUTS)
    model = churn.build_model((6, 6))
    expected = model.predict(X, batch_size=1000, verbose=0)[:, 0]
    for row in (0, 9_999):
        customer = {name: customers[name].iloc[row] for name in mlp.NEW_CUSTOMER}
        assert mlp.predict(model, preprocessor, customer) == pytest.approx(expected[row], abs=1e-6)
    whole = mlp.with_scaling(model, preprocessor)
    for some in (slice(None), slice(20, 27)):  # a few of them are not scaled by their own means
        found = predict.predict(whole, customers[some])
        np.testing.assert_allclose(found, expected[some], rtol=0, atol=1e-5)


def test_who_will_leave_is_written_and_counted(saved, tmp_path, capsys):
    options = ["--model", saved[0] / "churn.keras", "--customers", CSV, "--outputs", tmp_path]
    results = predict.main([*map(str, options)])
    written = pd.read_csv(tmp_path / "predictions.csv")
    leaves = written["Prediction"] == "leaves"
    assert results["customers"] == 10_000 and 0 < results["leaving"] == leaves.sum() < 5_000
    assert written["Probability"][leaves].min() >= 0.5 >= written["Probability"][~leaves].max()
    assert f"10000 customers, {leaves.sum()} with a probability" in capsys.readouterr().out


def test_scores_and_gains_by_hand():
    scores = lesson.evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.4]))
    assert scores == {"accuracy": 0.5, "auc": 0.5, "confusion_matrix": [[1, 1], [1, 1]]}
    y, probability = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.25, 0.3, 0.4, 0.9])
    gain = lesson.KEPT - lesson.CALL
    usual = {"threshold": 0.5, "calls": 1, "leavers": 1, "gain": gain}
    assert lesson.gain(y, probability, 0.5) == usual
    found = lesson.find_thresholds(y, probability)
    assert (found["usual"]["threshold"], found["calculated"]["threshold"]) == (0.5, 0.2)
    assert found["calculated"]["gain"] == 2 * 100 - 4 * 20
    assert 0.3 < found["best"]["threshold"] <= 0.4 and found["best"]["gain"] == 2 * 100 - 2 * 20


def test_the_interval_counts_that_splits_overlap():
    """With Nadeau and Bengio's ratio, and without it the paired t-test of scipy."""
    both = np.random.default_rng(1).normal(size=(2, 20))
    first, second = ([{"auc": auc} for auc in values] for values in both)
    plain, wide = (splits.compare(first, second, ratio) for ratio in (0, 1 / 3))
    test = stats.ttest_rel(*both)
    assert [plain["low"], plain["high"]] == pytest.approx([*test.confidence_interval(0.95)])
    assert plain["p"] == pytest.approx(test.pvalue) and plain["ahead"] == (both[0] > both[1]).sum()
    widths = [one["high"] - one["low"] for one in (plain, wide)]
    assert widths[1] / widths[0] == pytest.approx(((1 / 20 + 1 / 3) / (1 / 20)) ** 0.5)
    equal = splits.compare(first, first, ratio=1 / 3)
    assert (equal["gain"], equal["p"]) == (0, 1)
    alone = splits.compare(first[:1], second[:1], ratio=1 / 3)
    assert alone["low"] is None and splits.describe(alone) == f"{alone['gain']:+.3f}"


@pytest.mark.slow
def test_networks_of_all_splits_learn_as_if_alone(monkeypatch):
    """From the same weights and rows, in the same order, each learns as the lesson's network."""
    X = np.random.default_rng(3).normal(size=(254, 3, churn.INPUTS)).astype("float32")
    rates = [0.01, 0.015, 0.02]
    y = (X[..., :1] + X[..., 1:2] > 1).astype("float32")
    keras.utils.set_random_seed(1)
    start = splits.build_bundle(3, [churn.INPUTS, *lesson.HIDDEN, 1], "relu")
    before = [weights.copy() for weights in start.get_weights()]
    monkeypatch.setattr(splits, "build_bundle", lambda *_: start)
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda *a, **k: fit(*a, **k | {"shuffle": False}))
    after, _ = splits.train_networks((X, y), None, lesson.HIDDEN, rates, epochs=8)
    for number in range(3):
        alone = churn.build_model(lesson.HIDDEN)
        alone.set_weights([weights[number] for weights in before])
        alone.compile(keras.optimizers.Adam(rates[number]), loss="binary_crossentropy")
        alone.fit(X[:, number], y[:, number], batch_size=32, epochs=8, verbose=0)
        for ours, theirs, first in zip(
            after.get_weights(), alone.get_weights(), before, strict=True
        ):
            np.testing.assert_allclose(ours[number], theirs, rtol=0, atol=2e-3)
            assert np.abs(ours[number] - first[number]).max() > 0.01, "it has learned"


def test_each_network_of_a_bundle_keeps_its_best_weights(monkeypatch):
    """And the bundle stops when the last of them has not become better for long enough."""
    X = np.random.default_rng(4).normal(size=(50, 2, 3)).astype("float32")
    model, keep = splits.build_bundle(2, [3, 1], "relu"), splits.KeepBest(X, X.sum(axis=2) > 0)
    keep.set_model(model)
    sure = [(1, 1), (9, 2), (2, 9), *splits.PATIENCE * [(0, 0)]]  # in each epoch: of right answers
    for epoch, both in enumerate(sure):
        model.set_weights([np.multiply(both, np.ones((1, 3, 2))).T, np.zeros((2, 1))])
        keep.on_epoch_end(epoch)
        if epoch in (1, 2):
            p = keras.ops.convert_to_numpy(model(X))[:, epoch - 1, 0]
            least = -np.log(np.where(X[:, epoch - 1].sum(axis=1) > 0, p, 1 - p)).mean()
            assert keep.losses[epoch - 1] == pytest.approx(least, rel=1e-4)
        assert model.stop_training == (epoch == 2 + splits.PATIENCE)
    keep.on_train_end()
    np.testing.assert_array_equal(model.get_weights()[0], np.full((2, 3, 1), 9))
    monkeypatch.setattr(keras.Model, "fit", fit := Mock())
    part = X, X.sum(axis=2) > 0
    for stop, callbacks in ((part, [splits.KeepBest]), (None, [])):
        splits.train_networks(part, stop, (3,), [0.1, 0.1], epochs=1)
        assert [type(one) for one in fit.call_args.kwargs["callbacks"]] == callbacks


def test_nobody_foretells_better_than_the_rule_that_made_the_customers():
    """On customers of another seed, the probabilities hold, and the ceiling is that of the text."""
    table = make_churn_data.make(seed=5, n=50_000)
    probability = best_possible(table)
    assert 0.860 < roc_auc_score(table.Exited, probability) < 0.870
    for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.6), (0.6, 1)):
        inside = (low <= probability) & (probability < high)
        left = table.Exited[inside].mean()
        assert left == pytest.approx(probability[inside].mean(), abs=0.012)


def test_mistakes_of_a_group():
    lines = "Female Germany 0 1, Female Germany 1 1, Female France 0 0, Female France 1 0, "
    lines += "Male Germany 0 0, Male Germany 0 1, Male France 1 0, Male France 1 1"
    table = pd.DataFrame([line.split() for line in lines.split(", ")])
    table.columns, reported = ["Gender", "Geography", "Exited", "said"], table[3] == "1"
    table["Exited"] = table["Exited"].astype(int)
    halves = dict.fromkeys(["accuracy", "false_alarms", "missed", "precision"], 0.5)
    assert fairness.rates(table, reported.to_numpy()) == halves
    table = pd.concat([table, table.iloc[:2].assign(Geography="Spain")])
    found = fairness.rates_by_group(table, np.append(reported, [False, False]))
    assert found["women"]["false_alarms"] == 1 / 3 and found["women"]["missed"] == 2 / 3
    assert found["Germany"]["false_alarms"] == 2 / 3 and found["Spain"]["missed"] == 1
    gaps = fairness.add_gaps(found)
    assert gaps["false_alarms women - men"] == pytest.approx(1 / 3 - 1 / 2) and len(gaps) == 5


def test_plain_values_give_the_same_probabilities_as_scikit_learn(customers, saved, tmp_path):
    options = ["--model", str(saved[0] / "churn.keras"), "--outputs", str(tmp_path)]
    results = plain_values.main(options)
    model = keras.saving.load_model(tmp_path / "churn_plain.keras")
    columns = customers[list(mlp.NEW_CUSTOMER)]
    probabilities = plain_values.predict_plain(model, columns.to_dict("list"))
    X, _, _ = mlp.prepare(customers)
    bare = keras.Sequential(predict.load_network(saved[0] / "churn.keras").layers[1:])
    expected = bare.predict(X, batch_size=1000, verbose=0)[:, 0]
    assert probabilities.shape == (10_000,) and np.ptp(expected) > 0.3
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    assert results["probability"] == pytest.approx(saved[1]["probability"], abs=1e-6)
    with pytest.raises(Exception, match="all inputs should be in vocabulary"):  # not a woman
        plain_values.predict_plain(model, mlp.NEW_CUSTOMER | {"Gender": "male"})


def test_a_bad_table_gets_one_line_that_names_what_is_wrong(tmp_path):
    path, table = tmp_path / "customers.csv", pd.read_csv(CSV, nrows=40, dtype=str)
    text = table.to_csv(index=False)
    bad = {",".join(COLUMNS): "no customers"}
    bad |= {table.assign(Exited=0).to_csv(): "40 customers stayed and 0 left"}
    for spoilt in (text.replace("Bernard", "Ber,nard", 1), "\x89PNG\xff\0"):
        bad[spoilt] = "is not a proper CSV file"
    for name in [*mlp.NEW_CUSTOMER, "Exited"]:
        bad[table.drop(columns=name).to_csv()] = f"has no column {name}"
        for value in ("", "Italy", "1e999", "-1"):
            bad[table.assign(**{name: [*table[name][:3], value, *table[name][4:]]}).to_csv()] = (
                f"line 5: {name} is "
            )
    for text, said in bad.items():
        path.write_text(text, encoding="latin-1")
        line = failure(churn.load_customers, path)
        assert "customers.csv" in line and said in line
    path.write_text(CSV.read_text(encoding="ascii").replace("Spain", "Italy", 1), encoding="ascii")
    for script, option in ((mlp, "--data"), (predict, "--customers")):
        assert "line 9: Geography is" in failure(script.main, [option, str(path)])
    # Another order, and what a spreadsheet adds, is read.
    text = pd.read_csv(CSV)[COLUMNS[:1:-1]].to_csv(index=False).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    assert len(churn.load_customers(path)) == 10_000
