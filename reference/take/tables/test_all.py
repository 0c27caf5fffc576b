"""What is learned is better than guessing, and comes back from the file and over HTTP."""

import numpy as np
import pandas as pd
import predict
import serve
import train


def test_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    table = pd.DataFrame({"id": [f"{i:04}" for i in range(200)], "size": random.normal(size=200)})
    table["color"] = random.choice(["red", "blue"], 200)
    table["price"] = 10 * table["size"] + 5 * (table["color"] == "red") + random.normal(size=200)
    table["dear"] = np.where(table["price"] > 3, "yes", "no")
    table.loc[::9, "size"] = np.nan
    table.drop(columns="price").to_csv("mine.csv", index=False)
    scores = train.main("mine.csv", "dear")
    assert scores["test"] < 0.7 * scores["always the same"]
    predict.main("mine.csv")
    answers = pd.read_csv("predictions.csv", dtype=str)
    assert (answers["prediction"] == table["dear"]).mean() > 0.9
    assert answers["id"][7] == "0007"
    serve.app.config["MODEL"] = predict.load()
    client = serve.app.test_client()
    rows = [{"id": "1", "size": 3, "color": "red"}, {"size": -3, "color": "green"}]
    assert client.post("/predict", json=rows).get_json() == ["yes", "no"]
    assert client.post("/predict", json=[{"size": "large"}]).status_code == 422
    table.drop(columns="dear").to_csv("mine.csv", index=False, sep=";")
    scores = train.main("mine.csv", "price")
    assert scores["test"] < scores["the mean"] / 2
