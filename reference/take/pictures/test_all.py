"""Two kinds of pictures are told apart, after saving, too, and over HTTP."""

from pathlib import Path

import numpy as np
import predict
import serve
import train
from PIL import Image, ImageDraw


def test_all(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "SIZE", 64)
    random = np.random.default_rng(1)
    for number in range(40):
        kind = ["circle", "square"][number % 2]
        image = Image.new("RGB", (90, 60), tuple(random.integers(100, 255, 3).tolist()))
        left, top = random.integers(15, 25, 2).tolist()
        draw = getattr(ImageDraw.Draw(image), {"circle": "ellipse", "square": "rectangle"}[kind])
        draw((left, top, left + 30, top + 30), "black")
        Path("mine", kind).mkdir(parents=True, exist_ok=True)
        image.save(f"mine/{kind}/{number}.png")
    assert train.main("mine") > 0.8
    predict.main(["mine/circle/0.png", "mine/square/1.png"])
    said = capsys.readouterr().out.splitlines()[-2:]
    assert "png: circle" in said[0] and "png: square" in said[1]
    serve.app.config["MODEL"] = predict.load()
    client = serve.app.test_client()
    answer = client.post("/predict", data=Path("mine/square/1.png").read_bytes()).get_json()
    assert answer["kind"] == "square"
    assert client.post("/predict", data=b"no picture").status_code == 422
