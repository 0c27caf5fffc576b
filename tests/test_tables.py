"""A network for any table: what columns are taken for, one file with all that was fitted."""

import codecs
import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import openpyxl
import pandas as pd
import pytest
import skops.io
from conftest import failure, load, spoilt
from scipy import stats
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import Pipeline
from starlette.testclient import TestClient

from mlp.tables import columns, comparing, deciding, kept, network, target, unlike
from mlp.tables import folds as script_folds
from utils import tables

comparing.TREES = 20  # of a forest, which are enough to see that it learns
script, predict = load("mlp/tables/table.py"), load("mlp/tables/predict.py")
run_app = load("serialization/operating/run_app.py")
LOCAL, AS_JSON = "http://localhost", {"Content-Type": "application/json"}
WATCHED = ["split", "make_fold", "train_each", "train_others", "ask_each", "ask", "train_again"]
WATCHED += ["choose_temperature", "report", "find_thresholds", "find_importance", "recommend"]
SEEDED = ["set_random_seed", "split", "train_others", "find_importance"]


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """Return the folder of a run on a German table, its results, its folds, and who got what."""
    folder = tmp_path_factory.mktemp("german")
    random = np.random.default_rng(1)
    weight = random.random(240)
    prices = [f"{value:.3f}" if value > 1 else f"{1000 * value:.0f}" for value in 2 * weight]
    table = {
        "Kunde": [f"{row:06}" for row in range(240)],
        "Zeile": [f"{row},5" for row in range(240)],  # tells where a row has gone
        "Gewicht": [f"{value:.2f}".replace(".", ",") for value in weight],
        "Preis": prices,
        "Größe": random.choice(["groß", "klein"], 240),
        "Tag": [f"{1 + row % 28:02}.01.2026" for row in range(240)],
        "Haus": [f"Haus {row // 2}" for row in range(240)],
        "Ziel": np.where(weight + random.normal(size=240) / 9 > 0.5, "ja", "nein"),
    }
    table = pd.DataFrame(table)
    table.to_csv(folder / "daten.csv", index=False, sep=";", encoding="cp1252")
    options = ["--data", folder / "daten.csv", "--target", "Ziel", "--group", "Haus", "--test"]
    options += ["--drop", "Kunde", "--encoding", "cp1252", "--decimal", "comma", "--seed", 7]
    options += ["--hidden", 8, "--epochs", 20, "--learning-rate", 0.02, "--cost-miss", 4]
    options += ["--model", "network"]
    calls, folds = {name: [] for name in ["set_random_seed", "build_preparation", *WATCHED]}, []
    with pytest.MonkeyPatch.context() as patch:

        def watch(owner, name):
            function = getattr(owner, name)

            def watched(*arguments):
                calls[name].append(arguments)
                found = 1.5 if name == "choose_temperature" else function(*arguments)
                if name == "make_fold":
                    folds.append(found)
                return found

            patch.setattr(owner, name, watched)

        for name in ("STRENGTHS", "RATES", "LEAVES", "SHARES"):
            patch.setattr(comparing, name, getattr(comparing, name)[:1])
        patch.setattr(deciding, "REPEATS", 1)
        watch(keras.utils, "set_random_seed")
        watch(script_folds, "build_preparation")
        for name in WATCHED:
            watch(script, name)
        results = script.main([*map(str, options), "--outputs", str(folder)])
    found = {"folder": folder, "table": table, "results": results, "folds": folds}
    return SimpleNamespace(**found, calls=calls, model=kept.load_run(folder))


def test_the_network_learns_and_is_kept_fitted_on_all_rows(german):
    results = german.results
    for part in ("validation", "test"):
        scores = results[part]["scores"]
        assert scores["neural_network"]["accuracy"] > scores["majority_class"]["accuracy"] + 0.25
    inputs = german.calls["ask"][0][1]
    y = (german.table["Ziel"] == "ja").to_numpy()[rows_of(inputs)].astype(int)
    loss = script.losses(german.model.ask(inputs), y, ["no", "yes"]).mean()
    assert loss < scores["neural_network"]["loss"] + 0.1  # it has learned from the test rows, too
    assert results["thresholds"]["calculated"]["threshold"] == 1 / 5  # what the costs say
    assert set(results["test"]["thresholds"]) == {"usual", "calculated"}  # nothing is chosen there


def rows_of(inputs):
    """Return the numbers of rows of the German table: each knows its own."""
    return (np.asarray(inputs["Zeile"]) - 0.5).astype(int)


def test_which_rows_teach_choose_and_judge(german):
    calls, truth = german.calls, (german.table["Ziel"] == "ja").to_numpy().astype(int)
    house = german.table["Haus"].to_numpy()
    validated = np.concatenate([rows_of(fold.validation.inputs) for fold in german.folds])
    tested = rows_of(calls["ask"][0][1])
    assert len(german.folds) == 4 and len(tested) == 48
    assert sorted([*validated, *tested]) == [*range(240)]
    for fold, (learned,) in zip(german.folds, calls["build_preparation"], strict=False):
        trained = set(rows_of(fold.training.inputs))
        assert set(rows_of(learned)) == trained
        assert trained == set(validated) - set(rows_of(fold.validation.inputs))
        assert not set(house[[*trained]]) & set(house[rows_of(fold.validation.inputs)])
        for part in fold[:2]:  # all that a part consists of are these rows, in order
            rows = rows_of(part.inputs)
            assert (rows_of(part.frame) == rows).all() and (part.y == truth[rows]).all()
            assert stats.rankdata(part.X[:, 0]).tolist() == stats.rankdata(rows).tolist()
    assert not set(house[validated]) & set(house[tested])
    for name in ("train_each", "train_others"):
        assert calls[name][0][0] == german.folds
    # Each row that validates is asked about in its fold; these rows choose and calibrate.
    sizes = [len(fold.validation.y) for fold in german.folds]
    number = dict(zip(validated, np.repeat(range(4), sizes), strict=True))
    for _, folds, inputs, numbers, _ in calls["ask_each"][:10]:  # five models, before and after
        assert folds == german.folds and (rows_of(inputs) == validated).all()
        assert numbers.tolist() == [number[row] for row in validated]
    assert len(calls["choose_temperature"]) == 5
    for _, y, groups in calls["choose_temperature"]:
        assert (y == truth[validated]).all() and (groups == house[validated]).all()
    assert (rows_of(calls["find_importance"][0][2]) == validated).all()
    assert (calls["recommend"][0][1] == house[validated]).all()
    for name, place in (("report", 2), ("find_thresholds", 0)):
        choosing, judging = (arguments[place] for arguments in calls[name])
        assert (choosing == truth[validated]).all() and (judging == truth[tested]).all()
    # For the test, models learn from all rows but its own; what is kept learns from all.
    for (inputs, y, _, temperature, _, epochs), rows in zip(
        calls["train_again"], (sorted(validated), range(240)), strict=True
    ):
        assert rows_of(inputs).tolist() == [*rows] and (y == truth[[*rows]]).all()
        assert temperature == 1.5
        losses = german.results["history"]["val_loss"]
        assert losses[epochs - 1] == min(losses)
    assert german.results["ranges"]["Zeile"] == [0.5, 239.5]
    seeds = [one for name in SEEDED for one in calls[name]]
    assert [one[3] if len(one) == 5 else one[-1] for one in seeds] == [7, 7, 7, 7]


