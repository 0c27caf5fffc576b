"""A network for any table: what columns are taken for, one file with all that was fitted."""

import codecs
import json
import re
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, failure, loaded
from scipy import stats
from sklearn.datasets import load_diabetes, load_iris

PENGUINS = ROOT / "mlp" / "tables" / "penguins.csv"
WATCHED = ["split", "build_preparation", "make_parts", "train", "train_others", "ask", "join"]
WATCHED += ["choose_temperature", "report", "find_ranges", "find_thresholds", "find_importance"]
WATCHED += ["draw"]
SEEDED = ["set_random_seed", "split", "train_others", "find_importance"]
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


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """Return the folder of a run on a German table, its file, its results, and who got which rows.

    The last is a list of calls: the function, and the rows that it got: "training", for example.
    """
    folder = tmp_path_factory.mktemp("german")
    random = np.random.default_rng(1)
    weight = random.random(240)
    table = pd.DataFrame(
        {
            "Kunde": [f"{row:06}" for row in range(240)],
            "Zeile": [f"{row},5" for row in range(240)],  # tells where a row has gone
            "Gewicht": [f"{value:.2f}".replace(".", ",") for value in weight],
            "Preis": [
                f"{value:.3f}" if value > 1 else f"{1000 * value:.0f}" for value in 2 * weight
            ],
            "Größe": random.choice(["groß", "klein"], 240),
            "Tag": [f"{1 + row % 28:02}.01.2026" for row in range(240)],
            "Haus": [f"Haus {row // 2}" for row in range(240)],
            "Ziel": np.where(weight + random.normal(size=240) / 3 > 0.5, "ja", "nein"),
        }
    )
    table.to_csv(folder / "daten.csv", index=False, sep=";", encoding="cp1252")
    options = ["--data", folder / "daten.csv", "--target", "Ziel", "--group", "Haus", "--test"]
    options += ["--drop", "Kunde", "--encoding", "cp1252", "--decimal", "comma", "--seed", 7]
    options += ["--hidden", 4, "--epochs", 2, "--outputs", folder / "run"]
    calls, parts = [], {}
    with loaded("mlp/tables/table.py") as script, pytest.MonkeyPatch.context() as patch:

        def watch(owner, name):
            function = getattr(owner, name)

            def watched(*arguments):
                calls.append((name, arguments))
                found = 1.5 if name == "choose_temperature" else function(*arguments)
                if name == "make_parts":
                    parts.update(zip(["training", "validation", "test"], found, strict=True))
                return found

            patch.setattr(owner, name, watched)

        watch(keras.utils, "set_random_seed")
        for name in WATCHED:
            watch(script, name)
        results = script.main([*map(str, options)])

    def parts_in(arguments):
        """Return the names of the parts that are among the arguments, or whose fields are."""
        fields = [(field, name) for name, part in parts.items() for field in (part, *part)]
        return [name for argument in arguments for field, name in fields if argument is field]

    shown = [(name, parts_in(arguments)) for name, arguments in calls]
    return SimpleNamespace(
        folder=folder / "run", table=table, file=folder / "daten.csv", results=results,
        parts=parts, calls=calls, shown=shown, options=[*map(str, options)],
    )  # fmt: skip


def ask_file(script, path, options):
    """Return what a network says of all rows, with their targets and groups."""
    table, found, what, groups, _ = script.read(script.parse_options(options))
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


