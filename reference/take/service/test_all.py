"""The service says what the network says, and refuses what is no row."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import keras
import numpy as np
import serve
import train
from sklearn.datasets import load_wine


def test_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train.main() > 0.95
    model = keras.saving.load_model("model.keras")
    client = serve.create_app(model).test_client()
    assert client.get("/health").get_json() == {"status": "ok", "takes": [13], "gives": [3]}
    rows = load_wine().data[:3].tolist()
    answer = client.post("/predict", json={"rows": rows})
    expected = model.predict(np.array(rows), verbose=0)
    np.testing.assert_allclose(answer.get_json()["predictions"], expected, atol=1e-5)
    for bad in (rows, {"rows": rows[0]}, {"rows": []}, {"rows": [["a"] * 13]}, {"rows": rows * 50}):
        assert client.post("/predict", json=bad).status_code == 422


def test_the_network_answers_one_thread_at_a_time():
    inside, most = [], []

    def predict(rows, verbose):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return rows

    model = SimpleNamespace(input_shape=(None, 1), output_shape=(None, 1), predict=predict)
    app = serve.create_app(model)

    def ask(number):
        return app.test_client().post("/predict", json={"rows": [[number]]}).get_json()

    with ThreadPoolExecutor(4) as pool:
        assert [one["predictions"] for one in pool.map(ask, range(4))] == [[[n]] for n in range(4)]
    assert max(most) == 1