def test_groups_stay_together_classes_are_spread_and_the_seed_counts():
    y, groups = np.arange(300) % 3, np.arange(300) // 3
    for given in (None, groups):
        (test, folds), again, other = (
            script_folds.split(y, given, ["a", "b", "c"], seed) for seed in (1, 1, 2)
        )
        assert test.tolist() == again[0].tolist() != other[0].tolist()
        assert sorted([*test, *np.concatenate([rows for _, rows in folds])]) == list(range(300))
        for parts in folds:
            assert len(parts[0]) == pytest.approx(180, abs=6)
            for one in (test, *parts):
                assert np.bincount(y[one]).min() > len(one) / 3 - 3
    sets = [set(groups[one]) for one in (test, *folds[0])]
    assert not sets[0] & sets[1] | sets[0] & sets[2] | sets[1] & sets[2]
    fault = partial(script_folds.find_fault, y=np.array([0, 0, 1]), classes=["b", "c"])
    assert "a class has no row" in fault([("a", [0, 1])]) and fault([("a", [0, 2])]) is None
    test, _ = script_folds.split(np.arange(300.0), None, [], 1)
    assert np.mean(test) == pytest.approx(150, abs=5)
    years = np.repeat([2, 0, 1], 100)  # the rows of one year are not torn apart
    test, folds = script_folds.split(np.arange(300.0), None, [], 1, years)
    assert [set(years[one]) for one in (test, *folds[0])] == [{2}, {0}, {1}] and len(folds) == 1
    many = np.arange(script_folds.SMALL)
    assert len(script_folds.split(many * 1.0, None, [], 1)[1]) == 1  # of a large table
    _, folds = script_folds.split(many[1:] * 1.0, None, [], 1, many[:0:-1])
    for training, validation in folds:  # nothing that is later teaches
        assert training.min() == validation.max() + 1
    assert len(folds) == 4


@pytest.fixture
def tomorrow(german, tmp_path, monkeypatch, capsys):
    """Return a function that asks about a table, and gives probabilities, answers and words."""
    monkeypatch.setattr(predict, "load_run", lambda folder: german.model)

    def ask(table, *options, sep=";", encoding="cp1252"):
        table.to_csv(tmp_path / "rows.csv", index=False, sep=sep, encoding=encoding)
        options = ["--model", german.folder, "--rows", tmp_path / "rows.csv", *options]
        predict.main([*map(str, options), "--outputs", str(tmp_path / "run")])
        file = tmp_path / "run" / "predictions.csv"
        texts = pd.read_csv(file, sep=sep, dtype=str, na_filter=False, encoding=encoding)
        assert (texts[[*table.columns]].to_numpy() == table.to_numpy()).all()  # as they stood
        yes = texts["probability of ja"].str.replace(",", ".").astype(float)
        return yes, texts["Ziel, predicted"], capsys.readouterr().out

    return ask


def test_predicting_tomorrow(tomorrow, german):
    table = german.table.head(30).drop(columns=["Ziel", "Haus"]).assign(mehr="1")
    table.loc[2, "Größe"], table.loc[3, "Preis"], table.loc[4, "Gewicht"] = "riesig", "teuer", ""
    for threshold, options in ((0.2, []), (0.9, ["--threshold", 0.9])):
        yes, answers, said = tomorrow(table, *options)
        assert 'Größe: unknown or rare words, such as "riesig", in 1 of 30' in said
        assert 'Preis: values that it cannot read, such as "teuer", in 1 of 30' in said
        assert (answers == np.where(yes >= threshold, "ja", "nein")).all()
        assert f"30 rows, {(yes >= threshold).sum()} of them with ja" in said
    assert "has no column Größe" in failure(tomorrow, table.drop(columns="Größe"))


def test_rows_unlike_what_was_learned_end_with_one_line(tomorrow, german, tmp_path):
    other = german.table.assign(Tag="2026-01-31")
    assert "has much in Tag (days) that is unlike" in failure(tomorrow, other)
    assert not (tmp_path / "run").exists()
    other.loc[20:, "Tag"] = "05.01.2036"
    assert "Tag (days): 220 of 240 values outside" in tomorrow(other)[2]  # tomorrow is later
    heavy = german.table.assign(Gewicht=german.table["Gewicht"].str.replace(",", ""))
    assert "has much in Gewicht that is unlike" in failure(tomorrow, heavy)
    assert len(tomorrow(heavy, "--anyway")[0]) == 240
    for name, value in (("Größe", "riesig"), ("Gewicht", "")):  # new words, a column that is empty
        other = german.table.assign(**{name: value})
        assert f"has much in {name} that is unlike" in failure(tomorrow, other)
    assert "Gewicht: " in tomorrow(other.head(9))[2]  # nine rows are too few to tell


