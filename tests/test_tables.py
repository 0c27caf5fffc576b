"""A network for any table: what columns are taken for, one file with all that was fitted."""

import codecs
import json
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, failure, loaded
from scipy import stats
from sklearn.datasets import load_diabetes, load_iris

PENGUINS = ROOT / "mlp" / "tables" / "penguins.csv"
BASIC = ["--data", str(PENGUINS), "--target", "Sex", "--group", "Individual ID"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a short run on the penguins, and its results."""
    folder = tmp_path_factory.mktemp("run")
    with loaded("mlp/tables/table.py") as script:
        cut = ["--epochs", "12", "--learning-rate", "0.005", "--cost-miss", "4", "--test"]
        return folder, script.main([*BASIC, *cut, "--outputs", str(folder)])


@pytest.fixture
def columns(load_script):
    return load_script("mlp/tables/columns.py")


@pytest.fixture
def target(load_script):
    return load_script("mlp/tables/target.py")


@pytest.fixture
def network(load_script):
    return load_script("mlp/tables/network.py")


def ask_file(script, path, options):
    """Return what a network says of all rows, with their targets and groups."""
    table, found, what, groups = script.read(script.parse_options(options))
    model = keras.saving.load_model(path)
    return script.ask(model, script.to_inputs(table, found), what.names), what, groups


def test_the_network_learns_and_what_was_tested_is_what_was_saved(run, load_script):
    folder, results = run
    for part, rows in (("validation", 67), ("test", 66)):
        scores = results[part]["scores"]
        assert scores["neural_network"]["accuracy"] > scores["majority_class"]["accuracy"] + 0.25
        assert scores["neural_network"]["loss"] < scores["majority_class"]["loss"] - 0.2
        assert results[part]["compared"]["majority_class"]["shown"]
        assert results[part]["compared"]["majority_class"]["groups"] <= rows
    kinds = {column["name"]: column["kind"] for column in results["columns"]}
    assert kinds["Region"] == kinds["Stage"] == "left out"
    assert kinds["Date Egg"] == "date" and kinds["Body Mass (g)"] == "number"
    assert kinds["Delta 15 N (o_oo)"] == "number" and kinds["Species"] == "words"
    assert "Sex" not in kinds and "Individual ID" not in kinds

    # The file alone gives the scores that the run has reported.
    script = load_script("mlp/tables/table.py")
    answers, what, groups = ask_file(script, folder / "table.keras", BASIC)
    parts = script.split(what.y, groups, what.classes, script.SEED)
    assert not set(groups[parts["training"]]) & set(groups[parts["test"]])
    answers = answers[parts["test"]]
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    loss = script.losses(answers, what.y[parts["test"]], what.classes).mean()
    assert loss == pytest.approx(results["test"]["scores"]["neural_network"]["loss"], rel=1e-4)
    # Every one of the thresholds is what the costs say.
    assert results["thresholds"]["calculated"]["threshold"] == 1 / 5
    assert results["thresholds"]["best"]["cost"] <= results["thresholds"]["calculated"]["cost"]
    assert set(results["test"]["thresholds"]) == {"usual", "calculated"}  # nothing is chosen there
    assert {"table.keras", "table.png", "results.json"} == {path.name for path in folder.iterdir()}


def test_predicting_tomorrow(run, run_main, tmp_path, capsys):
    folder, _ = run
    table = pd.read_csv(PENGUINS).drop(columns=["Sex", "Comments"]).sample(8, random_state=1)
    table = table[table.columns[::-1]].assign(Comments=None, more=1).astype(object)
    table.iloc[2, table.columns.get_loc("Island")] = "Dream 2"
    table.iloc[3, table.columns.get_loc("Body Mass (g)")] = "heavy"
    table.iloc[4, table.columns.get_loc("Delta 15 N (o/oo)")] = None
    table.to_csv(tmp_path / "rows.csv", index=False)
    options = ["--model", folder, "--rows", tmp_path / "rows.csv"]
    _, results = run_main("mlp/tables/predict.py", *options)
    said = capsys.readouterr().out
    assert 'Island: unknown or rare words, such as "Dream 2", in 1 of ' in said
    assert 'Body Mass (g): values that it cannot read, such as "heavy", in 1 of ' in said
    assert set(results["unknown"]) == {"Island", "Body Mass (g)"} and results["rows"] == 8
    written = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert written["more"].eq(1).all() and len(written) == 8
    yes = written["probability of FEMALE"]
    assert (written["Sex, predicted"] == np.where(yes >= 0.2, "FEMALE", "MALE")).all()
    assert f"8 rows, {(yes >= 0.2).sum()} of them with FEMALE (from a probability of 0.2" in said
    np.testing.assert_allclose(yes + written["probability of MALE"], 1, atol=2e-4)

    script, _ = run_main("mlp/tables/predict.py", *options, "--threshold", 0.9)
    written = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert (written["Sex, predicted"] == np.where(yes >= 0.9, "FEMALE", "MALE")).all()
    # The answers of an earlier run are written over, and shown like others.
    written.to_csv(tmp_path / "rows.csv", index=False)
    capsys.readouterr()
    run_main("mlp/tables/predict.py", *options)
    assert "probability of FEMALE" in capsys.readouterr().out
    again = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert (again["Sex, predicted"] == np.where(yes >= 0.2, "FEMALE", "MALE")).all()

    table.drop(columns=["Island"]).to_csv(tmp_path / "rows.csv", index=False)
    options = list(map(str, [*options, "--outputs", tmp_path / "none"]))
    assert "has no column Island. The network needs it." in failure(script.main, options)
    options[1] = str(tmp_path)
    assert "is not a finished run of table.py" in failure(script.main, options)
    kept = json.loads((folder / "results.json").read_text())
    for key, value in [("columns", [{"name": "x", "kind": "date", "format": "%Q"}]), ("names", 3)]:
        (tmp_path / "results.json").write_text(json.dumps(kept | {key: value}))
        assert "is not a finished run of table.py" in failure(script.main, options)
    (tmp_path / "results.json").write_text(json.dumps(kept))
    shutil.copy(ROOT / "assets/models/conv_net.keras", tmp_path / "table.keras")
    assert "is not the one that its results.json describes" in failure(script.main, options)
    assert not (tmp_path / "none").exists()


def test_the_service_gives_the_same_answers(run, load_script, tmp_path):
    folder, _ = run
    row = {
        "studyName": "PAL0708", "Sample Number": 1, "Island": "Torgersen",
        "Clutch Completion": "Yes",
        "Species": "Adelie Penguin (Pygoscelis adeliae)", "Comments": None,
        "Date Egg (days)": 2871, "Date Egg (month)": "November", "Date Egg (weekday)": "Sunday",
        "Culmen Length (mm)": 39.1, "Culmen Depth (mm)": 18.7, "Flipper Length (mm)": 181,
        "Body Mass (g)": 3750, "Delta 15 N (o_oo)": None, "Delta 13 C (o_oo)": None,
    }  # fmt: skip
    first = pd.read_csv(PENGUINS).head(1).assign(Comments=None)
    first.to_csv(tmp_path / "rows.csv", index=False)
    predict = load_script("mlp/tables/predict.py")
    options = ["--model", folder, "--rows", tmp_path / "rows.csv", "--outputs", tmp_path]
    predict.main(list(map(str, options)))
    (expected,) = pd.read_csv(tmp_path / "predictions.csv")["probability of FEMALE"]

    with loaded("serialization/rest/table_app.py") as script:
        client = script.create_app(folder / "table.keras").test_client()
    about = client.get("/").get_json()
    assert set(about["columns"]) == set(row)
    assert {"Biscoe", "Dream", "Torgersen"} < set(about["columns"]["Island"])
    answer = client.post("/predict", json=row).get_json()
    assert set(answer["answer"]) == {"FEMALE", "MALE"} and "unknown" not in answer
    assert answer["answer"]["FEMALE"] == pytest.approx(expected, abs=1e-3)
    strange = client.post("/predict", json=row | {"Island": "Dream 2"}).get_json()
    assert strange["unknown"] == ["Island"] and sum(strange["answer"].values()) == pytest.approx(1)
    half = "\ud800"  # of a pair of surrogates, which no UTF-8 holds
    for column, value in [
        ("Island", 3), ("Island", half), ("Body Mass (g)", "heavy"), ("Species", "x" * 2000)
    ]:  # fmt: skip
        refused = client.post("/predict", json=row | {column: value})
        assert refused.status_code == 422, column
        assert f"{column} must be" in refused.get_json()["error"]["message"]


# What a column is taken for

DAYS = pd.date_range("2025-01-28", periods=60)
KINDS = {
    "numbers": ([f"{i % 7}.5" for i in range(60)], "number", "numbers from 0.5 to 6.5"),
    "gaps": ([None, *range(59)], "number", "1 gaps"),
    "odd": (["oops", *map(str, range(59))], "number", 'such as "oops"'),
    "codes": ([i % 4 for i in range(60)], "number", "4 different ones: if they are codes"),
    "yes-or-no": ([True, False] * 30, "words", "False, True"),
    "words": (["red", "blue", None] * 20, "words", "2 words: blue, red, 20 gaps"),
    "row": (range(1, 61), "left out", "only tells rows apart"),
    "CustomerId": ([7 * i * i for i in range(60)], "left out", "only tells rows apart"),
    "Patient No": ([7 * i * i for i in range(60)], "left out", "only tells rows apart"),
    "CASE_ID": ([1000 + i % 20 for i in range(60)], "number", "if it says whose row this is"),
    "paid": ([7 * i * i for i in range(60)], "number", "numbers from"),
    "names": ([f"name {i}" for i in range(60)], "left out", "60 different words"),
    "same": (["x"] * 60, "left out", "the same in every row"),
    "empty": ([None] * 60, "left out", "it is empty"),
    "iso": (DAYS.strftime("%Y-%m-%d"), "date", "ISO8601"),
    "german": (DAYS.strftime("%d.%m.%Y"), "date", "%d.%m.%Y"),
    "american": (DAYS.strftime("%m/%d/%Y %H:%M"), "date", "%m/%d/%Y %H:%M"),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_a_column_is_taken_for(columns, name):
    values, kind, said = KINDS[name]
    found = columns.look_at(name, pd.Series(list(values), name=name))
    assert found["kind"] == kind and said in found["said"]


def test_a_person_may_decide_otherwise(columns):
    table = pd.DataFrame({"code": [1, 2, 3] * 20, "size": ["1", "2", "large"] * 20})
    first, second = columns.look(table, words=["code"], numbers=["size"])
    assert first["kind"] == "words" and second["kind"] == "number"
    inputs = columns.to_inputs(table, [first, second])
    assert inputs["code"][:3].tolist() == ["1", "2", "3"]
    np.testing.assert_array_equal(inputs["size"][:3], [1, 2, np.nan])
    # A number with a gap is read as 1.0, and is the same word.
    assert columns.to_words(pd.Series([1.0, np.nan])).tolist() == ["1", columns.GAP]
    assert columns.to_words(pd.Series([1.0, np.inf, 1e300])).tolist() == ["1.0", "inf", "1e+300"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["2025-01-02", "03.01.2025"] * 30, 'dates and values such as "03.01.2025"'),
        (["03/04/2025", "05/06/2025"] * 30, "the day first or the month first"),
        (["1,5", "2,5"] * 30, 'numbers such as "1,5"'),
        (["$5", "$7"] * 30, 'numbers such as "$5"'),
    ],
)
def test_what_may_mean_two_things_is_refused(columns, values, said):
    line = failure(columns.look_at, "when", pd.Series(values))
    assert said in line and '--drop "when"' in line


def test_a_date_becomes_three_inputs(columns):
    table = pd.DataFrame({"day": ["01.02.2000", None, "13.01.2000"]})
    inputs = columns.to_inputs(table, [{"name": "day", "kind": "date", "format": "%d.%m.%Y"}])
    np.testing.assert_array_equal(inputs["day (days)"], [31, np.nan, 12])
    assert inputs["day (month)"].tolist() == ["February", columns.GAP, "January"]
    assert inputs["day (weekday)"].tolist() == ["Tuesday", columns.GAP, "Thursday"]


# The file


def test_files_that_are_read(load_script, tmp_path):
    rows = load_script("mlp/tables/rows.py")
    path = tmp_path / "file.csv"
    files = {
        "größe,km/h\n1.5,?\n": ("utf-8", []),
        "größe;km/h\n1,5;\n2,5;31.01.2025\n": (
            "utf-8",
            ['separated by ";"', "with decimal commas"],
        ),
        "größe;take\n1,5;\n": ("utf-8", ['separated by ";"', "with decimal commas"]),
        "größe\tkm/h\n1,5\tNA\n": ("utf-16", ["with decimal commas"]),
        '"größe"|km/h\n1.5|-\n': ("utf-8-sig", ['separated by "|"']),
    }
    for text, (encoding, expected) in files.items():
        path.write_text(text, encoding=encoding)
        table, said = rows.read_rows(path)
        second = "take_" if "take" in text else "km_h"  # the names that Keras allows
        assert list(table.columns) == ["größe", second] and said == expected
        assert table.iloc[0, 0] == 1.5 and np.isnan(table.iloc[0, 1])
    path.write_text("größe\n1\n", encoding="cp1252")
    assert "not in utf-8" in failure(rows.read_rows, path)
    assert list(rows.read_rows(path, "cp1252")[0].columns) == ["größe"]
    for head in ('a, "b,c"', "\n  \na,b", "a\u2028,b", f"{'a' * 200_000},b"):
        path.write_text(f"{head}\n1,2\n", encoding="utf-8")
        assert rows.read_rows(path)[0].shape == (1, 2)  # and a name for each column
    bad = {
        b"": "is empty",
        b"a,b\n": "but no rows",
        b"a,a\n1,2\n": "more than one column a",
        b"a,b\n1,2,3\n": "not a proper CSV file",
        codecs.BOM_UTF8 + b"a\n\xff\n": "not in utf-8-sig",
    }
    for data, said in bad.items():
        path.write_bytes(data)
        assert said in failure(rows.read_rows, path)
    assert "cannot read" in failure(rows.read_rows, tmp_path / "none.csv")
    assert "there is no encoding x" in failure(rows.read_rows, path, "x")


def table_of(**columns):
    return pd.DataFrame({"a": np.arange(60) % 7 + 0.5, "b": ["x", "y", "z"] * 20} | columns)


def test_whole_numbers_that_all_differ_may_be_a_quantity(load_script):
    decide_task = load_script("mlp/tables/target.py").decide_task
    assert decide_task(pd.Series(range(1_000, 61_000, 1_000), name="price"), None) == "number"


def test_what_a_table_may_hide_is_said(load_script, tmp_path, capsys):
    script, path = load_script("mlp/tables/table.py"), tmp_path / "table.csv"
    options = script.parse_options(["--data", str(path), "--target", "target"])
    table = table_of(target=["x", "y"] * 30, day="2026-01-31", row=range(60))
    table.loc[0, "day"] = "2026-02-01"
    table.loc[59, ["a", "b"]] = table.loc[17, ["a", "b"]]  # but for the number of the row
    table.to_csv(path, index=False)
    script.read(options)
    said = capsys.readouterr().out
    copies = table.drop(columns="row").duplicated().sum()
    assert f"{copies} rows equal others in all that is used" in said and copies > 0
    assert "split at random, not by date" in said
    table_of(target=["x", "y"] * 30).to_csv(path, index=False)
    script.read(options)
    assert "random" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("amounts", "doubtful"),
    [(["1.234", "12.500"], True), (["0.234", "12.500"], False), (["1.234", "12.5"], False)],
)
def test_numbers_that_may_be_thousands(amounts, doubtful, load_script, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a;b\n" + "".join(f"{amount};x\n" for amount in amounts))
    _, said = load_script("mlp/tables/rows.py").read_rows(path)
    assert any("not thousands" in sentence for sentence in said) == doubtful


def test_rows_without_a_group_stay_together(load_script, tmp_path, capsys):
    script, path = load_script("mlp/tables/table.py"), tmp_path / "table.csv"
    people = [None] * 6 + [f"person {number}" for number in range(54)]
    table_of(target=["x", "y"] * 30, person=people).to_csv(path, index=False)
    options = ["--data", str(path), "--target", "target", "--group", "person"]
    *_, groups = script.read(script.parse_options(options))
    assert "6 rows have no person; they stay together" in capsys.readouterr().out
    assert len(set(groups[:6])) == 1 and len(set(groups)) == 55


BAD = {
    "has no column \"targe\". Do you mean \"target\"?": (["--target", "targe"], {}),
    "is \"1\" in every row": ([], {"target": 1}),
    "different in every row": ([], {"target": [f"n{i}" for i in range(60)]}),
    "different in every row, so": ([], {"target": range(60)}),
    "fewer than two classes of at least 5": ([], {"target": ["x"] * 58 + ["y", "z"]}),
    "has 120 classes, and 100": (["--task", "classes"], {"target": list(range(120)) * 5}),
    "--task number cannot be": (["--task", "number"], {"target": ["x", "y"] * 30}),
    "--task yes-or-no needs two": (["--task", "yes-or-no"], {"target": ["x", "y", "z"] * 20}),
    "is a date": ([], {"target": ["2025-01-01", "2025-01-02"] * 30}),
    "is never z. --yes may be x or y": (["--yes", "z"], {"target": ["x", "y"] * 30}),
    "it cannot be left out": (["--drop", "target"], {"target": ["x", "y"] * 30}),
    "no column that target could be": (["--drop", "a", "b"], {"target": ["x", "y"] * 30}),
    "fewer than ten groups": (["--group", "b"], {"target": ["x", "y"] * 30}),
    "fewer than ten groups can": (["--group", "b"], {"b": ["x", None] * 30}),
    "32 bits cannot hold: take": ([], {"target": [1e-300 * (i % 7 + 0.5) for i in range(60)]}),
    "32 bits cannot hold": ([], {"target": [1e9 + i % 7 + 0.5 for i in range(60)]}),
    "is 0 in all rows of": (["--task", "number"], {"target": [0.0] * 59 + [0.5]}),
    "has 5 rows with a target": ([], {"target": ["x", "y", "x", "y", "x"] + [None] * 55}),
}  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_a_table_that_cannot_be_learned_from_ends_with_one_line(load_script, tmp_path, said):
    options, columns = BAD[said]
    rows = len(columns["target"]) if "classes, and" in said else 60
    table = table_of() if rows == 60 else pd.DataFrame({"a": np.arange(rows) / 7})
    table.assign(**{"target": ["x", "y"] * (rows // 2)} | columns).to_csv(
        tmp_path / "table.csv", index=False
    )
    script = load_script("mlp/tables/table.py")
    basic = ["--data", str(tmp_path / "table.csv"), "--target", "target"]
    line = failure(script.main, [*basic, *options, "--outputs", str(tmp_path / "run")])
    assert said in line and not (tmp_path / "run").exists()


def test_only_on_tensorflow(load_script, monkeypatch):
    script = load_script("mlp/tables/table.py")
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    assert "only TensorFlow computes with words" in failure(script.main, BASIC)


# The target


def test_the_task_is_that_of_the_column(target):
    def task(values, asked=None):
        table = pd.DataFrame({"a": np.arange(len(values)), "y": values})
        _, found, said = target.read_target(table, "y", asked, None, "file")
        return found, said

    found, said = task(["no"] * 40 + ["yes"] * 60 + [None])
    assert (found.task, found.classes) == ("yes-or-no", ["no", "yes"])
    assert said == ["left out: 1 rows in which the target is missing"]
    assert task([0] * 60 + [1] * 20)[0].classes == ["0", "1"]
    assert task([True] * 60 + [False] * 20)[0].classes == ["False", "True"]
    assert task(["a"] * 20 + ["b"] * 60)[0].classes == ["b", "a"]  # the rarer one is yes
    assert task([0, 1, 2, 3] * 20)[0].task == "classes"
    assert task([0, 1, 2, 3] * 20, "number")[0].task == "number"
    assert task(np.arange(80) / 7)[0].task == "number"
    found, said = task(["a", "b"] * 30 + ["rare"])
    assert (
        set(found.classes) == {"a", "b"} and "1 rows of classes with fewer than 5: rare" in said[0]
    )


def test_groups_stay_together_and_classes_are_spread(target):
    y, groups = np.arange(300) % 3, np.arange(300) // 3
    for given in (None, groups):
        parts = target.split(y, given, ["a", "b", "c"], 1)
        assert sorted(np.concatenate(list(parts.values()))) == list(range(300))
        assert len(parts["training"]) == pytest.approx(180, abs=6)
        for rows in parts.values():
            assert np.bincount(y[rows]).min() > len(rows) / 3 - 3
    sets = [set(groups[rows]) for rows in parts.values()]
    assert not sets[0] & sets[1] | sets[0] & sets[2] | sets[1] & sets[2]
    parts = target.split(np.arange(300.0), None, [], 1)
    assert np.mean(parts["test"]) == pytest.approx(150, abs=5)


def test_a_column_that_gives_the_target_away_is_named(target):
    random = np.random.default_rng(1)
    y = random.integers(2, size=600)
    inputs = {
        "honest": (y + random.normal(size=600)).astype("float32"),
        "alive": np.where(y, "yes", "no").astype(object),
        "again": (2.0 - y).astype("float32"),
        "name": np.array([f"n{i}" for i in range(600)], object),
    }
    assert target.giving_away(inputs, y, ["a", "b"], 1) == ["alive", "again"]
    weight = random.normal(size=600)
    inputs = {"pounds": 2.2 * weight, "height": weight + random.normal(size=600)}
    assert target.giving_away(inputs, weight, [], 1) == ["pounds"]


# The network


def test_words_gaps_and_scaling_by_hand(network):
    rows = 40
    age = np.where(np.arange(rows) % 4 == 0, np.nan, np.arange(rows)).astype("float32")
    inputs = {
        "age": age,
        "size": np.arange(rows, dtype="float32"),
        "country": np.array(["F", "D", "D", "S"] * 9 + ["x", "y", "z", "F"], object),
    }
    model, words = network.build_preparation(inputs)
    assert words == {"country": ["D", "F", "S"]}  # the most frequent first, none of the rare
    asked = {
        "age": np.array([np.nan, 5, 1e20], "float32"),
        "size": np.array([0, np.nan, 39], "float32"),
        "country": np.array(["D", "x", "Narnia"], object),
    }
    X = network.apply(model, asked)
    scaled = (5 - np.nanmedian(age)) / np.nanstd(age)
    expected = [
        [0, (0 - 19.5) / np.std(np.arange(rows)), 1, 1, 0, 0],  # a gap is the median, with a flag
        [scaled, 0, 0, 0, 0, 0],  # "size" had no gap, so it has no flag; "x" was too rare
        [network.FAR, 19.5 / np.std(np.arange(rows)), 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(X, expected, rtol=1e-5, atol=1e-6)


def test_the_rule_by_hand(load_script):
    comparing = load_script("mlp/tables/comparing.py")
    random = np.random.default_rng(1)
    network = random.random(200)
    by_model = {"worse": network + 0.1 + random.normal(size=200) / 9, "neural_network": network}
    by_model["same"] = network + random.normal(size=200) / 99
    family = comparing.compare(by_model, np.arange(200))
    gains = by_model["worse"] - network
    assert family["worse"]["mean"] == pytest.approx(gains.mean())
    assert family["worse"]["p"] == pytest.approx(stats.ttest_1samp(gains, 0).pvalue)
    assert family["worse"]["holm"] == pytest.approx(2 * family["worse"]["p"])
    assert family["worse"]["low"] == pytest.approx(
        gains.mean() - 1.96 * stats.sem(gains), abs=0.002
    )
    assert family["worse"]["shown"] and not family["same"]["shown"]
    # Two hundred rows of ten groups say less than two hundred groups.
    grouped = comparing.compare(by_model, np.arange(200) % 10)
    assert grouped["worse"]["groups"] == 10 and grouped["worse"]["p"] > family["worse"]["p"]
    assert comparing.compare({"a": network, "neural_network": network}, network)["a"]["p"] == 1
    certain = comparing.compare({"a": network + 1, "neural_network": network}, np.arange(200))
    assert certain["a"]["mean"] == pytest.approx(1) and certain["a"]["shown"]


def test_a_threshold_is_a_probability(load_script):
    parse = load_script("mlp/tables/predict.py").parse_options
    options = ["--model", "run", "--rows", "new.csv", "--threshold"]
    assert parse([*options, "1"]).threshold == 1
    with pytest.raises(SystemExit):
        parse([*options, "1.01"])


def test_scores_by_hand(load_script):
    evaluate = load_script("mlp/tables/comparing.py").evaluate
    scores = evaluate(np.array([1.0, 5, 3]), np.array([2.0, 3, 4]), None, variance=4.0)
    assert scores == {
        "loss": pytest.approx((1 + 4 + 1) / 3 / 4),
        "mean_absolute_error": pytest.approx(4 / 3),
        "r2": pytest.approx(1 - 6 / 2),
    }
    answers = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    scores = evaluate(answers, np.array([0, 0, 1, 1]), ["no", "yes"], None)
    assert (scores["accuracy"], scores["auc"]) == (0.5, 0.75)
    assert scores["loss"] == pytest.approx(-np.log([0.9, 0.4, 0.3, 0.8]).mean())


@pytest.mark.parametrize("classes", [[], ["no", "yes"]], ids=["number", "classes"])
def test_boosting_stops_early(classes, load_script, monkeypatch):
    comparing, made = load_script("mlp/tables/comparing.py"), []
    for name in ("HistGradientBoostingRegressor", "HistGradientBoostingClassifier"):
        kind = getattr(comparing, name)
        monkeypatch.setattr(
            comparing, name, lambda kind=kind, **k: made.append(kind(**k)) or made[0]
        )
    random = np.random.default_rng(1)
    X = random.normal(size=(200, 2)).astype("float32")
    y = X[:, 0] + random.normal(size=200)
    part = comparing.Part(None, pd.DataFrame(X), X, (y > 0).astype(int) if classes else y, y)
    comparing.train_others(part, part._replace(y=part.y[::-1]), classes, seed=1)
    assert made[0].n_iter_ < made[0].max_iter


def test_a_temperature_never_makes_a_model_surer(load_script):
    """With a few rows that are all right, the best temperature would be 0."""
    comparing = load_script("mlp/tables/comparing.py")
    y, rows = np.arange(400) % 2, np.arange(400)

    def temperature(share):  # of the answers that are right; all are given with 0.9
        said = np.where(rows % 100 < 100 * share, y, 1 - y)
        probabilities = np.where(np.eye(2)[said] == 1, 0.9, 0.1)
        part = comparing.Part(None, None, None, y, rows)
        return comparing.choose_temperature(probabilities, part)

    assert temperature(1.0) == temperature(0.95) == 1
    # Right in 7 of 10: log(9) / temperature = log(7 / 3).
    assert temperature(0.7) == pytest.approx(np.log(9) / np.log(7 / 3), rel=1e-3)


def test_costs_and_importance(load_script):
    deciding = load_script("mlp/tables/deciding.py")
    y, probability = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.25, 0.3, 0.2, 0.9])
    points = deciding.find_thresholds(y, probability, miss=4, false_alarm=1)
    assert points["usual"] == {
        "threshold": 0.5, "missed": 1, "false_alarms": 0, "cost": 4, "precision": 1, "recall": 0.5
    }  # fmt: skip
    assert (points["calculated"]["threshold"], points["calculated"]["cost"]) == (0.2, 2)
    random = np.random.default_rng(1)
    inputs = {"a": random.normal(size=500), "b": random.normal(size=500)}
    inputs |= {f"day ({end})": inputs["a"] / 2 for end in ("days", "month", "weekday")}
    columns = [{"name": "a", "kind": "number"}, {"name": "b", "kind": "number"}]
    columns += [{"name": "day", "kind": "date"}, {"name": "c", "kind": "left out"}]
    found = deciding.find_importance(
        lambda inputs: inputs["a"] + inputs["day (days)"] + inputs["day (month)"],
        lambda answers, y: (answers - y) ** 2,
        inputs,
        2 * inputs["a"],
        columns,
        seed=1,
    )
    assert list(found) in (["a", "day", "b"], ["day", "a", "b"]) and found["b"]["rise"] == 0
    # The variance doubles, whether it is "a" or all that is made of "day".
    for column in ("a", "day"):
        assert found[column]["rise"] == pytest.approx(2, rel=0.2)


@pytest.mark.parametrize("data", [load_iris, load_diabetes], ids=["classes", "number"])
def test_a_network_that_diverges_ends_with_one_line(data, load_script, tmp_path):
    data(as_frame=True).frame.to_csv(tmp_path / "table.csv", index=False)
    options = ["--data", tmp_path / "table.csv", "--target", "target", "--outputs", tmp_path]
    options += ["--learning-rate", 3e38, "--epochs", 1, "--hidden", 2]
    with pytest.raises(SystemExit, match="the network gives no finite numbers"):
        load_script("mlp/tables/table.py").main([*map(str, options)])


@pytest.mark.slow
@pytest.mark.parametrize("data", [load_iris, load_diabetes], ids=["classes", "number"])
def test_tables_that_nobody_here_wrote(data, run_main, run_script, tmp_path):
    data(as_frame=True).frame.to_csv(tmp_path / "table.csv", index=False)
    options = ["--data", tmp_path / "table.csv", "--target", "target", "--test"]
    script, results = run_main("mlp/tables/table.py", *options, "--learning-rate", 0.005)
    assert results["task"] == ("number" if data is load_diabetes else "classes")
    scores = list(results["test"]["scores"].values())
    assert scores[3]["loss"] < scores[0]["loss"] * 0.7
    (tmp_path / "run").rename(tmp_path / "first")
    answers, what, _ = ask_file(script, tmp_path / "first" / "table.keras", list(map(str, options)))
    options = ["--model", tmp_path / "first", "--rows", tmp_path / "table.csv"]
    if data is load_diabetes:
        run_main("mlp/tables/predict.py", *options)
    else:  # in a process of its own, which knows nothing but the file
        predicted = run_script("mlp/tables/predict.py", *options, "--outputs", tmp_path / "run")
        assert predicted.returncode == 0, predicted.stderr
    written = pd.read_csv(tmp_path / "run" / "predictions.csv")
    if data is load_diabetes:
        np.testing.assert_allclose(written["target, predicted"], answers, rtol=1e-4)
    else:
        expected = written[[f"probability of {name}" for name in what.names]]
        np.testing.assert_allclose(expected, answers, atol=1e-4)
        assert (written["target, predicted"] == written["target"]).mean() > 0.93


@pytest.mark.slow
def test_a_table_of_a_thousand_columns(run_main, tmp_path, capsys):
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(200, 1000))).round(3).add_prefix("column ")
    table = table.mask(random.random(table.shape) < 0.05)
    table["take"] = random.choice(["a", "b"], 200)  # Keras has a layer of that name
    table["y"] = random.choice(["up", "down"], 200)
    table.to_csv(tmp_path / "table.csv", index=False)
    options = ["--data", tmp_path / "table.csv", "--target", "y", "--epochs", 2]
    _, results = run_main("mlp/tables/table.py", *options)
    assert len(results["columns"]) == 1001 and results["importance"] == {}
    assert "and 961 more" in capsys.readouterr().out
