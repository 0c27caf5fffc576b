"""What is learned is better than guessing, and comes back from the file and over HTTP."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import predict
import pytest
import serve
import skops.io
import table
import train


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A table of 300 rows, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    rows = pd.DataFrame({"id": [f"{i:04}" for i in range(300)], "size": random.normal(9, 1, 300)})
    rows["color"] = random.choice(["red", "blue"], 300)
    rows["price"] = 1_000 * (10 * rows["size"] - 70 + 5 * (rows["color"] == "red"))
    rows["price"] += 1_000 * random.normal(size=300)
    rows["dear"] = np.where(rows["price"] > 23_000, "yes", "no")
    rows.loc[::9, "size"] = np.nan
    return rows


def test_equal_rows_are_counted(mine, capsys):
    pd.concat([mine[:60], mine[:7]]).to_csv("mine.csv", index=False)
    train.main(["mine.csv", "dear"])
    assert "7 rows equal others" in capsys.readouterr().out


def test_classes(mine, monkeypatch, capsys):
    known = mine.drop(columns="price")
    known[:200].to_csv("mine.csv", index=False, sep=";")
    scores = train.main(["mine.csv", "dear"])
    assert scores["test"] < 0.7 * scores["always the same"] < np.log(2)
    new = known[200:].rename(columns={"dear": "prediction"}).assign(remark="a;b")
    new.to_csv("new.csv", index=False, sep=";")
    predict.main("new.csv")
    answers = pd.read_csv("predictions.csv", dtype=str, sep=";", keep_default_na=False)
    assert (answers["prediction_"] == answers["prediction"]).mean() > 0.8
    before = pd.read_csv("new.csv", dtype=str, sep=";", keep_default_na=False)
    pd.testing.assert_frame_equal(answers.drop(columns="prediction_"), before)
    new.assign(size="", color="7").to_csv("new.csv", index=False, sep=";")
    predict.main("new.csv")  # without a value, and with digits for words
    new.drop(columns="size").to_csv("new.csv", index=False, sep=";")
    with pytest.raises(SystemExit, match="no column 'size'"):
        predict.main("new.csv")
    serve.app.config["MODEL"] = predict.load()
    client = serve.app.test_client()
    rows = [{"id": "1", "size": 12, "color": "red"}, {"id": None, "size": 6, "color": "green"}]
    assert client.post("/predict", json=rows).get_json() == ["yes", "no"]
    given, about = [], serve.app.config["MODEL"][1]
    model = SimpleNamespace(predict=lambda table: given.append(table) or np.zeros(len(table)))
    with monkeypatch.context() as patch:
        patch.setitem(serve.app.config, "MODEL", (model, about))
        client.post("/predict", json=rows)
        rows[0]["color"], rows[1]["id"] = " red ", "NA"
        client.post("/predict", json=rows)
    pd.testing.assert_frame_equal(*given)  # as in a file
    misspelled = {"id": "1", "Size": 12, "color": "red"}
    for bad, said in [
        ([{}], "size is missing"),
        ([misspelled], "size is missing; Size is unknown"),
        ([rows[0] | {"size": "large"}], "size must be a number"),
        ([rows[0] | {"color": 7}], "color must be a text"),
        ([7], "a row is"),
        ({}, "a list"),
    ]:
        answer = client.post("/predict", json=bad)
        assert answer.status_code == 422 and said in answer.get_json()["error"]
    deep = client.post("/predict", data="[" * 100_000, content_type="application/json")
    assert deep.status_code == 422
    many = client.post("/predict", json=[dict.fromkeys(map(str, range(999)))])
    assert len(many.get_json()["error"]) == 1_000
    monkeypatch.setattr("waitress.serve", lambda app, **where: None)
    runpy.run_path(serve.__file__, run_name="__main__")
    assert "http://127.0.0.1:8000/predict" in capsys.readouterr().out


def test_rows_of_one_customer_are_on_one_side(mine, monkeypatch, capsys):
    """Three numbers say who it is, and a coin has said what: nothing can be learned of others."""
    who, random = np.repeat(np.arange(60), 5), np.random.default_rng(1)
    known = pd.DataFrame(random.normal(size=(60, 3)).round(3)[who], columns=[*"abc"])
    known = known.assign(who=who, few=who % 9, left=np.where(who % 2, "yes", "no"))
    known.to_csv("mine.csv", index=False)
    some = {name: train.CLASSIFIERS[name] for name in ("always the same", "forest")}
    monkeypatch.setattr(train, "CLASSIFIERS", some)
    assert train.main(["mine.csv", "left"])["forest"] < 0.3
    known.drop(columns="few").to_csv("mine.csv", index=False)
    scores = train.main(["mine.csv", "left", "--group", "who"])
    assert scores["forest"] > 0.6 and scores["test"] > 0.6
    assert [*predict.load()[1]["kinds"]] == [*"abc"]
    assert "number: a, b, c\n" in capsys.readouterr().out
    for y in (known["left"], known["a"]):
        rows, test, how = train.split(y, known["who"])
        assert not {*who[rows]} & {*who[test]} and 50 <= len(test) <= 70
        assert (how["groups"] == who[rows]).all() and how["cv"].get_n_splits() == 5
    with pytest.raises(SystemExit, match="few has 9"):
        train.split(y, known["few"])
    with pytest.raises(SystemExit, match="too few who"):
        train.split(known["who"].eq(7).astype(str), known["who"])
    with pytest.raises(SystemExit, match="no column whom"):
        train.main(["mine.csv", "left", "--group", "whom"])


def test_numbers(mine):
    """With a comma before decimals and points between thousands; the network is scaled."""
    mine["price"] = [f"{price:,.2f}".translate({44: ".", 46: ","}) for price in mine["price"]]
    mine.drop(columns="dear").to_csv("mine.csv", index=False, sep=";", decimal=",")
    with pytest.raises(SystemExit, match="--decimal"):
        train.main(["mine.csv", "price"])
    scores = train.main(["mine.csv", "price", "--decimal", ","])
    assert scores["test"] < scores["the mean"] / 2 and 1_000 < scores["test"] < 10_000
    assert scores["network"] < scores["the mean"] / 2
    assert json.loads(Path("about.json").read_text(encoding="utf-8"))["decimal"] == ","


@pytest.mark.parametrize(
    ("texts", "kind"),
    [("1 2.5 -", "number"), ("01067 10115 1", "words"), ("13.02.2024 14.02.2024", "words"),
     ("a 1 2", "words"), ("- ?", None), ("0.123 1.234", "number")],
)  # fmt: skip
def test_kinds(texts, kind):
    assert table.kinds_of(pd.DataFrame({"x": texts.split()}), None).get("x") == kind


@pytest.mark.parametrize("texts", ["1,5 2,5", "1.234 20.500", "1,234 7", "1,234.5 2"])
def test_numbers_that_may_be_others_are_asked_about(texts):
    with pytest.raises(SystemExit, match="--decimal"):
        table.kinds_of(pd.DataFrame({"x": texts.split()}), None)


@pytest.mark.parametrize("rare", [0, 1, 2, 9])
def test_a_rare_class_ends_with_one_line(mine, rare):
    mine["dear"] = [1] * rare + [0] * (300 - rare)
    mine.to_csv("mine.csv", index=False)
    with pytest.raises(SystemExit, match="10 rows each"):
        train.main(["mine.csv", "dear"])


def test_classes_called_by_numbers(mine, monkeypatch):
    """One is so rare that a fold may lack it: the losses are finite, and the names stay."""
    mine["dear"] = np.where(np.arange(300) % 30 == 1, 1, 3 * (mine["price"] > 23_000))
    mine.to_csv("mine.csv", index=False)
    few = {name: train.CLASSIFIERS[name] for name in ("always the same", "linear")}
    monkeypatch.setattr(train, "CLASSIFIERS", few)
    scores = train.main(["mine.csv", "dear"])
    assert np.isfinite(list(scores.values())).all()
    assert train.main(["mine.csv", "dear"]) == scores, "other rows judge"
    assert set(predict.load()[0].classes_) == {"0", "1", "3"}


def test_all_models_come_back_and_nothing_else(mine):
    x = mine[["size", "color"]].astype({"color": object})
    for models, y in [(train.REGRESSORS, mine["price"]), (train.CLASSIFIERS, mine["dear"])]:
        for model in models.values():
            kept = skops.io.dumps(train.make_pipeline(train.PREPARE, model).fit(x, y))
            assert set(skops.io.get_untrusted_types(data=kept)) <= set(predict.TRUSTED)