@pytest.fixture(scope="module")
def flats(tmp_path_factory):
    """Return the folder of a run whose best model is no network, its results and its table."""
    folder, random = tmp_path_factory.mktemp("flats"), np.random.default_rng(1)
    size = random.uniform(20, 120, 150).round(1)
    table = {"id": [f"{row:04}" for row in range(150)], "size/m²": size}
    table["town"] = random.choice(["Ulm", "Bonn"], 150)
    table["day"] = pd.date_range("2025-01-01", periods=150)[random.permutation(150)]
    table["rent"] = (9 * size + 100 * (table["town"] == "Ulm") + random.normal(size=150)).round(1)
    table = pd.DataFrame(table)
    table.to_excel(folder / "flats.xlsx", index=False)
    options = ["--data", folder / "flats.xlsx", "--target", "rent", "--time", "day"]
    options += ["--hidden", 4, "--epochs", 2, "--outputs", folder]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script_folds, "SMALL", 0)  # one fold
        results = script.main([*map(str, options)])
    return SimpleNamespace(folder=folder, results=results, table=table)


def test_the_best_model_is_kept_asked_and_served_without_keras(flats, tmp_path):
    assert flats.results["kept"] == flats.results["recommended"] == "ridge_regression"
    assert flats.results["rows"] == {"known": 120, "test": 30}
    assert not (flats.folder / "table.keras").exists()
    code = """import pathlib, sys
import book.pages.chapter
sys.modules["chapter"] = book.pages.chapter
from mlp.tables import predict
from serialization.operating import run_app
predict.main(sys.argv[1:])
run_app.create_app(pathlib.Path(sys.argv[2]))
assert not {"keras", "tensorflow"} & {*sys.modules}"""
    options = ["--model", flats.folder, "--rows", flats.folder / "flats.xlsx"]
    subprocess.run([sys.executable, "-c", code, *options, "--outputs", tmp_path], check=True)
    assert "neither a run of table.py nor" in failure(run_app.create_app, tmp_path.parent)
    assert (tmp_path / "predictions.csv").read_bytes().startswith(codecs.BOM_UTF8)  # for Excel
    written = pd.read_csv(tmp_path / "predictions.csv", dtype={"id": str}, encoding="utf-8-sig")
    assert written["id"].tolist() == flats.table["id"].tolist()
    assert np.abs(written["rent, predicted"] - flats.table["rent"]).mean() < 20


def program(folder):
    """Return what the two programs of the text, for scikit-learn and for Keras, leave behind."""
    text = (Path(script.__file__).parent / "README.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n((?:import json|model = keras).*?)```", text, re.DOTALL)
    code = first if (folder / "table.skops").exists() else second
    return code.replace("mlp/outputs/RUN", str(folder))


def test_a_program_of_ones_own_answers_as_the_run_does(german, tmp_path):
    random = np.random.default_rng(1)
    inputs = {"size": random.uniform(0, 100, 200).astype("float32")}
    inputs["town"] = random.choice(["Ulm", "Bonn"], 200).astype(object)
    words, y = {"town": ["Ulm", "Bonn"]}, (inputs["size"] > 50).astype(int)
    (model, *_) = comparing.rivals(200, ["no", "yes"], 1)["logistic_regression"]
    model = model.fit(kept.to_frame(inputs, words), y)
    kept.save(model, "logistic_regression", tmp_path)
    about = {"task": "yes-or-no", "names": ["no", "yes"], "words": words, "temperature": 5.0}
    asked = {"size": np.array([50], "float32"), "town": np.array(["Ulm"], object)}
    answer = kept.ask(model, asked, about["names"], words, 5.0)[0, 1]
    for threshold in (answer - 0.01, answer + 0.01):
        about["thresholds"] = {"calculated": {"threshold": threshold}}
        (tmp_path / "results.json").write_text(json.dumps(about))
        exec(program(tmp_path), said := {})
        assert said["answers"].tolist() == [threshold < answer]
    assert said["TRUSTED"] == kept.TRUSTED
    text = '"size": np.array([[50.0]]), "town": np.array([["Ulm"]], object)'
    row = {"Zeile": [3.5], "Gewicht": [0.9], "Preis": [900.0], "Größe": ["groß"]}
    row |= {"Tag (days)": [9500.0], "Tag (month)": ["January"], "Tag (weekday)": ["Monday"]}
    kind = {float: "float", str: "object"}
    arrays = [f'"{name}": np.array([{one}], {kind[type(*one)]})' for name, one in row.items()]
    others = ", ".join(arrays)
    assert text in program(german.folder)
    exec(program(german.folder).replace(text, others), said := {"keras": keras, "np": np})
    assert said["model"].predict_on_batch(said["rows"])["ja"] > 0.5


def test_without_a_network_and_without_anything_to_learn(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script_folds, "SMALL", 0)  # one fold
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(200, 3)).round(3), columns=["a", "b", "target"])
    table["target"] = np.where(table["target"] > 0.3, "yes", "no")
    table.to_csv(tmp_path / "table.csv", index=False)
    options = ["--data", tmp_path / "table.csv", "--target", "target", "--learning-rate", 1e30]
    options += ["--hidden", 4, "--epochs", 2, "--outputs", tmp_path / "run", "--test"]
    results, said = script.main([*map(str, options)]), capsys.readouterr().out
    assert "The network diverged and is left out" in said and "no column helps" in said
    assert results["kept"] == "majority_class" and results["thresholds"]
    assert "neural_network" not in results["test"]["scores"] and results["importance"] == {}
    assert "is shuffled" not in said and "a false alarm" not in said
    assert kept.load_run(tmp_path / "run").about["kept"] == "majority_class"


def test_a_model_of_another_version_or_of_strange_parts_ends_with_one_line(tmp_path, monkeypatch):
    model = comparing.DummyRegressor().fit([[1]], [1])
    kept.save(model, "mean", tmp_path)
    assert kept.load(tmp_path / "table.skops").predict([[1]]) == [1]
    monkeypatch.setattr("sklearn.base.__version__", "1.7.0")
    kept.save(model, "mean", tmp_path)
    monkeypatch.undo()
    assert "version 1.7.0" in failure(kept.load, tmp_path / "table.skops")
    skops.io.dump(CountVectorizer(input="filename"), tmp_path / "table.skops")  # it opens files
    said = failure(kept.load, tmp_path / "table.skops")
    assert "text.CountVectorizer, which is none" in said


