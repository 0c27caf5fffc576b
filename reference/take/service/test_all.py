"""The service says what the network says, and refuses what is no row."""

import runpy
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import serve
import train
from sklearn.datasets import load_wine


def test_all(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train.main() > 0.95
    monkeypatch.setattr("waitress.serve", lambda app, **where: None)
    monkeypatch.setattr(sys, "argv", ["serve.py", "model.keras"])
    runpy.run_path(serve.__file__, run_name="__main__")
    assert "http://127.0.0.1:8000/predict" in capsys.readouterr().out
    model = keras.saving.load_model("model.keras")
    client = serve.create_app(model).test_client()
    assert client.get("/health").get_json() == {"status": "ok", "takes": [13], "gives": [3]}
    as_json = {"content_type": "application/json"}
    question = Path("rows.json").read_bytes()
    assert client.post("/predict", data=question, **as_json).status_code == 200
    rows = load_wine().data[:3].tolist()
    answer = client.post("/predict", json={"rows": rows})
    expected = model.predict(np.array(rows), verbose=0)
    np.testing.assert_allclose(answer.get_json()["predictions"], expected, atol=1e-5)
    for bad, said in [
        (rows, "of numbers"), ({"rows": [["13.2"] * 13]}, "of numbers"),
        ({"rows": [[True] * 13]}, "of numbers"), ({"rows": [[10**400] * 13]}, "of numbers"),
        ({"rows": rows[0]}, "of shape [13]"), ({"rows": []}, "1 to 100 rows"),
        ({"rows": rows * 50}, "1 to 100 rows"), ({"rows": [[1e39] * 13]}, "finite"),
    ]:  # fmt: skip
        answer = client.post("/predict", json=bad)
        assert answer.status_code == 422 and said in answer.get_json()["error"], bad
    deep = '{"rows": ' + "[" * 100_000
    assert client.post("/predict", data=deep, **as_json).status_code == 422


def test_a_network_that_is_open_in_its_length_is_not_served(tmp_path, monkeypatch):
    sequence = keras.Sequential([keras.Input((None, 1)), keras.layers.SimpleRNN(1)])
    sequence.save(tmp_path / "model.keras")
    monkeypatch.setattr(sys, "argv", ["serve.py", str(tmp_path / "model.keras")])
    with pytest.raises(SystemExit, match="a fixed shape"):
        runpy.run_path(serve.__file__, run_name="__main__")


def test_the_network_answers_one_thread_at_a_time():
    inside, most = [], []

    def predict(rows):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return rows

    shape = (None, 1)
    model = SimpleNamespace(input_shape=shape, output_shape=shape, predict_on_batch=predict)
    app = serve.create_app(model)

    def ask(number):
        return app.test_client().post("/predict", json={"rows": [[number]]}).get_json()

    with ThreadPoolExecutor(4) as pool:
        assert [one["predictions"] for one in pool.map(ask, range(4))] == [[[n]] for n in range(4)]
    assert max(most) == 1