def test_which_rows_teach_choose_and_judge(german, load_script):
    """Each row has a number of its own, by which it is known wherever it goes."""
    rows = {name: set(part.inputs["Zeile"] - 0.5) for name, part in german.parts.items()}
    assert [len(rows[name]) for name in ("training", "validation", "test")] == [144, 48, 48]
    assert set.union(*rows.values()) == set(range(240))
    houses = {name: {row // 2 for row in part} for name, part in rows.items()}
    assert sum(map(len, houses.values())) == len(set.union(*houses.values())) == 120
    for name, part in german.parts.items():  # all that a part consists of are these rows, in order
        assert (part.frame["Zeile"] == part.inputs["Zeile"]).all()
        assert stats.rankdata(part.X[:, 0]).tolist() == stats.rankdata(part.frame["Zeile"]).tolist()
        numbers = (part.frame["Zeile"] - 0.5).astype(int)
        assert (part.y == (german.table["Ziel"] == "ja")[numbers]).all(), name
        assert (part.groups == german.table["Haus"][numbers]).all()
    ((_, (learned,)),) = [call for call in german.calls if call[0] == "build_preparation"]
    assert set(learned["Zeile"] - 0.5) == rows["training"]
    ranges = german.results["ranges"]
    assert ranges["Zeile"] == [min(rows["training"]) + 0.5, max(rows["training"]) + 0.5]
    seeded = [arguments[-1] for name, arguments in german.calls if name in SEEDED]
    assert seeded == [7, 7, 7, 7]
    assert [arguments[2] for name, arguments in german.calls if name == "join"] == [1, 1.5]

    learning, judging = ["training", "validation"], ["validation", "validation"]
    assert [one for one in german.shown if one[1]] == [
        ("train", learning),
        ("train_others", learning),
        ("ask", ["validation"]),
        ("choose_temperature", ["validation"]),
        ("report", ["validation"]),
        ("ask", ["validation"]),
        ("find_ranges", ["training"]),
        ("find_thresholds", ["validation"]),
        ("find_importance", judging),
        ("report", ["test"]),
        ("ask", ["test"]),
        ("find_thresholds", ["test"]),
        ("draw", ["validation"]),
    ]


def test_the_seed_is_that_of_the_split(target):
    y = np.arange(100) % 2
    for groups in (None, np.arange(100) // 2):
        first, second, again = (target.split(y, groups, ["a", "b"], seed) for seed in (1, 2, 1))
        assert first["test"].tolist() == again["test"].tolist() != second["test"].tolist()


def test_the_network_of_the_best_epoch_is_kept(network, monkeypatch):
    random, learned = np.random.default_rng(1), []
    X = random.normal(size=(200, 3)).astype("float32")
    y = random.integers(2, size=200)  # there is nothing to learn: each epoch makes it worse
    training, validation = SimpleNamespace(X=X[:50], y=y[:50]), SimpleNamespace(X=X[50:], y=y[50:])
    fit = keras.Sequential.fit
    monkeypatch.setattr(
        keras.Sequential, "fit", lambda *a, **k: learned.append(a[1]) or fit(*a, **k)
    )
    options = SimpleNamespace(hidden=[20], learning_rate=0.05, epochs=5)
    model, history = network.train(training, validation, ["no", "yes"], options)
    assert learned[0] is training.X
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = float(loss(validation.y, model(validation.X)))
    assert found == pytest.approx(min(history["val_loss"]), rel=1e-4)
    assert found < history["val_loss"][-1] - 0.05


def test_predicting_tomorrow(run, run_main, tmp_path, capsys):
    folder, _ = run
    table = pd.read_csv(PENGUINS).drop(columns=["Sex", "Comments"]).sample(8, random_state=1)
    table = table[table.columns[::-1]].assign(Comments=None, more=1).astype(object)
    table.iloc[2, table.columns.get_loc("Island")] = "Dream 2"
    table.iloc[3, table.columns.get_loc("Body Mass (g)")] = "heavy"
    table.iloc[4, table.columns.get_loc("Delta 15 N (o/oo)")] = None
    table.to_csv(tmp_path / "rows.csv", index=False)
    options = ["--model", folder, "--rows", tmp_path / "rows.csv", "--anyway"]
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
    (tmp_path / "results.json").write_text(json.dumps(kept))
    shutil.copy(ROOT / "assets/models/conv_net.keras", tmp_path / "table.keras")
    assert "is not the one that its results.json describes" in failure(script.main, options)
    assert not (tmp_path / "none").exists()


@pytest.fixture
def tomorrow(german, load_script, tmp_path, capsys):
    """Return a function that asks the German network about a table, and gives answers and words."""
    predict = load_script("mlp/tables/predict.py")

    def ask(table, *options, sep=";", encoding="cp1252"):
        table.to_csv(tmp_path / "rows.csv", index=False, sep=sep, encoding=encoding)
        options = ["--model", german.folder, "--rows", tmp_path / "rows.csv", *options]
        predict.main([*map(str, options), "--outputs", str(tmp_path / "run")])
        file = tmp_path / "run" / "predictions.csv"
        texts = pd.read_csv(file, sep=sep, dtype=str, na_filter=False)
        assert (texts[[*table.columns]].to_numpy() == table.to_numpy()).all()  # as they stood
        return texts["probability of ja"], capsys.readouterr().out

    return ask


def refused(ask, *arguments, **options):
    with pytest.raises(SystemExit) as stop:
        ask(*arguments, **options)
    return stop.value.code


def test_rows_come_back_as_they_stood_in_the_file(tomorrow, german):
    table = german.table.assign(Nummer="1E5", Preis2="9.467", Bemerkung="")
    table.loc[0, "Bemerkung"] = "3.5 stars"  # which changes no column of numbers
    usual, said = tomorrow(table)
    assert "cannot read" not in said and usual.str.fullmatch(r"[01](,\d+)?").all()
    usual = usual.str.replace(",", ".").astype(float)
    # The same rows as they are written elsewhere, and only those whose prices may mean either.
    english = table.assign(
        Preis=table["Preis"].str.replace(".", ""), Gewicht=table["Gewicht"].str.replace(",", "."),
        Zeile=table["Zeile"].str.replace(",", "."),
    )  # fmt: skip
    found, _ = tomorrow(english[english.columns[::-1]], sep=",", encoding="utf-8")
    np.testing.assert_array_equal(found.astype(float), usual)
    open_to_both = table[table["Preis"].str.contains(".", regex=False)]
    found, _ = tomorrow(open_to_both, encoding="utf-8")
    assert len(found) > 50
    np.testing.assert_allclose(
        found.str.replace(",", ".").astype(float), usual[open_to_both.index], atol=1e-4
    )
    points = german.table.head(9).assign(Preis=["1.204", "0.71", "3"] * 3)
    assert "may be 1.204 or 1204" in refused(tomorrow, points)
    said = tomorrow(points, "--decimal", "point", "--anyway")[1]
    assert "Preis: 9 of 9 values outside of" in said  # which are thousands


def test_codes_that_are_words_stay_as_they_are_written(load_script):
    """Also in a file of tomorrow in which they all happen to look like numbers."""
    rows = load_script("mlp/tables/rows.py")
    texts = pd.DataFrame({"code": ["007", "4.120", ""], "size": ["007", "4.120", "1.5"]}, dtype=str)
    values, marks = rows.read_values(texts, words=["code"])
    assert values["code"].tolist()[:2] == ["007", "4.120"] and values["code"].isna()[2]
    assert values["size"].tolist() == [7, 4.12, 1.5] and marks == {"size": "point"}


def test_rows_unlike_what_was_learned_end_with_one_line(tomorrow, german, tmp_path, capsys):
    table, least = german.table, german.results["ranges"]["Gewicht"][0]
    other = table.assign(Tag="2026-01-31")
    assert "has much in Tag (days) that is unlike" in refused(tomorrow, other)
    assert 'such as "2026-01-31", in 240 of 240 rows' in capsys.readouterr().out
    assert not (tmp_path / "run").exists()
    other.loc[20:, "Tag"] = "05.01.2036"
    assert "Tag (days): 220 of 240 values outside" in tomorrow(other)[1]  # tomorrow is later
    heavy = table.assign(Gewicht=table["Gewicht"].str.replace(",", ""))
    assert "has much in Gewicht that is unlike" in refused(tomorrow, heavy)
    assert f" outside of {least:g} to " in capsys.readouterr().out
    assert len(tomorrow(heavy, "--anyway")[0]) == 240
    heavy.loc[100:, "Gewicht"] = "0,5"
    assert re.search(r"Gewicht: \d\d of 240 values outside of", tomorrow(heavy)[1])


DAMAGED = {
    "two numbers": {"task": "number"},
    "another task": {"task": "x"},
    "a task that is none": {"task": ["classes"]},
    "a threshold that is none": {"thresholds": {"calculated": {"threshold": float("nan")}}},
    "a threshold of 400 digits": {"thresholds": {"calculated": {"threshold": 10**400}}},
    "no threshold": {"thresholds": {}},
    "a format that is none": {"columns": [{"name": "x", "kind": "date", "format": "%Q"}]},
    "a date without a format": {"columns": [{"name": "x", "kind": "date"}]},
    "a mark that is none": {"columns": [{"name": "x", "kind": "number", "decimal": "dash"}]},
    "columns that are none": {"columns": [3]},
    "names that are none": {"names": [1, 2]},
    "one name": {"names": 3},
    "names in a list": {"names": [["ja"], ["nein"]]},
    "no ranges": {"ranges": None},
    "ranges that are none": {"ranges": {"Gewicht": [0, float("inf")]}},
    "a range of 400 digits": {"ranges": {"Gewicht": [0, 10**400]}},
    "a range of three": {"ranges": {"Gewicht": [0, 1, 2]}},
    "no separator": {"file": {"separator": "", "encoding": "utf-8"}},
    "no file": {"file": None},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_run_ends_with_one_line(damage, load_script, tmp_path):
    good = {"columns": [{"name": "Gewicht", "kind": "number"}], "names": ["nein", "ja"]}
    good |= {"task": "yes-or-no", "target": "Ziel", "ranges": {"Gewicht": [0, 1.5]}}
    good |= {"file": {"separator": ";", "encoding": "utf-8"}}
    good |= {"thresholds": {"calculated": {"threshold": 0.5}}}
    load_run = load_script("mlp/tables/predict.py").load_run
    (tmp_path / "results.json").write_text(json.dumps(good))
    assert "there is no" in failure(load_run, tmp_path)  # a network beside it
    (tmp_path / "results.json").write_text(json.dumps(good | DAMAGED[damage]))
    assert "is not a finished run of table.py" in failure(load_run, tmp_path)


def test_results_of_another_network_end_with_one_line(german, load_script, tmp_path):
    load_run = load_script("mlp/tables/predict.py").load_run
    (tmp_path / "table.keras").symlink_to(german.folder / "table.keras")
    columns = json.loads(json.dumps(german.results["columns"]))
    exchanged = {"number": "words", "words": "number", "date": "date"}
    other = [one | {"kind": exchanged[one["kind"]]} for one in columns]
    for damage in ({"names": ["ja", "kaum"]}, {"columns": columns[1:]}, {"columns": other}):
        (tmp_path / "results.json").write_text(json.dumps(german.results | damage))
        line = failure(load_run, tmp_path)
        assert "is not the one that its results.json describes" in line


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

    with loaded("serialization/operating/table_app.py") as script:
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


ANSWERS = {
    "not finite": lambda x: keras.ops.log(x * 0 - 1),
    "a matrix": lambda x: x[:, None],
    "nothing": lambda x: x[:, :0],
    "a dict": lambda x: {"a": x},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_service_refuses_a_network_without_one_finite_number(name, load_script, tmp_path):
    row = {column: keras.Input((1,), name=column) for column in ("b", "c")}
    model = keras.Model(row, {"answer": ANSWERS[name](row["b"] + row["c"])})
    model.save(tmp_path / "model.keras")
    script = load_script("serialization/operating/table_app.py")
    line = failure(script.create_app, tmp_path / "model.keras")
    assert "does not answer a row with one finite number" in line


# What a column is taken for

DAYS = pd.date_range("2025-01-28", periods=60)
KINDS = {
    "numbers": ([f"{i % 7}.5" for i in range(60)], "number", "numbers from 0.5 to 6.5"),
    "gaps": ([None, *range(59)], "number", "1 gaps"),
    "odd": (["oops", *map(str, range(59))], "number", 'such as "oops"'),
    "codes": ([i % 4 for i in range(60)], "number", "4 different ones: if they are codes"),
    "yes-or-no": (["True", "False"] * 30, "words", "False, True"),
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
    files = {  # separator and encoding, and what stands before decimals
        "größe,km/h\n1.5,?\n": (",", "utf-8", "point"),
        "größe;km/h\n1,5;\n2,5;31.01.2025\n": (";", "utf-8", "comma"),
        "größe;take\n1,5;\n": (";", "utf-8", "comma"),
        "größe\tkm/h\n1,5\tNA\n": ("\t", "utf-16", "comma"),
        '"größe"|km/h\n1.5|-\n': ("|", "utf-8-sig", "point"),
    }
    for text, (separator, encoding, mark) in files.items():
        path.write_text(text, encoding=encoding)
        texts, form, said = rows.read_rows(path)
        assert form == {"separator": separator, "encoding": encoding}
        assert said == ([f'separated by "{separator}"'] if separator in ";|" else [])
        table, decimals = rows.read_values(texts)
        second = "take_" if "take" in text else "km_h"  # the names that Keras allows
        assert list(table.columns) == ["größe", second] and decimals == {"größe": mark}
        assert table.iloc[0, 0] == 1.5 and pd.isna(table.iloc[0, 1])
    path.write_text("größe\n1\n", encoding="cp1252")
    assert "not in utf-8" in failure(rows.read_rows, path)
    assert list(rows.read_rows(path, "cp1252")[0].columns) == ["größe"]
    usual = {"separator": ";", "encoding": "cp1252"}  # of the file that was learned from
    assert list(rows.read_rows(path, usual=usual)[0].columns) == ["größe"]
    path.write_text("größe;a,b,c\n1;2\n", encoding="utf-8")
    texts, form, _ = rows.read_rows(path, usual=usual)
    assert list(texts.columns) == ["größe", "a,b,c"] and form == usual | {"encoding": "utf-8"}
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


GERMAN, ENGLISH = "comma", "point"
AMOUNTS = {  # texts of a column: what stands before decimals, and the numbers
    "9.467 950": None,
    "9,467 950": None,
    "9.467 12.500": None,
    "-1,250 -3,500": None,
    "9.467 950 0.5 1,5": None,  # both marks are before decimals
    "9.467 950 0,71": (GERMAN, [9467, 950, 0.71]),
    "9.467 950 1.234.567": (GERMAN, [9467, 950, 1_234_567]),
    "9.467 1.234,5 12": (GERMAN, [9467, 1234.5, 12]),
    "1,5 ,5 -2,": (GERMAN, [1.5, 0.5, -2]),
    "1.204 0.71 3": (ENGLISH, [1.204, 0.71, 3]),
    "1.204 1234.567": (ENGLISH, [1.204, 1234.567]),
    "9,467 1,234.50": (ENGLISH, [9467, 1234.5]),
    "1,234,567 950": (ENGLISH, [1_234_567, 950]),
    "1.5e3 -2E-1 +.5": (ENGLISH, [1500, -0.2, 0.5]),
    "0.125 0,125": (None, [0.125, 0.125]),
    "007 1E5 12": (None, [7, 100_000, 12]),
}


@pytest.mark.parametrize("texts", AMOUNTS)
def test_a_mark_that_may_be_of_decimals_or_of_thousands_is_asked_about(texts, load_script):
    rows = load_script("mlp/tables/rows.py")
    table, expected = pd.DataFrame({"price": texts.split()}, dtype=str), AMOUNTS[texts]
    if expected:
        values, decimals = rows.read_values(table)
        assert values["price"].tolist() == expected[1] and decimals.get("price") == expected[0]
        return
    said = failure(rows.read_values, table)
    assert "in the column price may be" in said and "--decimal point or --decimal comma" in said
    for mark, point in ((ENGLISH, "."), (GERMAN, ",")):
        first = float(texts.split()[0].replace({".": ",", ",": "."}[point], "").replace(point, "."))
        assert rows.read_values(table, mark)[0].iloc[0, 0] == first
        if "1,5" not in texts:
            assert rows.read_values(table, usual={"price": mark})[0].iloc[0, 0] == first


def test_a_remark_does_not_change_how_numbers_are_read(load_script):
    rows = load_script("mlp/tables/rows.py")
    texts = pd.DataFrame({"carat": ["0,71", "1,5", "NA", "1.204,5"] * 10, "remark": ""}, dtype=str)
    texts.loc[0, "remark"] = "3.5 stars"
    texts.loc[:2, "carat"] = ["k.A.", "2,5", "0.5"]  # nine in ten are numbers
    values, decimals = rows.read_values(texts)
    assert decimals == {} and values["remark"].dropna().tolist() == ["3.5 stars"]
    assert values["carat"][:4].tolist() == ["k.A.", "2.5", "0.5", "1204.5"]
    texts.loc[:20, "carat"] = "k.A."
    assert rows.read_values(texts)[0]["carat"].iloc[-1] == "1.204,5"  # a column of words
    values, _ = rows.read_values(texts, numbers=["carat"])
    assert values["carat"].iloc[-1] == "1204.5"


def test_rows_without_a_group_stay_together(load_script, tmp_path, capsys):
    script, path = load_script("mlp/tables/table.py"), tmp_path / "table.csv"
    people = [None] * 6 + [f"person {number}" for number in range(54)]
    table_of(target=["x", "y"] * 30, person=people).to_csv(path, index=False)
    options = ["--data", str(path), "--target", "target", "--group", "person"]
    *_, groups, _ = script.read(script.parse_options(options))
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
    assert task(["True"] * 60 + ["False"] * 20)[0].classes == ["False", "True"]
    assert task(["a"] * 20 + ["b"] * 60)[0].classes == ["b", "a"]  # the rarer one is yes
    assert task([0, 1, 2, 3] * 20)[0].task == "classes"
    assert task([0, 1, 2, 3] * 20, "number")[0].task == "number"
    assert task(np.arange(80) / 7)[0].task == "number"
    found, said = task(["a", "b"] * 30 + ["rare"])
    assert (
        set(found.classes) == {"a", "b"} and "1 rows of classes with fewer than 5: rare" in said[0]
    )


def test_a_few_words_among_numbers_of_the_target_are_missing_values(target):
    def task(values, asked=None):
        table = pd.DataFrame({"a": np.arange(len(values)), "y": values})
        table, found, said = target.read_target(table, "y", asked, None, "file")
        return table["a"].tolist(), found, said

    prices = [f"{1000 + 7 * i * i}" for i in range(97)]
    for asked in (None, "number"):
        rows, found, said = task([*prices[:50], "k.A.", *prices[50:], None], asked)
        assert found.task == "number" and found.y.tolist() == [*map(float, prices)]
        assert rows == [*range(50), *range(51, 98)]
        assert said[1] == 'left out: 1 targets that are no numbers, such as "k.A."'
    assert "--task number cannot be" in failure(task, prices[:30] + ["k.A."] * 20, "number")
    # A few different numbers are classes, and a word is one more.
    assert task(["1", "2", "3"] * 30 + ["x"] * 5)[1].classes == ["1", "2", "3", "x"]
    assert task(["1"] * 90 + ["x"] * 6)[1].task == "yes-or-no"


def test_no_more_than_a_tenth_of_the_rows_is_lost(target):
    def read(values):
        table = pd.DataFrame({"a": range(len(values)), "y": values})
        return target.read_target(table, "y", None, None, "file")

    usual = ["x", "y"] * 27
    assert len(read([*usual, *"abcdef"])[0]) == 54
    line = failure(read, [*usual, *"abcdefg"])
    assert "has 7 of 61 rows in classes with fewer than 5: a, b, c, d and 3 more" in line


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
def test_other_models_learn_stop_and_are_chosen_by_the_right_rows(
    classes, load_script, monkeypatch
):
    comparing, fitted, asked = load_script("mlp/tables/comparing.py"), {}, []
    names = ["DummyRegressor", "RidgeCV", "HistGradientBoostingRegressor"]
    if classes:
        names = ["DummyClassifier", "LogisticRegression", "HistGradientBoostingClassifier"]
    for kind in (getattr(comparing, name) for name in names):

        def fit(self, X, y, fit=kind.fit, **watched):
            fitted.setdefault(type(self).__name__, []).append((self, X, y, watched))
            return fit(self, X, y, **watched)

        monkeypatch.setattr(kind, "fit", fit)
    ask = comparing.LogisticRegression.predict_proba
    monkeypatch.setattr(
        comparing.LogisticRegression, "predict_proba", lambda *a: asked.append(a) or ask(*a)
    )
    random = np.random.default_rng(1)

    def make_part():
        X = random.normal(size=(200, 2)).astype("float32")
        y = X[:, 0] + random.normal(size=200)
        y = (y > 0).astype(int) if classes else y
        return comparing.Part(None, pd.DataFrame(X), X, y, np.arange(200))

    training, validation = make_part(), make_part()
    comparing.train_others(training, validation, classes, seed=1)
    assert set(fitted) == set(names)
    for name, trained in fitted.items():
        boosting = name.startswith("Hist")
        for _, X, y, _ in trained:
            assert X is (training.frame if boosting else training.X) and y is training.y
    ((boosting, _, _, watched),) = fitted[names[2]]
    assert watched["X_val"] is validation.frame and watched["y_val"] is validation.y
    assert boosting.n_iter_ < boosting.max_iter  # it has stopped early
    # The penalty is chosen, and the temperature, too, by the validation rows.
    assert len(asked) == (len(comparing.STRENGTHS) + 1 if classes else 0)
    assert all(X is validation.X for _, X in asked)
    if classes:
        right = [
            ask(model, validation.X)[range(200), validation.y] for model, *_ in fitted[names[1]]
        ]
        best = int(np.argmin([-np.log(one).mean() for one in right]))
        assert asked[-1][0] is fitted[names[1]][best][0]


def test_a_temperature_is_tried_on_other_groups_than_it_was_fitted_on(load_script, monkeypatch):
    comparing, halves = load_script("mlp/tables/comparing.py"), []
    groups = np.arange(40) // 4
    answers = np.where(np.eye(2)[groups % 2] == 1, 0.4, 0.6)  # more than half of them are wrong
    part = comparing.Part(None, None, None, groups % 2, groups)
    for after, helps in ((answers, False), (np.full((40, 2), 0.5), True)):
        monkeypatch.setattr(
            comparing,
            "cross_fit_temperature",
            lambda *a, after=after: halves.append(a[2]) or (after, 0),
        )
        assert (comparing.choose_temperature(answers, part) > 1) == helps
    assert set(halves[0]) == {0, 1}
    assert all(len(set(halves[0][groups == group])) == 1 for group in groups)


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