def test_the_service_answers_one_row_or_many_and_says_what_is_unlike(flats, german):
    row = {"size/m²": 50, "town": "Ulm", "day": "2025-02-01"}
    strange = row | {"size/m²": 5000, "town": "Rom", "day": None}
    with TestClient(run_app.create_app(flats.folder), LOCAL) as served:
        one = served.post("/predict", json=row).json()
        assert one["answer"]["rent"] == pytest.approx(550, abs=20) and "outside" not in one
        many = served.post("/predict", json=[row, strange]).json()["answers"]
        assert many[0]["answer"] == one["answer"]
        assert many[1]["outside"] == ["size/m²"] and many[1]["unknown"] == ["town"]
        assert f'version="{one["version"]}"' in served.get("/metrics").text
    with TestClient(run_app.create_app(german.folder), LOCAL) as served:
        row = {"Zeile": 3.5, "Gewicht": 0.9, "Preis": None, "Größe": "groß", "Tag": "31.01.2026"}
        answer = served.post("/predict", json=row).json()
        assert answer["predicted"] == "ja" and answer["answer"]["ja"] > 0.5


@pytest.mark.parametrize(("refuse", "status"), [(False, 200), (True, 422)])
def test_the_service_refuses_what_is_not_a_row_and_if_asked_what_is_unlike(flats, refuse, status):
    row = {"size/m²": 50, "town": "Ulm", "day": "2025-02-01"}
    bad = [{"day": "1.2.25"}, {"town": 1}, {"id": 1}, {"town": "\ud800"}, {"town": "a" * 1001}]
    bad += [{"size/m²": one} for one in ("5", True, {}, 1e31, 10**400, float("nan"))]
    with TestClient(run_app.create_app(flats.folder, refuse=refuse), LOCAL) as served:

        def ask(rows):
            response = served.post("/predict", content=json.dumps(rows), headers=AS_JSON)
            assert response.status_code == 200 or response.json()["error"]["message"]
            return response.status_code

        assert ask(row) == ask([row, row | {"town": None, "size/m²": None}]) == 200
        assert ask(row | {"town": "Rom"}) == ask([row, row | {"size/m²": 5e3}]) == status
        assert ask(row | {"day": "2031-02-01"}) == 200  # tomorrow's date is always later
        assert ask([row | {"size/m²": size} for size in flats.table["size/m²"]]) == 200
        for one in [*(row | one for one in bad), {}, [], 5, [row, 1], [row, row | bad[0]]]:
            assert ask(one) == 422, one
        for body in ("{", "[" * 100_000):
            assert served.post("/predict", content=body, headers=AS_JSON).status_code == 400
        assert set(served.get("/").json()["row"]["properties"]) == set(row)


def test_a_damaged_run_ends_with_one_line(german, tmp_path):
    def refusal(run):
        (tmp_path / "results.json").write_text(json.dumps(run))
        return failure(kept.load_run, tmp_path)

    good = {"columns": [{"name": "Gewicht", "kind": "number"}], "names": ["nein", "ja"]}
    good |= {"task": "yes-or-no", "target": "Ziel", "ranges": {"Gewicht": [0, 1.5]}}
    good |= {"file": {"separator": ";", "encoding": "utf-8"}}
    good |= {"thresholds": {"calculated": {"threshold": 0.5}}, "words": {"Größe": ["groß"]}}
    good |= {"kept": "neural_network", "temperature": 1.5}
    good |= {"gaps": {"Gewicht": 0.1}, "rare": {"Größe": 0.2}}
    assert "there is no" in refusal(good)  # network
    for run in spoilt(good):
        assert refusal(run), run
    shutil.copy(german.folder / "table.keras", tmp_path)
    for damage in ({"names": ["ja", "kaum"]}, {"columns": german.results["columns"][1:]}):
        assert "is not the one that its results.json" in refusal(german.results | damage)


