"""The churn chapter: the invented customers, the strict reading, the network, both lessons."""

import json
import re

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

CSV = ROOT / "mlp" / "Churn_Modelling.csv"
NUMBERS = ["HasCrCard", "IsActiveMember", "EstimatedSalary"]
COLUMNS = ["RowNumber", "CustomerId", "Surname", "CreditScore", "Geography", "Gender", "Age"]
COLUMNS += ["Tenure", "Balance", "NumOfProducts", *NUMBERS, "Exited"]
INPUTS = ["Geography_Germany", "Geography_Spain", "Gender_Male", "CreditScore", "Age"]
INPUTS += ["Tenure", "Balance", "NumOfProducts", *NUMBERS]


@pytest.fixture
def churn(load_script):
    return load_script("mlp/churn.py")


@pytest.fixture
def customers(churn):
    return churn.read_table(CSV)


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


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch takes single steps")
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
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    model = churn.build_model((6, 6))
    churn.compile_model(model, 0.001)
    assert model.steps_per_execution == 1


# The lessons


def test_first_lesson_learns_and_predicts(load_script, tmp_path, capsys):
    mlp = load_script("mlp/mlp.py")
    options = ["--epochs", "6", "--learning-rate", "0.01", "--batch-size", "25"]
    results = mlp.main([*options, "--outputs", str(tmp_path)])
    # 79.4 % stayed, and a logistic regression reaches 81 %.
    assert results["accuracy"] > 0.835
    assert results["history"]["loss"][-1] < results["history"]["loss"][0]
    assert results["parameters"] == 121
    output = capsys.readouterr().out
    assert "Total params: 121" in output
    assert f"with probability {results['probability']:.2f}" in output
    assert results["probability"] > 0.5  # German, 47, not active, one product
    assert (tmp_path / "churn_training.png").stat().st_size > 10_000
    written = json.loads((tmp_path / "results.json").read_text())
    assert written.pop("provenance")["command"].startswith("python mlp/mlp.py --epochs 6")
    assert written == results


def test_new_customer_is_prepared_as_the_others(load_script, customers):
    mlp = load_script("mlp/mlp.py")
    X, y, preprocessor = mlp.prepare(customers)
    assert X.dtype == y.dtype == "float32" and X.shape == (10_000, 11)
    model = mlp.churn.build_model((6, 6))
    for row in (0, 9_999):
        customer = {name: customers[name].iloc[row] for name in mlp.NEW_CUSTOMER}
        expected = float(model.predict(X[row : row + 1], verbose=0)[0, 0])
        assert mlp.predict(model, preprocessor, customer) == pytest.approx(expected, abs=1e-6)


def test_split_is_stratified_and_only_the_training_part_is_fitted(load_script, customers):
    lesson = load_script("mlp/mlp_data_split.py")
    train, test = lesson.split(customers, seed=1)
    assert (len(train), len(test)) == (8_000, 2_000)
    assert not set(train.index) & set(test.index)
    assert train.Exited.mean() == pytest.approx(test.Exited.mean(), abs=0.001)

    preprocessor = lesson.churn.make_preprocessor()
    X_train, X_test, y_train, y_test = lesson.prepare(train, test, preprocessor)
    scaler = preprocessor[-1]
    age = INPUTS.index("Age")
    assert scaler.mean_[age] == pytest.approx(train.Age.mean())
    assert scaler.mean_[age] != pytest.approx(customers.Age.mean(), rel=1e-6)
    np.testing.assert_allclose(X_train.mean(axis=0), 0, atol=1e-4)
    expected = (test.Age - train.Age.mean()) / train.Age.std(ddof=0)
    np.testing.assert_allclose(X_test[:, age], expected, rtol=1e-4, atol=1e-6)
    assert {a.dtype.name for a in (X_train, X_test, y_train, y_test)} == {"float32"}
    np.testing.assert_array_equal(y_test, test.Exited)


def test_judge_on_four_customers(load_script):
    lesson = load_script("mlp/mlp_data_split.py")
    scores = lesson.judge(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.4]))
    assert scores == {"accuracy": 0.5, "auc": 0.5, "confusion_matrix": [[1, 1], [1, 1]]}


