"""What is learned is right about new texts, and comes back from the file and over HTTP."""

import csv
import random
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import predict
import pytest
import serve
import train
from sklearn.model_selection import GridSearchCV


def test_all(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random.seed(1)
    words = {"sport": ["ball", "goal", "match", "team"], "food": ["soup", "bread", "salt", "oven"]}
    with Path("mine.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["kind", "text"])
        for number in range(200):
            kind = random.choice(sorted(words))
            said = random.choices([*words[kind], "the", "a", "is", "und", "früh"], k=8)
            rows.writerow([kind, f"{' '.join(said)}, {number}"])
    right = [train.main(["mine.csv", "kind", "text"]) for _ in range(2)]
    assert right[0] == right[1] > 0.9
    predict.main(["a goal of the team", "bread", "a"])
    said = [line.split("\t")[:2] for line in capsys.readouterr().out.splitlines()[-3:]]
    assert [kind for kind, _ in said[:2]] == ["sport", "food"]
    assert min(float(share) for _, share in said[:2]) > 0.7 > float(said[2][1]) >= 0.5
    serve.app.config["MODEL"] = predict.load()
    client = serve.app.test_client()
    assert client.post("/predict", json=["salt in the soup"]).get_json()[0][0] == "food"
    assert client.post("/predict", json={"text": "soup"}).status_code == 422
    monkeypatch.setattr("waitress.serve", lambda app, **where: None)
    runpy.run_path(serve.__file__, run_name="__main__")
    assert "http://127.0.0.1:8000/predict" in capsys.readouterr().out
    deep = client.post("/predict", data="[" * 100_000, content_type="application/json")
    assert deep.status_code == 422


@pytest.mark.parametrize("group", [[], ["--group", "who"]])
def test_copies_and_people_are_on_one_side_of_each_split(tmp_path, monkeypatch, group):
    """Labels are chance: what is right above a half was learned from a near copy, or a name."""
    monkeypatch.chdir(tmp_path)
    random.seed(1)
    letters = [f"{random.getrandbits(99):x}".translate(str.maketrans("0123456789", "ghijklmnop"))
               for _ in range(100)]  # fmt: skip
    kinds = [random.choice("ab") for _ in letters]
    said = lambda: " ".join(random.choices("stuvwxyz", k=9)) if group else ""  # noqa: E731
    texts = [f"{said()} {text} {number}" for number in (1, 2) for text in letters]
    pd.DataFrame({"kind": kinds * 2, "text": texts, "who": letters * 2}).to_csv("mine.csv")
    searched = []

    def search(*args, **options):
        searched.append(GridSearchCV(*args, **options))
        return searched[0]

    if group:
        assert train.main(["mine.csv", "kind", "text"]) > 0.85
    monkeypatch.setattr(train, "GridSearchCV", search)
    assert train.main(["mine.csv", "kind", "text", *group]) < 0.75
    assert searched[0].best_params_["logisticregression__C"] == min(train.STRENGTHS)


def test_digits_are_near_copies_of_nothing():
    groups = train.near_copies(pd.Series(["123", "45", "Call 1!", "call 2"]))
    assert groups.nunique() == 3 and groups[2] == groups[3]
    assert train.join(groups, pd.Series([1, 2, 2, 3])).nunique() == 2  # 45 and both calls are one


@pytest.mark.parametrize("rare", [0, 1, 14])
def test_a_rare_class_ends_with_one_line(tmp_path, rare, capsys):
    kinds = np.where(np.arange(100) < rare, "rare", "usual")
    table = pd.DataFrame({"kind": kinds, "text": [chr(97 + i) * 5 for i in range(100)]})
    table.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(SystemExit):
        train.main([str(tmp_path / "mine.csv"), "kind", "text"])
    assert "15 different texts" in capsys.readouterr().err