DAYS = pd.date_range("2025-01-28", periods=60)
KINDS = {
    "numbers": ([f"{i % 7}.5" for i in range(60)], "number", "numbers from 0.5 to 6.5"),
    "words": (["red", "blue", None] * 20, "words", "2 words: blue, red, 20 gaps"),
    "CustomerId": ([7 * i * i for i in range(60)], "left out", "only tells rows apart"),
    "USER_ID": ([*range(1000, 1177, 3), None], "number", "whose row this is: --drop)"),
    "names": ([f"name {i}" for i in range(60)], "left out", "60 different words"),
    "codes": (["007", "x", *["12", "13"] * 29], "words", 'no numbers, since one is "007"'),
    "german": (DAYS.strftime("%d.%m.%Y"), "date", "%d.%m.%Y"),
    "formats": (["2025-01-02", "03.01.2025"] * 30, None, 'dates and values such as "03.01.2025"'),
    "either": (["03/04/2025", "05/06/2025"] * 30, None, "the day first or the month first"),
    "dollars": (["$5", "$7"] * 30, None, 'numbers such as "$5"'),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_a_column_is_taken_for(name):
    """None: it may mean two things, and is asked about."""
    values, kind, said = KINDS[name]
    values = pd.Series(list(values), name=name)
    if kind:
        found = columns.look_at(name, values)
        assert found["kind"] == kind and said in found["said"]
    else:
        line = failure(columns.look_at, name, values)
        assert said in line and f'--drop "{name}"' in line


def test_a_person_may_decide_otherwise_and_a_date_becomes_three_inputs():
    days = ["01.02.2000", None, "13.01.2000"]
    table = pd.DataFrame({"code": [1, 2, 3], "size": ["1", "2", "large"], "day": days})
    found = columns.look(table[["code", "size"]], words=["code"], numbers=["size"])
    found += [{"name": "day", "kind": "date", "format": "%d.%m.%Y"}]
    inputs = columns.to_inputs(table, found)
    assert inputs["code"].tolist() == ["1", "2", "3"]
    np.testing.assert_array_equal(inputs["size"], [1, 2, np.nan])
    np.testing.assert_array_equal(inputs["day (days)"], [31, np.nan, 12])
    assert inputs["day (month)"].tolist() == ["February", columns.GAP, "January"]
    assert inputs["day (weekday)"].tolist() == ["Tuesday", columns.GAP, "Thursday"]
    # A number with a gap is read as 1.0, and is the same word.
    assert columns.to_words(pd.Series([1.0, np.nan])).tolist() == ["1", columns.GAP]
    times = DAYS.append(DAYS + pd.Timedelta(hours=9))  # the hour counts if hours differ
    table = pd.DataFrame({"when": times.strftime("%d.%m.%Y %H:%M"), "day": times.strftime("%F")})
    inputs = columns.to_inputs(table, columns.look(table))
    assert inputs["when (hour)"].tolist() == ["0"] * 60 + ["9"] * 60 and "day (hour)" not in inputs


FILES = {  # separator and encoding, and what stands before decimals; or what is wrong
    "größe,km/h\n1.5,?\n": (",", "utf-8", "point"),
    "größe;km/h\n1,5;\n2,5;31.01.2025\n": (";", "utf-8", "comma"),
    "größe\tkm/h\n1,5\tNA\n": ("\t", "utf-16", "comma"),
    "sep=;\n;\ngröße;km/h\n1,5;\n": (";", "utf-8-sig", "comma"),
    "Table 1\n\na;b\n1;2\n": "has lines above its names of columns (a, b)",
    "a,b\n": "but no rows",
    "a,a\n1,2\n": "more than one column a",
    "a,b\n1,2,3\n": "not a proper CSV or Excel file",
    "\0a,b\n1,2\n": "neither text nor an Excel file",
}


@pytest.mark.parametrize("text", FILES)
def test_files_that_are_read_and_such_as_are_not(text, tmp_path):
    path, found = tmp_path / "file.csv", FILES[text]
    path.write_text(text, encoding="utf-8" if isinstance(found, str) else found[1])
    if isinstance(found, str):
        assert found in failure(tables.read_rows, path)
        return
    separator, encoding, mark = found
    texts, form, _ = tables.read_rows(path)
    assert form == {"separator": separator, "encoding": encoding}
    table, decimals = tables.read_values(texts)
    assert list(table.columns) == ["größe", "km/h"] and decimals == {"größe": mark}
    assert table.iloc[0, 0] == 1.5 and pd.isna(table.iloc[0, 1])
    path.write_bytes("größe\n1\n".encode("cp1252"))
    assert "not in utf-8" in failure(tables.read_rows, path)


def test_a_sheet_is_read_as_it_would_stand_in_a_file(tmp_path):
    path = tmp_path / "sheet.xlsx"
    cells = {"id": ["007", "008"], "price": [9.467, 12.0]}
    cells["day"] = pd.to_datetime(["2026-01-31"] * 2)
    pd.DataFrame(cells).to_excel(path, index=False, startrow=2)
    texts, _, _ = tables.read_rows(path)
    assert texts.iloc[0].tolist() == ["007", "9.4670", "2026-01-31"]
    values, decimals = tables.read_values(texts)  # nothing is to be asked: it is a number there
    assert values["price"].tolist() == [9.467, 12] and decimals == {"price": "point"}
    numbers = [1.234e-05, 1.234e20, -5.678e-10, 9.467, 1234.567, 0.25]
    pd.DataFrame({"a": numbers}).to_excel(path, index=False)
    assert tables.read_values(tables.read_rows(path)[0])[0]["a"].tolist() == numbers
    book = openpyxl.Workbook()
    for row in ["a", "b", None], [True, 12.0, None], [None, "#DIV/0!", None], [1, 2], []:
        book.active.append(row)
    book.active.cell(9, 7).number_format = "0.00"  # empty, and far outside
    book.save(path)
    texts, _, _ = tables.read_rows(path)
    assert texts.to_numpy().tolist() == [["True", "12"], ["", ""], ["1", "2"]]
    path.write_bytes(path.read_bytes()[:999])
    assert "not a proper CSV or Excel file" in failure(tables.read_rows, path)


def test_a_sheet_reads_no_other_file_and_does_not_swell(tmp_path, monkeypatch):
    """Entities of XML name a file, or hold a billion letters; or a kilobyte unpacks to more."""
    monkeypatch.setattr("utils.files.ROWS", 1_000)
    (tmp_path / "secret").write_text("a secret")
    path, table = tmp_path / "bad.xlsx", "xl/worksheets/sheet1.xml"
    pd.DataFrame({"a": ["here", "there"]}).to_excel(path, index=False)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    sheet = parts[table].replace(">here<", ">&e;<")
    deep = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))
    secret = f'<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">'
    billion = f'<!ENTITY b0 "a">{deep}<!ENTITY e "&b9;">'
    far = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    far += '<sheetData><row r="999999999999"/></sheetData></worksheet>'
    for changed, said in [
        ({table: f"<!DOCTYPE worksheet [{secret}]>{sheet}"}, "not a proper"),
        ({table: f"<!DOCTYPE worksheet [{billion}]>{sheet}"}, "not a proper"),
        ({table: far}, "what stands far outside"),
        ({"xl/sharedStrings.xml": bytes(10**7)}, "unpacked it has far more"),
    ]:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in (parts | changed).items():
                file.writestr(name, text)
        assert said in failure(tables.read_rows, path)


def test_a_file_that_holds_no_text_says_what_it_is(tmp_path):
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("table.csv", "a,b")
    packed, old, text = path.read_bytes(), tables.OLD_EXCEL, b"a,b\n1,2\n"
    for content, encoding, said in [
        (packed, None, "is packed, but not as .xlsx"),
        (gzip.compress(text), None, "neither text nor an Excel file"),
        (old, None, "has a password"),
        (text, "cp9999", "no encoding cp9999"),
    ]:
        path.write_bytes(content)
        assert said in failure(tables.read_rows, path, encoding)


GERMAN, ENGLISH = "comma", "point"
AMOUNTS = {  # texts of a column: what stands before decimals, and the numbers
    "-1,250 -3,500": None,
    "9.467 950 0.5 1,5": None,  # both marks are before decimals
    "9.467 950 0,71 ,5": (GERMAN, [9467, 950, 0.71, 0.5]),
    "9.467 1.234e-05 1.5E2": (ENGLISH, [9.467, 1.234e-05, 150]),
    "1,234e+05 2.345,6 9.467": (GERMAN, [123_400, 2345.6, 9467]),
    "1,234,567 950": (ENGLISH, [1_234_567, 950]),
    "1'234,5 950": (GERMAN, [1234.5, 950]),
}


