"""What is learned is right about new texts, and comes back from the file and over HTTP."""

import csv
import random
from pathlib import Path

import predict
import serve
import train


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
    assert train.main(["mine.csv", "kind", "text"]) > 0.9
    predict.main(["a goal of the team"])
    assert capsys.readouterr().out.splitlines()[-1].startswith("sport")
    serve.app.config["MODEL"] = predict.load()
    client = serve.app.test_client()
    assert client.post("/predict", json=["salt in the soup"]).get_json()[0][0] == "food"
    assert client.post("/predict", json={"text": "soup"}).status_code == 422