def test_second_lesson_as_a_reader_starts_it(run_script, tmp_path):
    run = run_script(
        "mlp/mlp_data_split.py",
        *("--epochs", 6, "--learning-rate", 0.01, "--outputs", tmp_path / "new" / "run"),
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    written = json.loads((tmp_path / "new" / "run" / "results.json").read_text())
    assert written["provenance"]["command"].startswith("python mlp/mlp_data_split.py --epochs 6")
    assert len(written["history"]["val_loss"]) == 6
    majority, logistic, boosting, network = written["results"].values()
    assert majority["accuracy"] == pytest.approx(0.794, abs=0.001) and majority["auc"] == 0.5
    assert network["accuracy"] > 0.83 and network["auc"] > logistic["auc"] + 0.03
    assert boosting["auc"] > 0.83
    assert np.sum(network["confusion_matrix"]) == 2_000
    line = f"  neural network       accuracy {network['accuracy']:.1%}  AUC {network['auc']:.3f}"
    assert line in run.stdout
    for name in ("churn_roc.png", "churn_learning_curves.png"):
        image = (tmp_path / "new" / "run" / name).read_bytes()
        assert image.startswith(b"\x89PNG") and len(image) > 20_000


def test_experiments_measure_a_change(load_script, tmp_path):
    experiments = load_script("mlp/experiments.py")
    changes = ["base", "country_as_number", "no_hidden_layer"]
    cut = ["--seeds", "1", "--epochs", "1", "--outputs", str(tmp_path)]
    results = experiments.main(["--only", *changes, *cut])
    written = json.loads((tmp_path / "results.json").read_text())
    assert written.pop("provenance")["command"].startswith("python mlp/experiments.py --only")
    assert results == written
    # A regression cannot tell Germany from the two others when its number lies between theirs.
    auc = [results[change]["logistic_regression"]["auc"] for change in changes[:2]]
    assert auc[0] > auc[1] + 0.005
    assert set(results["no_hidden_layer"]) == {"neural_network"}
    numbered = experiments.make_preprocessor("country_as_number")
    assert numbered.fit_transform(pd.read_csv(CSV, nrows=50)).shape == (50, 10)
    unscaled = experiments.make_preprocessor("not_scaled").fit_transform(pd.read_csv(CSV))
    assert unscaled["Balance"].max() > 100_000


def test_experiments_on_another_file(load_script, tmp_path):
    experiments = load_script("mlp/experiments.py")
    command = ["--real", str(CSV), "--seeds", "1", "--epochs", "1", "--outputs", str(tmp_path)]
    results = experiments.main(command)["invented_to_real"]
    assert results["majority_class"]["accuracy"] == pytest.approx(0.794, abs=0.001)
    assert results["gradient_boosting"]["auc"] > 0.86  # tested on what it has learned


# Trouble


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


def failure(function, capsys, *arguments):
    """Return the one line with which a function ends the run."""
    with pytest.raises(SystemExit) as stop:
        function(*arguments)
    assert isinstance(stop.value.code, str)  # Python prints it and exits with status 1
    assert "\n" not in stop.value.code.strip()
    assert capsys.readouterr().err == ""
    return stop.value.code


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_gets_one_line(churn, case, tmp_path, capsys):
    make, message = BAD_FILES[case]
    path = tmp_path / "customers.csv"
    path.write_text(make())
    line = failure(churn.read_table, capsys, path)
    assert "customers.csv" in line and message in line


def test_what_is_no_text_file_gets_one_line(churn, tmp_path, capsys):
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    assert "is not a proper CSV file" in failure(churn.read_table, capsys, picture)
    assert "No such file" in failure(churn.read_table, capsys, tmp_path / "nowhere.csv")
    assert "cannot read" in failure(churn.read_table, capsys, tmp_path)


def test_good_files_in_other_clothes_are_read(churn, tmp_path):
    text = text_of(pd.read_csv(CSV, nrows=300))
    path = tmp_path / "customers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert len(churn.read_table(path)) == 300
    path.write_text(text_of(pd.read_csv(CSV, nrows=300)[[*COLUMNS[:2:-1], "Surname"]]))
    assert len(churn.read_table(path)) == 300  # another order, no numbers


def test_bad_file_from_the_shell(run_script, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(with_value("Geography", "Italy"))
    run = run_script("mlp/mlp.py", "--data", path, cwd=tmp_path)
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("mlp.py: ") and 'line 5: Geography is "Italy"' in last
    assert "Traceback" not in run.stderr and run.stdout == ""


def test_original_without_network(load_script, monkeypatch, capsys):
    mlp = load_script("mlp/mlp.py")

    def get_file(*_, **__):
        raise Exception("URL fetch failure on https://...: None --\n[Errno -2] Name not known")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    line = failure(mlp.main, capsys, ["--original"])
    assert "download failed" in line and "Name not known" in line and "--data PATH" in line


def test_original_is_asked_for_by_address_and_checksum(load_script, monkeypatch):
    mlp = load_script("mlp/mlp.py")
    asked = {}

    def get_file(name, **keywords):
        asked.update(keywords, name=name)
        return str(CSV)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    assert mlp.churn.download() == CSV
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
    with pytest.raises(SystemExit) as stop:
        load_script("mlp/mlp.py").main(options)
    assert stop.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_unwritable_outputs(load_script, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "run")
    for script in ("mlp", "mlp_data_split", "make_churn_data", "experiments"):
        line = failure(load_script(f"mlp/{script}.py").main, capsys, ["--outputs", folder])
        assert "cannot write to" in line