@pytest.mark.parametrize("texts", AMOUNTS)
def test_a_mark_that_may_be_of_decimals_or_of_thousands_is_asked_about(texts):
    table, expected = pd.DataFrame({"price": texts.split()}, dtype=str), AMOUNTS[texts]
    if expected:
        values, decimals = tables.read_values(table)
        assert values["price"].tolist() == expected[1] and decimals.get("price") == expected[0]
        return
    said = failure(tables.read_values, table)
    assert "in the column price may be" in said and "--decimal point or --decimal comma" in said
    for mark, point, other in ((ENGLISH, ".", ","), (GERMAN, ",", ".")):
        first = float(texts.split()[0].replace(other, "").replace(point, "."))
        assert tables.read_values(table, mark)[0].iloc[0, 0] == first


def table_of(**others):
    return pd.DataFrame({"a": np.arange(60) % 7 + 0.5, "b": ["x", "y", "z"] * 20} | others)


WORDS = ["x", "y"] * 30
BAD = [  # options, the target, and what is said
    (["--target", "targe"], WORDS, 'has no column "targe". Do you mean "target"?'),
    ([], [1] * 60, 'is "1" in every row'),
    ([], [*"xy" * 26, *"abcdefgh"], "has 8 of 60 rows in classes with fewer than 5: a, b, c,"),
    ([], ["2025-01-01", "2025-01-02"] * 30, "is a date"),
    (["--group", "b"], WORDS, "fewer than ten groups"),
    (["--time", "year"], WORDS, '2 rows have no year that can be read, such as "1999?"'),
]


@pytest.mark.parametrize(("options", "values", "said"), BAD)
def test_a_table_that_cannot_be_learned_from_ends_with_one_line(options, values, said, tmp_path):
    table_of(target=values, year=["1999?"] * 2 + [2000] * 58).to_csv(
        tmp_path / "table.csv", index=False
    )
    basic = ["--data", str(tmp_path / "table.csv"), "--target", "target"]
    line = failure(script.main, [*basic, *options, "--outputs", str(tmp_path / "run")])
    assert said in line and not (tmp_path / "run").exists()


PRICES = [f"{1000 + 7 * i * i}" for i in range(97)]
TARGETS = [  # its values, --task, and what is made of it: the task, the classes
    (["no"] * 40 + ["yes"] * 60 + [None], None, "yes-or-no", ["no", "yes"]),
    (["a"] * 20 + ["b"] * 60, None, "yes-or-no", ["b", "a"]),  # the rarer one is yes
    ([0, 1, 2, 3] * 20, None, "classes", ["0", "1", "2", "3"]),
    (range(1_000, 61_000, 1_000), None, "number", []),  # they all differ, and may be a quantity
    # A few words among numbers are missing values; a few different numbers are classes.
    ([*PRICES[:50], "k.A.", *PRICES[50:], None], None, "number", []),
    (["1", "2", "3"] * 30 + ["x"] * 5, None, "classes", ["1", "2", "3", "x"]),
    (["00"] * 5 + ["1.234", "2.345"] * 30, None, "classes", ["00", "1.234", "2.345"]),
]


@pytest.mark.parametrize(("values", "asked", "task", "classes"), TARGETS)
def test_the_task_is_that_of_the_column(values, asked, task, classes):
    table = pd.DataFrame({"a": np.arange(len(values)), "y": list(values)})
    table, found, said = target.read_target(table, "y", asked, None, "file")
    assert found.task == task and sorted(found.classes) == sorted(classes)
    if len(classes) == 2:
        assert found.classes == classes or set(map(len, classes)) == {1}
    assert len(table) == len(found.y) == len(values) - len(said)  # each says of one row left out


def test_what_is_taken_for_a_gap_is_said_and_may_be_a_word(tmp_path, capsys):
    table_of(target=["+", "-", "."] * 20).to_csv(tmp_path / "table.csv", index=False)
    options = ["--data", str(tmp_path / "table.csv"), "--target", "target"]
    assert "20 rows with a target" in failure(target.read_table, script.parse_options(options))
    assert 'missing target: "-" (20), "." (20)' in capsys.readouterr().out
    options += ["--words", "target"]
    assert target.read_table(script.parse_options(options))[2].classes == ["+", "-", "."]


