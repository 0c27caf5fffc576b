"""Two kinds of pictures are told apart, after saving, too, and over HTTP."""

import io
import runpy
import shutil
from pathlib import Path

import keras
import numpy as np
import pictures
import predict
import pytest
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
    assert 0.8 < train.main("mine") <= 1
    predict.main(["mine/circle/0.png", "mine/square/1.png"])
    said = capsys.readouterr().out.splitlines()[-2:]
    assert "png: circle" in said[0] and "png: square" in said[1]
    monkeypatch.setattr("waitress.serve", lambda app, **where: None)
    runpy.run_path(serve.__file__, run_name="__main__")
    assert "http://127.0.0.1:8000/predict" in capsys.readouterr().out
    serve.app.config["MODEL"] = predict.load()
    client = serve.app.test_client()
    answer = client.post("/predict", data=Path("mine/square/1.png").read_bytes()).get_json()
    assert answer["kind"] == "square" and 0.5 < answer["probability"] < 1
    assert client.post("/predict", data=b"no picture").status_code == 422
    del serve.app.config["MODEL"]  # a fault of the server, and none of the picture
    assert client.post("/predict", data=Path("mine/square/1.png").read_bytes()).status_code == 500


def folder_of(folder, names):
    """Write a small picture to each of these places in a folder, each of another grey."""
    for number, name in enumerate(names):
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (number, number, number)).save(path)


def test_rare_kinds_count_more_and_the_same_pictures_judge_each_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of("mine", [f"a/{i}.png" for i in range(10)] + [f"b/{i}.png" for i in range(30)])
    given = []

    def fit(model, x, y, **options):
        given.append((sorted(x[:, 0, 0, 0].tolist()), options["class_weight"]))

    tiny = [keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    monkeypatch.setattr(train, "build", lambda classes: keras.Sequential(tiny))
    monkeypatch.setattr(keras.Model, "fit", fit)
    train.main("mine")
    train.main("mine")
    assert given[0] == given[1] == (given[0][0], {0: 2, 1: pytest.approx(2 / 3)})
    assert sum(number < 10 for number in given[0][0]) == 8 and len(given[0][0]) == 32


@pytest.mark.parametrize(("side", "kind"), [(9, "PPM"), (8_000, "PNG")])
def test_only_pictures_of_known_formats_and_a_size_are_opened(side, kind):
    content = io.BytesIO()
    Image.new("1", (side, side)).save(content, kind)
    with pytest.raises(ValueError, match="no picture"):
        pictures.read(content, 9)


@pytest.mark.parametrize(
    ("names", "said"),
    [(["cat/1.png"], "two subfolders"), (["1.png"], "two subfolders"),
     (["training/cat/1.png", "Validation/cat/1.png"], "put them together"),
     ([f"{kind}/{i}.png" for kind in "ab" for i in range(9)], "a needs 10 pictures"),
     ([f"{kind}/{i % 2}{kind}/{i}.png" for kind in "ab" for i in range(20)], "5 subfolders")],
)  # fmt: skip
def test_a_folder_that_cannot_be_learned_from_ends_with_one_line(tmp_path, names, said):
    folder_of(tmp_path, names)
    with pytest.raises(SystemExit, match=said):
        train.main(tmp_path)


def test_what_is_left_out_is_named_and_subfolders_are_groups(tmp_path, capsys):
    folder_of(tmp_path, ["cat/anna/1.png", "cat/anna/2.png", "dog/anna/1.png", "dog/1.png"])
    for name in ("dog/._1.png", "dog/2.heic", "dog/3.jpg"):
        (tmp_path / name).write_bytes(b"none")
    x, kinds, groups = pictures.find(tmp_path, 9)
    assert x.shape == (4, 9, 9, 3) and [*kinds] == ["cat", "cat", "dog", "dog"]
    assert sorted(np.unique(groups, return_counts=True)[1]) == [1, 3]
    said = capsys.readouterr().out
    assert "left out: 3 files" in said and "2.heic" in said and "3.jpg" in said and "._1" in said
    shutil.copy(tmp_path / "dog/1.png", tmp_path / "cat/2.png")
    assert (pictures.find(tmp_path, 9)[2] == groups[2]).sum() == 2  # of one picture
