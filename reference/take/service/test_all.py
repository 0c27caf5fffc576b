"""The service says what the network says, and refuses what is no row."""

import keras
import numpy as np
import serve
import train
from sklearn.datasets import load_wine


def test_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train.main() > 0.8
    model = keras.saving.load_model("model.keras")
    client = serve.create_app(model).test_client()
    assert client.get("/health").get_json()["takes"] == [13]
    rows = load_wine().data[:3].tolist()
    answer = client.post("/predict", json={"rows": rows})
    expected = model.predict(np.array(rows), verbose=0)
    np.testing.assert_allclose(answer.get_json()["predictions"], expected, atol=1e-5)
    for bad in (rows, {"rows": rows[0]}, {"rows": []}, {"rows": [["a"] * 13]}, {"rows": rows * 50}):
        assert client.post("/predict", json=bad).status_code == 422