def test_that_the_rows_of_one_person_are_on_both_sides_is_said(tmp_path, capsys):
    """Also of a column that is left out, until it is the group; then no date takes its place."""
    rows = np.arange(240)
    table = {"who": [f"K{row // 4:03}" for row in rows], "note": [f"n{row}" for row in rows]}
    table |= {"day": np.tile(DAYS.astype(str), 4), "amount": rows // 3, "yes": rows % 2}
    pd.DataFrame(table).to_csv(tmp_path / "table.csv", index=False)
    basic = ["--data", str(tmp_path / "table.csv"), "--target", "yes"]
    by_time = '--time "day"'
    for options, said, never in [
        ([], [by_time, "of who are in several rows", '--group "who"'], "in place of"),
        (["--drop", "who"], ['even after --drop: --group "who"'], "in place of"),
        (["--time", "day"], ['--group "who" in place of --time'], by_time),
        (["--group", "who"], ["too much of later ones."], by_time),
    ]:
        target.read_table(script.parse_options([*basic, *options]))
        printed = capsys.readouterr().out
        assert all(one in printed for one in said) and never not in printed, (options, printed)
        assert ("in several rows" in printed) == ("--group" not in options)


def test_a_column_that_gives_the_target_away_is_named():
    random = np.random.default_rng(1)
    y, noise = random.integers(2, size=600), random.normal(size=600)
    inputs = {"honest": y + noise, "alive": np.where(y, "yes", "no").astype(object)}
    inputs |= {"again": 2.0 - y, "name": np.array([f"n{i}" for i in range(600)], object)}
    inputs |= {"entry (days)": y + 0.0, "entry (month)": noise}
    columns = [{"name": name, "kind": "number"} for name in ("honest", "alive", "again", "name")]
    columns += [{"name": "entry", "kind": "date"}]
    found = deciding.giving_away(columns, inputs, y, ["a", "b"], 1)
    assert found == ["alive", "again", "entry"]
    weight = random.normal(size=600)
    inputs = {"pounds": 2.2 * weight, "height": weight + noise}
    columns = [{"name": name, "kind": "number"} for name in inputs]
    assert deciding.giving_away(columns, inputs, weight, [], 1) == ["pounds"]


def test_words_gaps_and_scaling_by_hand(monkeypatch):
    age = np.where(np.arange(40) % 4 == 0, np.nan, np.arange(40)).astype("float32")
    inputs = {
        "age": age,
        "size": np.arange(40, dtype="float32"),
        "country": np.array(["F", "D", "D", "S"] * 9 + ["x", "y", "z", "F"], object),
    }
    model, words = network.build_preparation(inputs)
    assert words == {"country": ["D", "F", "S"]}  # the most frequent first, none of the rare
    asked = {
        "age": np.array([np.nan, 5, 1e20], "float32"),
        "size": np.array([0, np.nan, 39], "float32"),
        "country": np.array(["D", "x", "Narnia"], object),
    }
    X = kept.apply(model, asked)
    monkeypatch.setattr(kept, "AT_ONCE", 2)
    np.testing.assert_array_equal(kept.apply(model, asked), X)
    scaled = (5 - np.nanmedian(age)) / np.nanstd(age)
    expected = [
        [0, (0 - 19.5) / np.std(np.arange(40)), 1, 1, 0, 0],  # a gap is the median, with a flag
        [scaled, 0, 0, 0, 0, 0],  # "size" had no gap, so it has no flag; "x" was too rare
        [network.FAR, 19.5 / np.std(np.arange(40)), 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(X, expected, rtol=1e-5, atol=1e-6)


def test_the_rule_by_hand():
    random, losses = np.random.default_rng(1), np.random.default_rng(2).random(200)
    by_model = {"worse": losses + 0.1 + random.normal(size=200) / 9, "neural_network": losses}
    by_model["same"] = losses + random.normal(size=200) / 99
    family = comparing.compare(by_model, np.arange(200))
    gains, worse = by_model["worse"] - losses, family["worse"]
    assert worse["mean"] == pytest.approx(gains.mean())
    assert worse["p"] == pytest.approx(stats.ttest_1samp(gains, 0).pvalue)
    assert worse["holm"] == pytest.approx(2 * worse["p"])
    assert worse["shown"] and not family["same"]["shown"]
    # Two hundred rows of ten groups say less than two hundred groups.
    grouped = comparing.compare(by_model, np.arange(200) % 10)
    assert grouped["worse"]["groups"] == 10 and grouped["worse"]["p"] > worse["p"]


def test_scores_by_hand():
    loss = partial(comparing.losses, classes=None, variance=4.0)
    scores = comparing.evaluate(np.array([1.0, 5, 3]), np.array([2.0, 3, 4]), None, loss)
    assert [*scores.values()] == pytest.approx([(1 + 4 + 1) / 3 / 4, 4 / 3, 1 - 6 / 2])
    answers = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    loss = partial(comparing.losses, classes=["no", "yes"])
    scores = comparing.evaluate(answers, np.array([0, 0, 1, 1]), ["no", "yes"], loss)
    loss = -np.log([0.9, 0.4, 0.3, 0.8]).mean()
    assert [*scores.values()] == pytest.approx([loss, 0.5, 0.75])  # accuracy and AUC


def test_other_models_learn_stop_and_are_chosen_by_the_right_rows(monkeypatch):
    fitted, asked, random = [], [], np.random.default_rng(1)
    kinds = comparing.DummyClassifier, comparing.HistGradientBoostingClassifier
    for kind in (Pipeline, comparing.VotingClassifier, *kinds):

        def fit(self, X, y, fit=kind.fit, **watched):
            fitted.append((self, X, y, watched))
            return fit(self, X, y, **watched)

        monkeypatch.setattr(kind, "fit", fit)
    ask = comparing.ask_other
    monkeypatch.setattr(comparing, "ask_other", lambda *a: asked.append(a) or ask(*a))

    def make_part():
        X = random.normal(size=(200, 2))
        y = (X[:, 0] + random.normal(size=200) > 0).astype(int)
        return script_folds.Part(None, pd.DataFrame(X, columns=["a", "b"]), None, y)

    folds = [script_folds.Fold(make_part(), make_part(), None, None) for _ in range(2)]
    found = comparing.train_others(folds, ["no", "yes"], seed=1)
    assert len(asked) == 2 * (1 + len(comparing.STRENGTHS + comparing.RATES) + 4)
    # Boosting stops early by the rows of each fold, and then has as many trees in each of them.
    watching = [one for one in fitted if one[3]]
    assert len(watching) == 2 * len(comparing.RATES)
    for (model, frame, _, watched), fold in zip(watching, 2 * folds, strict=True):
        assert frame is fold.training.frame and model.n_iter_ < model.max_iter
        assert watched["X_val"] is fold.validation.frame and watched["y_val"] is fold.validation.y
    curves = [[-model.validation_score_ for model, *_ in watching[i : i + 2]] for i in (0, 2)]
    best = [int(np.argmin(network.mean_curve(one))) for one in curves]
    trees = {model.n_iter_ for model in found["gradient_boosting"]}
    assert len(trees) == 1 and trees < {*best}
    assert all(len(models) == 1 for models in comparing.rivals(10**6, [], 1).values())
    for name, models in comparing.rivals(200, ["no", "yes"], 1).items():
        off = []
        for _ in models:
            pairs = [asked.pop(0) for _ in folds]
            right = []
            for (model, frame), (training, validation, *_) in zip(pairs, folds, strict=True):
                assert frame is validation.frame
                learned = [one[1:] for one in fitted if one[0] is model]
                assert any(X is training.frame and y is training.y for X, y, _ in learned)
                right.append(ask(model, frame)[range(200), validation.y])
            off.append((-np.log(right).mean(), [model for model, _ in pairs]))
        assert found[name] == min(off, key=lambda one: one[0])[1]
    # What is kept has learned from other rows, with what was found in all folds.
    part = folds[0].validation
    again = comparing.refit(found["gradient_boosting"], part.frame, part.y)
    assert {again.n_iter_} == trees
    assert fitted[-1][1] is part.frame and not fitted[-1][3]
    assert network.mean_curve([[3, 1], [2, 2, 4]]).tolist() == [2.5, 1.5, 2.5]


def test_a_forest_never_says_that_a_class_cannot_be():
    x, y = pd.DataFrame({"a": np.arange(100.0)}), np.repeat([0, 1], [10, 90])
    (*_, model) = comparing.rivals(100, ["no", "yes"], 1)["random_forest"]
    said = model.fit(x, y).predict_proba(x)
    assert said.min() == pytest.approx(0.1 / (comparing.TREES + 1))


def test_what_is_recommended():
    """The lowest loss, or the mean of all rows if that is hardly worse."""
    losses = np.random.default_rng(2).random(200)
    noise = np.random.default_rng(3).normal(size=200) / 99
    by_model = {"mean": losses + 0.1, "linear": losses + 0.0005, "forest": losses}
    assert comparing.recommend(by_model, np.arange(200)) == "forest"
    by_model["mean"] = losses + noise - noise.mean() + 0.0005
    assert comparing.recommend(by_model, np.arange(200)) == "mean"


def test_a_temperature_helps_other_groups_and_never_makes_a_model_surer(monkeypatch):
    y, number = np.arange(400) % 2, np.arange(400)

    def temperature(share):  # of the answers that are right; all are given with 0.9
        said = np.where(number % 100 < 100 * share, y, 1 - y)
        probabilities = np.where(np.eye(2)[said] == 1, 0.9, 0.1)
        return comparing.choose_temperature(probabilities, y, number)

    assert temperature(1.0) == temperature(0.95) == 1
    # Right in 7 of 10: log(9) / temperature = log(7 / 3).
    assert temperature(0.7) == pytest.approx(np.log(9) / np.log(7 / 3), rel=1e-3)

    groups, halves, after = np.arange(40) // 4, [], []
    answers = np.where(np.eye(2)[groups % 2] == 1, 0.4, 0.6)  # more than half of them are wrong
    monkeypatch.setattr(
        comparing, "cross_fit_temperature", lambda *a: halves.append(a[2]) or (after.pop(), 0)
    )
    for found, helps in ((answers, False), (np.full((40, 2), 0.5), True)):
        after.append(found)
        assert (comparing.choose_temperature(answers, groups % 2, groups) > 1) == helps
    assert set(halves[0]) == {0, 1}
    assert all(len(set(halves[0][groups == group])) == 1 for group in groups)

    numbers = keras.Input((2,))
    same = keras.Model(numbers, numbers)  # what goes in are the logits
    answered = network.join(same, same, 2.0, ["no", "yes"])(np.array([[0.0, 2 * np.log(3)]]))
    assert float(answered["yes"][0, 0]) == pytest.approx(0.75)


def test_costs_and_importance(capsys):
    y, probability = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.25, 0.3, 0.2, 0.9])
    points = deciding.find_thresholds(y, probability, miss=4, false_alarm=1)
    assert [*points["usual"].values()] == [0.5, 1, 0, 4, 1, 0.5]  # precision 1, recall 0.5
    assert (points["calculated"]["threshold"], points["calculated"]["cost"]) == (0.2, 2)
    for miss, best in ((99, 0.01), (0.001, 0.99)):  # if it is always wrong: all, or none
        found = deciding.find_thresholds(y, 0.989 - 0.979 * y, miss, 1)
        assert found["best"]["threshold"] == best
    for miss, lines in ((1, 0), (4, 3)):  # whether the costs turn what is said of all rows
        deciding.say_costs(deciding.find_thresholds(y, np.full(5, 0.4), miss, 1), miss, 1, True)
        assert capsys.readouterr().out.count("missed") == lines
    random = np.random.default_rng(1)
    inputs = {"a": random.normal(size=500), "b": random.normal(size=500)}
    inputs |= {f"day ({end})": inputs["a"] / 2 for end in ("days", "month", "weekday")}
    kinds = {"a": "number", "b": "number", "day": "date", "c": "left out"}
    found = deciding.find_importance(
        lambda inputs, rows: inputs["a"] + inputs["day (days)"] + inputs["day (month)"],
        lambda answers, y: (answers - y) ** 2,
        inputs,
        2 * inputs["a"],
        [{"name": name, "kind": kind} for name, kind in kinds.items()],
        seed=1,
    )
    # The variance doubles, whether it is "a" or all that is made of "day".
    assert [found[name]["rise"] for name in ("a", "day", "b")] == pytest.approx([2, 2, 0], rel=0.2)
    assert list(found)[-1] == "b"


@pytest.mark.slow
def test_a_table_that_nobody_here_wrote(run_main, tmp_path, monkeypatch):
    """What is kept is asked about rows that it has not learned from."""
    monkeypatch.setattr(script_folds, "SMALL", 0)  # one fold
    examples = load("mlp/tables/example_tables.py")
    source, options = examples.EXAMPLES["iris"]
    table = pd.read_csv(examples.write_table(source, tmp_path / "iris.csv"))
    table[4::5].to_csv(tmp_path / "new.csv", index=False)
    table.drop(table.index[4::5]).to_csv(tmp_path / "iris.csv", index=False)
    monkeypatch.setitem(examples.EXAMPLES, "iris", (tmp_path / "iris.csv", options))
    results = examples.main(["iris", "--outputs", str(tmp_path)])["iris"]
    scores = results["test"]["scores"]
    assert results["task"] == "classes"
    assert scores["neural_network"]["loss"] < scores["majority_class"]["loss"] * 0.7
    options = ["--model", tmp_path / "iris", "--rows", tmp_path / "new.csv"]
    run_main("mlp/tables/predict.py", *options)
    written = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert (written["target"] == written["target, predicted"]).mean() > 0.9


def test_a_row_is_asked_about_in_its_own_fold(monkeypatch):
    monkeypatch.setattr(script_folds, "ask", lambda model, inputs, *_: model * inputs["a"])
    folds = [SimpleNamespace(words=None)] * 3
    numbers, inputs = np.array([2, 0, 1, 2, 0]), {"a": np.arange(1, 6)}
    found = script_folds.ask_each([1, 10, 100], folds, inputs, numbers, [])
    assert found.tolist() == [100, 2, 30, 400, 5]


def test_a_word_is_the_same_with_and_without_zeros_behind_it():
    about = {"columns": [{"name": "shop", "kind": "words"}], "words": {"shop": ["3", "7.0"]}}
    table = pd.DataFrame({"shop": ["3.0", "3", "7", "7,00", "8.0"]})
    inputs = unlike.read_inputs(table, kept.Kept(None, about))
    assert inputs["shop"].tolist() == ["3", "3", "7.0", "7.0", "8.0"]
