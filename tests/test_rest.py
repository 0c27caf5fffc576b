"""The service in serialization/rest/: what it answers, what it refuses, how it ends."""

import io
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import requests
from conftest import ROOT, failure, loaded
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_openapi
from PIL import Image, ImageDraw
from prometheus_client.parser import text_string_to_metric_families
from scipy import ndimage

from utils import statistics
from utils.statistics import with_temperature

REST = ROOT / "serialization" / "rest"
SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"
MODULES = ["rest.app", "operating.checks", "rest.out_of_distribution", "operating.metrics"]
MODULES += ["rest.prepare", "operating.service"]


@pytest.fixture(scope="module")
def modules():
    """The service's modules by name, as one process of a server has them."""
    with loaded("serialization/rest/app.py"):
        yield {name.partition(".")[2]: sys.modules[f"serialization.{name}"] for name in MODULES}


@pytest.fixture(scope="module")
def app(modules):
    return modules["app"].create_app()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="module")
def digits():
    with np.load(ROOT / "assets" / "data" / "mnist.npz") as arrays:
        return arrays["x_test"], arrays["y_test"]


def drawing(digit, paper=255, ink=0, size=300, corner=(40, 150), side=120, mode="L"):
    """Return an image of mode L: a digit of MNIST on a sheet, enlarged, not in the middle."""
    sheet = Image.new("L", (size, size), paper)
    mask = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    sheet.paste(ink, corner, mask)
    return sheet.convert(mode)


def upload(client, image, form="PNG", **options):
    """Send an image, or bytes, as a browser does; return the response."""
    content = image
    if isinstance(image, Image.Image):
        file = io.BytesIO()
        image.save(file, form, **options)
        content = file.getvalue()
    return client.post("/predict", data={"image": (io.BytesIO(content), "digit")})


def message(response, *statuses):
    """Return the message of an error after a look at its form."""
    assert response.status_code in statuses, response.text
    assert response.mimetype == "application/json"
    error = response.get_json()["error"]
    assert set(error) == {"status", "name", "message"}
    assert error["status"] == response.status_code
    assert str(ROOT) not in response.text and "Traceback" not in response.text
    return error["message"]


def test_shipped_model_reads_99_percent(app, digits):
    images, labels = digits
    read = np.concatenate(
        [app.classifier.predict(images[i : i + 1000])[0] for i in range(0, 10_000, 1000)]
    )
    assert (read.argmax(axis=1) == labels).mean() >= 0.99


def test_ship_model_writes_the_same_network(load_script, tmp_path, digits):
    ship_model = load_script("serialization/rest/ship_model.py")
    with pytest.raises(SystemExit, match="there is no"):
        ship_model.main(["--model", str(tmp_path / "missing.keras")])
    trained = tmp_path / "trained" / "conv_net.keras"
    trained.parent.mkdir()
    model = keras.saving.load_model(SHIPPED)
    model.compile(keras.optimizers.Adam(0.0), "sparse_categorical_crossentropy")  # learns nothing
    model.train_on_batch(digits[0][:1, :, :, None] / 255, digits[1][:1])
    model.save(trained)
    before = trained.read_bytes()
    with pytest.raises(SystemExit, match="would be overwritten"):
        ship_model.main(["--model", str(trained), "--outputs", str(trained.parent)])
    assert trained.read_bytes() == before
    results = ship_model.main(["--model", str(trained), "--outputs", str(tmp_path / "shipped")])
    assert results["bytes"] == trained.stat().st_size > 2.5 * results["bytes_shipped"]
    names = {path.name for path in (tmp_path / "shipped").iterdir()}
    assert names == {"conv_net.keras", "conv_net.json"}
    # What was fitted anew is what lies beside the shipped network.
    one, two = (
        json.loads((folder / "conv_net.json").read_text(encoding="utf-8"))
        for folder in (SHIPPED.parent, tmp_path / "shipped")
    )
    assert one["temperature"] == pytest.approx(two["temperature"], rel=1e-3)
    assert one["least_likeness"] == pytest.approx(two["least_likeness"], rel=1e-3)
    x = digits[0][:50, :, :, None] / 255
    one, two = (
        keras.saving.load_model(path).predict_on_batch(x)
        for path in (SHIPPED, tmp_path / "shipped" / "conv_net.keras")
    )
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_temperature_is_used_only_if_it_helps_with_other_writers(load_script, monkeypatch):
    ship_model = load_script("serialization/rest/ship_model.py")
    labels = np.eye(10)[np.arange(100) % 10]
    writers = np.arange(100) % 20
    confident = 0.9 * labels + 0.01  # always right, with a probability of 0.91
    for temperature, expected in ((0.5, 0.5), (2, 1)):  # more and less confident of what is right
        for module in (ship_model, statistics):
            monkeypatch.setattr(module, "fit_temperature", lambda *_, given=temperature: given)
        used, tried = ship_model.choose_temperature(confident, labels, writers)
        assert used == expected and (tried["scaled"] < tried["without"]) == (temperature < 1)
    parts = ship_model.divide(writers)
    assert set(parts) == set(range(5))
    assert all(len(set(parts[writers == writer])) == 1 for writer in writers)


def test_pixels_are_read_one_by_one_and_in_batches(client, app, digits):
    images, labels = digits[0][:40], digits[1][:40]
    direct = app.classifier.model.predict(images[..., None] / 255, verbose=0)
    direct = with_temperature(direct, app.classifier.detector.limits["temperature"])
    batch = client.post("/predict", json={"pixels": images.tolist()}).get_json()
    assert batch["model"] == "conv_net" and len(batch["predictions"]) == 40
    assert batch["version"] == app.classifier.sha256[:12]
    for image, label, row, prediction in zip(
        images, labels, direct, batch["predictions"], strict=True
    ):
        one = client.post("/predict", json={"pixels": image.tolist()}).get_json()
        assert one.pop("model") == "conv_net" and one.pop("version") == batch["version"]
        assert one["looks_like_digit"] is prediction["looks_like_digit"] is True
        assert one["digit"] == prediction["digit"] == label
        assert one["probability"] == max(one["probabilities"])
        assert [round(value, 6) for value in one["probabilities"]] == one["probabilities"]
        np.testing.assert_allclose(one["probabilities"], row, atol=2e-6)
        np.testing.assert_allclose(prediction["probabilities"], row, atol=2e-6)
    one_of_one = client.post("/predict", json={"pixels": images[:1].tolist()}).get_json()
    assert len(one_of_one["predictions"]) == 1


@pytest.mark.parametrize(
    ("look", "form", "options"),
    [
        ({}, "PNG", {}),
        ({}, "JPEG", {"quality": 60}),
        ({"paper": 60, "ink": 220, "mode": "RGB"}, "JPEG", {}),
        ({"mode": "P", "paper": 230, "ink": 90}, "PNG", {}),
        ({"size": 2000, "side": 900, "corner": (900, 100)}, "JPEG", {}),
        ({"mode": "CMYK"}, "JPEG", {}),
    ],
)
def test_images_of_all_looks_are_read(client, digits, look, form, options):
    for index in (0, 1, 2):
        response = upload(client, drawing(digits[0][index], **look), form, **options)
        answer = response.get_json()
        assert answer["digit"] == digits[1][index], (index, response.text[:200])
        again = client.post("/predict", json={"pixels": answer["pixels"]}).get_json()
        assert again["probabilities"] == answer["probabilities"]


def test_transparent_deep_turned_and_double_images_are_read(client, digits):
    seven = digits[0][0]
    for ink in (0, 255):  # a canvas without background
        alpha = drawing(seven, paper=0, ink=255)
        image = Image.merge("LA", [Image.new("L", alpha.size, ink), alpha])
        assert upload(client, image.convert("RGBA")).get_json()["digit"] == 7
    deep = Image.fromarray(np.asarray(drawing(seven)).astype("uint16") * 257)
    assert upload(client, deep).get_json()["digit"] == 7
    exif = Image.Exif()
    exif[274] = 6  # turn by 90 degrees to see it upright
    turned = drawing(seven).transpose(Image.Transpose.ROTATE_90)
    assert upload(client, turned, "JPEG", exif=exif).get_json()["digit"] == 7
    # Phones write MPO: a JPEG with others behind it.
    several = {"save_all": True, "append_images": [drawing(digits[0][1])]}
    assert upload(client, drawing(seven), "MPO", **several).get_json()["digit"] == 7


def test_each_step_of_preparing_does_what_it_says(modules, digits):
    steps = modules["prepare"]
    for index, (paper, ink) in enumerate([(255, 0), (0, 255), (200, 90), (30, 160)]):
        grey = steps.to_grey(drawing(digits[0][index], paper, ink))
        assert grey.shape == (300, 300) and 0 <= grey.min() < grey.max() <= 1
        found = steps.find_ink(grey)
        assert found.max() == 1 and np.median(found) == 0
        cut = steps.crop(found)
        assert all(edge.max() >= 0.5 for edge in (cut[0], cut[-1], cut[:, 0], cut[:, -1]))
        small = steps.scale(cut)
        assert max(small.shape) == 20
        ratio = cut.shape[0] / cut.shape[1]
        assert small.shape[0] / small.shape[1] == pytest.approx(ratio, rel=0.1)
        picture = steps.centre(small)
        assert picture.shape == (28, 28) and picture.dtype == "uint8" and picture.max() == 255
        np.testing.assert_allclose(ndimage.center_of_mass(picture), 14, atol=0.51)
    # Where the digit lies on the sheet and how large it is makes no difference.
    here = steps.prepare(drawing(digits[0][0], corner=(10, 20)))
    there = steps.prepare(drawing(digits[0][0], corner=(90, 170)))
    assert (here == there).all()
    assert (steps.prepare(Image.fromarray(digits[0][0])) == digits[0][0]).mean() > 0.95


def in_a_gradient(image, bright=1.15, dim=0.6):
    """Return a Pillow image in light that falls from one side."""
    light = np.linspace(bright, dim, image.width)
    return Image.fromarray((np.asarray(image) * light).clip(0, 255).astype("uint8"))


def test_uneven_light_is_no_ink(modules, load_script, digits):
    """What is seen of a digit in a gradient is what is seen in even light, and that is as ever."""
    prepare = modules["prepare"]
    median = load_script("serialization/rest/light.py").as_median
    for digit in digits[0][:10]:
        grey = prepare.to_grey(drawing(digit, 200, 60))
        even = prepare.centre(prepare.scale(prepare.crop(prepare.find_ink(grey))))
        as_before = prepare.centre(prepare.scale(prepare.crop(prepare.find_ink(grey, median))))
        np.testing.assert_array_equal(even, as_before)
        lit = prepare.prepare(in_a_gradient(drawing(digit, 200, 60)))
        assert np.abs(lit.astype(int) - even).mean() < 0.5
    # On a long and grainy sheet a small digit is a small part of all that differs from the paper.
    sheet = np.full((130, 400), 70.0)
    sheet[40:92, 150:202] += 70 * np.kron(digits[0][2], np.ones((2, 2)))[2:54, 2:54] / 255
    clean, *grainy = (
        prepare.prepare(Image.fromarray((sheet + noise).astype("uint8")))
        for noise in (0, *np.random.default_rng(1).normal(0, 8, (5, 130, 400)))
    )
    assert all(np.abs(one.astype(int) - clean).mean() < 10 for one in grainy)
    surface = prepare.find_paper(prepare.to_grey(in_a_gradient(drawing(digits[0][0], 200, 60))))
    expected = 200 / 255 * np.linspace(1.15, 0.6, 300)
    np.testing.assert_allclose(surface, np.tile(expected, (300, 1)), atol=0.01)


@pytest.fixture
def read(load_script):
    return load_script("serialization/rest/read.py")


def test_a_photograph_is_read_in_the_shell_as_by_the_service(
    read, client, digits, tmp_path, capsys
):
    paths = [tmp_path / "seven.png", tmp_path / "two" / "seven.png", tmp_path / "coffee.jpg"]
    paths[1].parent.mkdir()
    for path, digit in zip(paths, digits[0], strict=False):
        in_a_gradient(drawing(digit, 220, 50)).save(path)
    shutil.copy(ROOT / "cnn" / "data" / "photos" / "coffee.jpg", paths[2])
    (tmp_path / "no.png").write_text("no")
    Image.new("L", (50, 50)).save(tmp_path / "empty.png")
    others = [tmp_path / "no.png", tmp_path / "missing.png", tmp_path / "empty.png"]
    results = read.main([*map(str, [*others, *paths]), "--outputs", str(tmp_path / "run")])
    printed, errors = capsys.readouterr()
    assert f"{paths[0]}: 7 (" in printed and f"{paths[1]}: 2 (" in printed
    assert "I do not think that this is a digit" in printed.partition("coffee.jpg: ")[2]
    said = ["no.png is left out: it must hold a PNG or JPEG", "there is no file", "empty.png is"]
    assert all(text in line for text, line in
               zip(said, errors.splitlines()[-3:], strict=True))  # fmt: skip
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "results.json", "seven_28x28.png", "seven_2_28x28.png", "coffee_28x28.png",
    }  # fmt: skip
    for path in paths:
        answer = client.post("/predict", data={"image": (path.open("rb"), "digit")}).get_json()
        mine = results["images"][str(path)]
        assert (answer["digit"], answer["looks_like_digit"]) == (
            mine["digit"], mine["looks_like_digit"],
        )  # fmt: skip
        np.testing.assert_allclose(answer["probabilities"], mine["probabilities"], atol=2e-6)
        seen = np.asarray(Image.open(tmp_path / "run" / mine["seen"]))
        np.testing.assert_array_equal(seen, answer["pixels"])
    with pytest.raises(SystemExit, match="none of these is an image"):
        read.main([str(tmp_path / "no.png"), "--outputs", str(tmp_path / "none")])
    assert not (tmp_path / "none").exists()
    for stem, found in (("a_checkpoint", 0), ("conv_net", 1), ("other", 2)):
        (tmp_path / f"{stem}.keras").touch()
        if found == 1:
            assert read.find_model(tmp_path).name == "conv_net.keras"
        else:
            with pytest.raises(SystemExit, match=f"there are {found} networks in"):
                read.find_model(tmp_path)


EMPTY = np.zeros((28, 28), dtype=int).tolist()
GOOD = np.eye(28, dtype=int).tolist()


def with_pixel(value):
    """Return an image as JSON with one pixel that is not as it should be."""
    return json.dumps({"pixels": GOOD}).replace("1", value, 1)


@pytest.mark.parametrize(
    ("body", "statuses", "said"),
    [
        ("{", [400], "not valid JSON"),
        ("[" * 100_000, [400], "nested"),
        (b"\xff\xfe", [400], "not valid JSON"),
        ("[]", [422], '"pixels"'),
        ('{"pixels": []}', [422], "28 rows"),
        ('{"pixels": "7"}', [422], "28 rows"),
        (json.dumps({"pixels": np.ones((28, 28, 1)).tolist()}), [422], "28 rows"),
        (json.dumps({"pixels": np.ones((129, 28, 28), int).tolist()}), [422], "128"),
        (json.dumps({"pixels": [GOOD, EMPTY]}), [422], "empty"),
        (with_pixel("NaN"), [422], "0 (paper) to 255"),
        (with_pixel("256"), [422], "0 (paper) to 255"),
        (with_pixel('"1"'), [422], "0 (paper) to 255"),
        (with_pixel("9" * 400), [422], "0 (paper) to 255"),
        (with_pixel("9" * 5000), [400], "not valid JSON"),
        (json.dumps({"pixels": GOOD}).replace("0", "false").replace("1", "true"), [422], "0 ("),
        (json.dumps({"pixels": GOOD}) + " " * 2**20, [413], "1048576"),
    ],
)
def test_bad_json_is_refused_with_a_reason(client, body, statuses, said):
    response = client.post("/predict", data=body, content_type="application/json")
    assert said in message(response, *statuses)


def test_small_json_cannot_become_a_large_array(client):
    """numpy pads each string of a list to the length of the longest: here to 320 MB."""
    strings = ["a" * 20_000] + [""] * 4_000
    tracemalloc.start()
    response = client.post("/predict", json={"pixels": strings})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "28 rows" in message(response, 422)
    assert peak < 10 * 2**20


def test_bad_images_are_refused_with_a_reason(client, digits):
    whole = io.BytesIO()
    drawing(digits[0][0]).save(whole, "PNG")
    whole = whole.getvalue()
    for content in (b"", b"GIF89a", b"%PDF", whole[:60], whole[: len(whole) // 2], b"\xff\xd8\xff"):
        assert "PNG or JPEG" in message(upload(client, content), 422)
    assert "PNG or JPEG" in message(upload(client, drawing(digits[0][0]), "GIF"), 422)
    for mode, side in (("L", 280), ("RGBA", 9), ("1", 1)):
        assert "empty" in message(upload(client, Image.new(mode, (side, side))), 422)
    # A bomb: 30 kilobytes that would unfold to 400 million pixels.
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG", compress_level=9)
    assert len(bomb.getvalue()) < 100_000
    assert "too many pixels" in message(upload(client, bomb.getvalue()), 413)
    large = io.BytesIO()
    Image.new("1", (5_000, 5_000)).save(large, "PNG")
    assert "too many pixels" in message(upload(client, large.getvalue()), 413)
    # Another one: some kilobytes that go over the same pixels a thousand times.
    slow = io.BytesIO()
    Image.new("L", (2000, 2000), 255).save(slow, "JPEG", progressive=True)
    slow = slow.getvalue()
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    assert "too many scans" in message(upload(client, slow[:-2] + 1000 * scan + slow[-2:]), 413)
    assert "empty" in message(upload(client, slow), 422)  # which are read
    for form in ({"picture": (io.BytesIO(whole), "x")}, {"image": "7", "x": (io.BytesIO(), "x")}):
        assert "field image" in message(client.post("/predict", data=form), 422)
    message(upload(client, bytes(9 * 2**20)), 413)


@pytest.mark.filterwarnings("ignore:Tag data larger")  # pytest hears them all the same
def test_a_picture_with_thousands_of_tags_takes_no_memory_and_says_nothing(
    client, digits, tmp_path
):
    """All point to the same 200 KB. Of Pillow, 13 is the first that does not read them all."""
    tags, size = 2_000, 200_000
    entries = [struct.pack("<HHLL", 40_000 + i, 7, size, 14 + 12 * tags) for i in range(tags)]
    exif = struct.pack("<2sHLH", b"II", 42, 8, tags) + b"".join(entries) + bytes(4 + size)
    parts = [b"Exif\0\0" + exif[start : start + 65_000] for start in range(0, len(exif), 65_000)]
    parts = [b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts]
    drawing(digits[0][0]).save(tmp_path / "bomb.jpg", quality=90)
    photo = (tmp_path / "bomb.jpg").read_bytes()
    bomb = photo[:2] + b"".join(parts) + photo[2:]
    (tmp_path / "bomb.jpg").write_bytes(bomb)
    tracemalloc.start()
    response = upload(client, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert response.get_json()["digit"] == digits[1][0] and peak < 30 * 2**20
    # In a process of its own: pytest keeps warnings to itself.
    looks = (
        "import pathlib, sys; from PIL import ImageOps; from utils.pictures import open_picture\n"
        "for _ in range(2): ImageOps.exif_transpose(open_picture(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", looks, tmp_path / "bomb.jpg"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr[:300]) == (0, "")


def test_wrong_types_paths_and_methods_are_refused(client):
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = client.post("/predict", data=b"a=b", content_type=kind)
        assert "multipart/form-data" in message(response, 415)
    for path in ("/predictions", "/predict/", "//predict", "/static/../app.py", "/static/", "/%00"):
        ask = client.get if "static" in path else client.post
        message(ask(f"http://localhost{path}"), 404, 405)
    for method, path in (("GET", "/predict"), ("DELETE", "/predict"), ("POST", "/health")):
        response = client.open(path, method=method)
        message(response, 405)
        assert response.headers["Allow"]


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("localhost:8000", True),
        ("LOCALHOST", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.7", True),
        ("digits.example:80", True),
        ("evil.example", False),
        ("digits.example.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("[x", False),
        ("", False),
    ],
)
def test_a_strange_name_is_not_answered(modules, host, answered):
    """A page of a stranger can lead its own name here, and have your browser ask."""
    app = modules["service"].make_flask("a", "a", "", ["Digits.example"])
    response = app.test_client().get("/metrics", headers={"Host": host})
    if answered:
        assert response.status_code == 200
    else:
        assert "--allowed-host" in message(response, 421)


def test_small_images_do_not_wait_for_large_ones(modules, client, digits, monkeypatch):
    monkeypatch.setattr(modules["checks"], "PATIENCE", 0.01)
    large = drawing(digits[0][0], size=1200)
    checks = modules["checks"]
    with checks.unpacking:
        assert "other large images" in message(upload(client, large), 503)
        assert upload(client, drawing(digits[0][0])).status_code == 200
    with checks.places, checks.places:  # one unpacks and one waits: no third thread is held up
        monkeypatch.setattr(checks, "PATIENCE", 60)
        assert "other large images" in message(upload(client, large), 503)
    assert upload(client, large).status_code == 200


def test_pages_of_other_sites_are_not_answered(client):
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert "another site" in message(client.post("/predict", json={}, headers=foreign), 403)
    assert client.get("/", headers=foreign).status_code == 200  # a link that somebody follows
    for headers in (
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://digits.example"},  # behind a proxy
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},  # of your own machine
        {"Origin": "http://localhost"},
    ):
        assert client.post("/predict", json={}, headers=headers).status_code == 422
    for origin in ("http://evil.example", "http://localhost.evil.example", "null", "http://["):
        assert client.post("/predict", json={}, headers={"Origin": origin}).status_code == 403


def bad_requests(count, seed, good_png):
    """Yield arguments for requests that all are wrong in some way, made at random."""
    rng = random.Random(seed)
    values = ["NaN", "-1", "1e308", '"x"', "null", "{}", "[]", "[[1]]", "256", "-0.01", "9" * 30]
    types = ["application/json", "multipart/form-data; boundary=b", "text/html", "image/jpeg"]
    for _ in range(count):
        kind = rng.randrange(6)
        if kind == 0:  # a wrong value somewhere in good pixels
            pixels = [[str(rng.randrange(256)) for _ in range(28)] for _ in range(28)]
            pixels[rng.randrange(28)][rng.randrange(28)] = rng.choice(values)
            rows = ",".join("[" + ",".join(row) + "]" for row in pixels)
            yield {"data": f'{{"pixels":[{rows}]}}', "content_type": "application/json"}
        elif kind == 1:  # a wrong shape
            shape = [rng.randrange(30) for _ in range(rng.randrange(1, 5))]
            pixels = np.ones([side for side in shape if side < 28] or [3], dtype=int).tolist()
            yield {"json": {"pixels": pixels}}
        elif kind == 2:  # noise of any type
            yield {"data": rng.randbytes(rng.randrange(300)), "content_type": rng.choice(types)}
        elif kind == 3:  # half of a good file
            content = good_png[: rng.randrange(len(good_png) // 2)]
            yield {"data": {"image": (io.BytesIO(content), "a.png")}}
        elif kind == 4:  # good JSON, cut off
            text = json.dumps({"pixels": GOOD})
            yield {"data": text[: rng.randrange(len(text))], "content_type": "application/json"}
        else:  # a form that is not one
            body = b"--b\r\nContent-Disposition: form-data; name=image" + rng.randbytes(60)
            yield {"data": body, "content_type": types[1]}


def test_fuzz_is_never_answered_5xx(client, digits):
    png = io.BytesIO()
    drawing(digits[0][0]).save(png, "PNG")
    for request in bad_requests(200, 0, png.getvalue()):
        message(client.post("/predict", **request), 400, 413, 415, 422)
    # A file with a few bytes changed may still be an image: then it gets an answer.
    rng = random.Random(1)
    for form in ("PNG", "JPEG") * 25:
        file = io.BytesIO()
        drawing(digits[0][1]).save(file, form)
        content = bytearray(file.getvalue())
        for _ in range(rng.randrange(1, 9)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        response = upload(client, bytes(content))
        if response.status_code != 200:
            message(response, 413, 422)


def test_the_back_end_compiles_for_the_sizes_of_the_service_and_not_later(load_script):
    """On TensorFlow for no others, on JAX for each that is new; PyTorch compiles nothing."""
    calls = load_script("book/timings/service_load.py").first_calls([1, 32, 2, 20])
    compiled = {size: call["compiled"] for size, call in calls.items()}
    if keras.config.backend() == "tensorflow":
        assert compiled == {"1": True, "32": True, "2": False, "20": False}
    elif keras.config.backend() == "jax":
        assert all(compiled.values())


def test_an_error_of_the_service_shows_nothing_of_it(app, client, monkeypatch):
    def broken(pixels):
        raise RuntimeError(f"secret in {ROOT}")

    monkeypatch.setattr(app.classifier, "predict", broken)
    response = client.post("/predict", json={"pixels": GOOD})
    assert "secret" not in response.text
    message(response, 500)


def test_one_thread_at_a_time_calls_the_network(app, monkeypatch):
    """Keras does not promise that several may, and each would take memory of its own."""
    inside, most = [], []

    class Network:
        def predict_on_batch(self, batch):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()
            return batch

    detector = SimpleNamespace(network=Network(), detect=lambda parts: (parts, [None]))
    monkeypatch.setattr(app.classifier, "detector", detector)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(app.classifier.predict, [np.zeros((1, 28, 28))] * 16))
    assert most == [1] * 16


def test_concurrent_requests_get_their_own_answers(app, digits):
    images = digits[0][:24]
    bodies = [{"pixels": image.tolist()} for image in images]
    bodies += [{"pixels": images[start : start + 5].tolist()} for start in range(0, 20, 5)]

    def ask(body):
        return app.test_client().post("/predict", json=body).get_json()

    alone = [ask(body) for body in bodies]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(ask, bodies * 4))
    assert together == alone * 4


def test_health_model_and_page(client):
    ready = client.get("/health")
    assert ready.status_code == 200 and ready.get_json() == {"status": "ready"}
    about = client.get("/model").get_json()
    assert about["name"] == "conv_net" and about["parameters"] == 93_322
    assert about["input_shape"] == [28, 28, 1] and len(about["sha256"]) == 64
    assert about["keras"] == keras.version() and keras.config.backend() in about["backend"]
    assert 'id="canvas"' in client.get("/").text


@pytest.fixture
def service(tmp_path):
    """A running service: the process and its port. Its log goes to service.log."""
    command = [sys.executable, str(REST / "app.py"), "--port", "0"]
    with (tmp_path / "service.log").open("w") as log:  # a pipe that nobody reads would fill up
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    yield process, int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_service_over_http_until_it_is_stopped(
    service, load_script, digits, tmp_path, capsys, monkeypatch
):
    """SIGTERM here; tests/test_page.py ends it as Ctrl-C does."""
    process, port = service
    load = load_script("book/timings/service_load.py")
    load.wait_until_ready(port, process)
    busy = load.ask(port, 32, 1.5)
    assert busy["requests"] > 32 and busy["failures"] == 0

    client = load_script("serialization/rest/client.py")
    url = f"http://127.0.0.1:{port}"
    accuracy = client.main(["--accuracy", "--url", url])
    assert accuracy["over_http"] == accuracy["direct"] > 0.99 and accuracy["different"] == 0
    # Another file than the one that is served is not compared with.
    monkeypatch.setattr("mnist.data.load_mnist", lambda: (None, (digits[0][:200], digits[1][:200])))
    other = tmp_path / "conv_net.keras"
    other.write_bytes(SHIPPED.read_bytes() + b" ")
    accuracy = client.main(["--accuracy", "--model", str(other), "--url", url])
    assert set(accuracy) == {"over_http"} and accuracy["over_http"] > 0.97
    assert f"conv_net is not {other}" in capsys.readouterr().out
    drawing(digits[0][0]).save(tmp_path / "seven.png")
    answers = client.main([str(tmp_path / "seven.png"), "--test", "2", "--url", url])
    assert answers["seven.png"]["digit"] == 7
    assert "test image 1, a 2: 2 with" in capsys.readouterr().out
    (tmp_path / "no.png").write_text("no")
    with pytest.raises(SystemExit, match="is not the service of app"):
        client.check(requests.get(f"{url}/health"), client.PREDICTION)
    for options, said in [
        ([tmp_path / "no.png", "--url", url], "422"),
        ([tmp_path / "missing.png", "--url", url], "cannot read"),
        (["--test", "1", "--url", "http://127.0.0.1:1"], "no service"),
    ]:
        with pytest.raises(SystemExit, match=said):
            client.main([*map(str, options)])

    # What is no HTTP, or claims to be enormous, never reaches Flask, and is answered alike.
    for request in (b"NONSENSE\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request)
            answer = connection.makefile("rb").read()
        error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert error["status"] in (400, 413) and set(error) == {"status", "name", "message"}
    process.terminate()
    process.communicate(timeout=20)
    log = (tmp_path / "service.log").read_text()
    assert process.returncode == 0
    assert re.search(r"POST /predict 200 [\d.]+ ms", log)
    assert "Traceback" not in log


def test_a_model_that_cannot_serve_is_refused_in_one_line(modules, tmp_path, monkeypatch):
    main = modules["app"].main
    broken = tmp_path / "broken.keras"
    broken.write_bytes(SHIPPED.read_bytes()[:1000])
    xor = tmp_path / "xor.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(xor)
    for path, said in [
        (tmp_path / "missing.keras", "there is no"),
        (broken, "only a part of one"),
        (xor, "does not read digits"),
    ]:
        assert said in failure(main, ["--model", str(path)])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for system in (sys.platform, "win32"):
            monkeypatch.setattr(sys, "platform", system)
            with pytest.raises(SystemExit, match="cannot listen"):
                main(["--port", str(taken.getsockname()[1])])
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["--port", "70000"])


@pytest.mark.parametrize(("poll", "files", "expected"), [
    (True, 1_024, 800), (True, 256, 156), (True, 120, 50), (True, None, 800), (False, 1_024, 400),
])  # fmt: skip
def test_no_more_connections_than_the_system_allows(
    load_script, monkeypatch, poll, files, expected
):
    resource = pytest.importorskip("resource", reason="NOT TESTED: Windows has no such limits")
    server = load_script("serialization/operating/server.py")
    files = resource.RLIM_INFINITY if files is None else files
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    if not poll:
        monkeypatch.delattr(server.select, "poll")
    assert server.most_connections() == expected


SERVER = """
import gc, time
from serialization.operating import server, service
server.THREADS, server.QUEUE, server.SILENCE = 1, 2, 2
app = service.make_flask("small", "small", "")
app.get("/slow")(lambda: time.sleep(0.5) or "done")
app.get("/frozen", endpoint="frozen")(lambda: str(gc.get_freeze_count()))
if __name__ == "__main__":
    server.serve(app, "small", "127.0.0.1", 0)
"""
GUNICORN = ["-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-class"]
GUNICORN += ["serialization.operating.worker.Worker"]


# The book can do without gunicorn, so the fast tests do without it, too.
@pytest.fixture(params=["waitress", pytest.param("gunicorn", marks=pytest.mark.slow)])
def small_server(request, tmp_path):
    """The port of the service's server with little room, and an answer that takes half a second."""
    if not find_spec(request.param):
        pytest.skip(f"NOT TESTED: {request.param} is not installed")
    (tmp_path / "small.py").write_text(SERVER)
    folders = os.pathsep.join(map(str, [tmp_path, REST, ROOT, os.environ.get("PYTHONPATH", "")]))
    command = ["small.py"] if request.param == "waitress" else [*GUNICORN, "small:app"]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": folders},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in process.stdout:
        if address := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            break
    yield int(address[1])
    process.terminate()  # gunicorn ends its worker, too
    process.communicate(timeout=10)


def test_a_full_queue_is_refused_and_silence_is_cut_off(small_server):
    address = f"http://127.0.0.1:{small_server}/slow"
    counted = 'service_requests_total{path="full",status="503"} '
    assert counted + "0.0" in requests.get(address.replace("slow", "metrics")).text
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(requests.get, address) for _ in range(8)]
        time.sleep(0.3)
        assert requests.get(address.replace("slow", "health")).json() == {"status": "ready"}
        assert not all(one.done() for one in waiting), "it has waited with the others"
        answers = [one.result() for one in waiting]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503} and statuses.count(200) in (2, 3)  # one is worked on
    refused = next(answer for answer in answers if answer.status_code == 503).json()
    assert refused["error"]["message"].startswith("too many requests are waiting")
    metrics = requests.get(address.replace("slow", "metrics")).text
    assert f"{counted}{statuses.count(503)}.0" in metrics

    # What is loaded once is left out when Python looks for garbage.
    assert int(requests.get(address.replace("slow", "frozen")).text) > 10_000
    with socket.create_connection(("127.0.0.1", small_server)) as packed:
        packed.sendall(b"POST /slow HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n")
        assert packed.recv(30).startswith(b"HTTP/1.1 501 ")

    # One connection says nothing, another one a letter of a header now and then.
    start = time.monotonic()
    with (
        socket.create_connection(("127.0.0.1", small_server)) as silent,
        socket.create_connection(("127.0.0.1", small_server)) as trickling,
    ):
        trickling.sendall(b"GET /slow HTTP/1.1\r\nX: ")
        open_ = {silent, trickling}
        while open_ and time.monotonic() < start + 10:
            time.sleep(0.2)
            for connection in set(open_):
                connection.setblocking(False)
                try:
                    if connection is trickling:
                        connection.send(b"x")
                    closed = connection.recv(1) == b""
                except BlockingIOError:
                    continue
                except OSError:  # such as a reset
                    closed = True
                if closed:
                    open_.remove(connection)
    assert not open_, "still open"


@pytest.mark.slow
def test_gunicorn_gives_up_on_a_network_that_is_not_there():
    if not find_spec("gunicorn"):
        pytest.skip("NOT TESTED: gunicorn is not installed")
    command = [sys.executable, *GUNICORN, "serialization.rest.app:create_app(model='none.keras')"]
    done = subprocess.run(command, cwd=REST, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "none.keras" in done.stderr


def test_a_perceptron_is_served_as_well(modules, tmp_path, digits, monkeypatch):
    """What tells digits from others is fitted at the start, unless there is no MNIST."""
    path = tmp_path / "mlp.keras"
    layers = [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")]
    keras.Sequential(layers).save(path)
    for mnist, known in ((modules["app"].MNIST_FILE, True), (tmp_path / "none", False)):
        monkeypatch.setattr(modules["app"], "MNIST_FILE", mnist)
        client = modules["app"].create_app(path).test_client()
        answer = client.post("/predict", json={"pixels": digits[0][0].tolist()}).get_json()
        assert answer["model"] == "mlp"
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert (answer["looks_like_digit"] is not None) == known
    assert [file.name for file in tmp_path.iterdir()] == ["mlp.keras"]


def test_what_is_not_a_digit_is_told(client, digits):
    """A sun with rays, which no digit resembles; and a client's pixels that are all ink."""
    sheet = Image.new("L", (300, 300), 255)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse([100, 100, 200, 200], fill=0)
    for angle in np.arange(0, 2 * np.pi, np.pi / 6):
        x, y = 150 + 130 * np.cos(angle), 150 + 130 * np.sin(angle)
        pen.line([150, 150, x, y], fill=0, width=12)
    answer = upload(client, sheet).get_json()
    assert answer["looks_like_digit"] is False and 0 <= answer["digit"] <= 9
    full = client.post("/predict", json={"pixels": np.full((28, 28), 255).tolist()}).get_json()
    assert full["looks_like_digit"] is False
    images = digits[0][:100].tolist()
    answers = client.post("/predict", json={"pixels": images}).get_json()["predictions"]
    assert sum(not answer["looks_like_digit"] for answer in answers) <= 5


def test_limits_of_another_network_are_not_used(modules, tmp_path, digits):
    out_of_distribution, path = modules["out_of_distribution"], tmp_path / "conv_net.keras"
    limits = SHIPPED.with_suffix(".json").read_text(encoding="utf-8")
    path.write_bytes(SHIPPED.read_bytes())
    assert out_of_distribution.load_limits(path) is None  # none there
    beside = tmp_path / "conv_net.json"
    for text, known in [
        (limits, True),
        (limits[: len(limits) // 2], False),
        (limits.replace('"temperature": ', '"temperature": -'), False),
        (limits.replace('"least_likeness": ', '"least_likeness": NaN, "x": '), False),
        ("[]", False),
    ]:
        beside.write_text(text, encoding="utf-8")
        assert (out_of_distribution.load_limits(path) is not None) is known
    beside.write_text(limits, encoding="utf-8")
    path.write_bytes(SHIPPED.read_bytes() + b" ")
    assert out_of_distribution.load_limits(path) is None
    # Without them the answer is that of the network alone.
    model = keras.saving.load_model(SHIPPED)
    detector, x = out_of_distribution.Detector(model, None), digits[0][:5, :, :, None] / 255
    probabilities, likely = detector.detect(detector.network.predict_on_batch(x))
    np.testing.assert_allclose(probabilities, model.predict_on_batch(x), atol=1e-6)
    assert likely == [None] * 5


def metric(client, name, /, **labels):
    """Return a value of /metrics, 0 if it is not there yet."""
    response = client.get("/metrics")
    assert response.status_code == 200 and response.mimetype == "text/plain"
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0


def test_metrics_count_what_happens(app, client, digits):
    version = app.classifier.sha256[:12]
    assert metric(client, "service_model_info", name="conv_net", version=version) == 1
    counted = {
        "read": ("service_requests_total", {"path": "/predict", "status": "200"}),
        "refused": ("service_requests_total", {"path": "/predict", "status": "422"}),
        "lost": ("service_requests_total", {"path": "unknown", "status": "404"}),
        "timed": ("service_seconds_count", {"path": "/predict"}),
        "digits": ("digits_images_total", {"looks_like_digit": "yes"}),
        "others": ("digits_images_total", {"looks_like_digit": "no"}),
        "images": ("digits_ink_count", {}),
        "ink": ("digits_ink_sum", {}),
    }

    def look():
        return {key: metric(client, name, **labels) for key, (name, labels) in counted.items()}

    before, images = look(), digits[0][:3]
    client.post("/predict", json={"pixels": images.tolist()})
    client.post("/predict", json={"pixels": np.full((28, 28), 255).tolist()})
    client.post("/predict", json={"pixels": EMPTY})
    for path in ("/nowhere", "/elsewhere"):
        client.get(path)
    after = look()
    change = {key: after[key] - before[key] for key in counted}
    ink = images.mean(axis=(1, 2)).sum() + 255
    assert change.pop("ink") == pytest.approx(ink)
    assert change == {
        "read": 2, "refused": 1, "lost": 2, "timed": 3, "digits": 3, "others": 1, "images": 4,
    }  # fmt: skip


def test_the_description_is_valid_and_true(modules, client, digits):
    description = client.get("/openapi.json").get_json()
    validate_openapi(description)
    schemas = description["components"]["schemas"]

    def check(response, path, method="post"):
        """The answer is one that the description allows for this path and status."""
        said = description["paths"][path][method]["responses"][str(response.status_code)]
        if "$ref" in said:
            said = description["components"]["responses"][said["$ref"].rpartition("/")[2]]
        schema = said["content"][response.mimetype]["schema"]
        value = response.get_json() if response.is_json else response.text
        Draft202012Validator(schema | {"components": description["components"]}).validate(value)

    rules = {rule.rule for rule in client.application.url_map.iter_rules()}
    assert set(description["paths"]) == rules - {"/", "/static/<path:filename>"}
    for path in set(description["paths"]) - {"/predict"}:
        check(client.get(path), path, "get")
    for body in (GOOD, digits[0][:2].tolist(), EMPTY, "x"):
        check(client.post("/predict", json={"pixels": body}), "/predict")
    check(upload(client, drawing(digits[0][0])), "/predict")
    check(client.post("/predict", data="{", content_type="application/json"), "/predict")
    check(client.post("/predict", data="x", content_type="text/plain"), "/predict")
    check(upload(client, bytes(9 * 2**20)), "/predict")
    several = description["paths"]["/predict"]["post"]["requestBody"]["content"]
    several = several["application/json"]["schema"]["properties"]["pixels"]["oneOf"][1]
    assert several["maxItems"] == modules["checks"].MAX_BATCH
    assert schemas["Image"]["maxItems"] == modules["prepare"].SIDE


def test_images_of_other_kinds_and_the_detectors(load_script, digits):
    """Two detectors on made-up features: a far point is not a digit; a near one is."""
    not_digits = load_script("serialization/rest/not_digits.py")
    rng = np.random.default_rng(0)
    kinds = [not_digits.scribble(rng, 3), not_digits.make_noise(rng, 3)]
    kinds += [
        not_digits.cut_up(rng, digits[0][:20], 3),
        not_digits.type_characters("AX", ["STIXGeneral"]),
    ]
    kinds += [not_digits.turn(*(part[:20] for part in digits))]
    assert [len(kind) for kind in kinds] == [3, 3, 3, 2, np.isin(digits[1][:20], [3, 4, 7]).sum()]
    for kind in kinds:
        assert kind.shape[1:] == (28, 28) and kind.dtype == "uint8"
        assert (kind.max(axis=(1, 2)) == 255).all()
    detectors = load_script("serialization/rest/detectors.py")
    labels = np.arange(200) % 10
    features = 5 * np.eye(10)[labels] + rng.normal(0, 0.3, (200, 10))
    for detector in (detectors.as_distance(features, labels), detectors.as_neighbours(features)):
        assert detector(features).min() > detector(np.full((1, 10), 3.0))[0]
    means = np.stack([features[labels == digit].mean(axis=0) for digit in range(10)])
    nearest = detectors.as_distance(features, labels)(means)
    np.testing.assert_allclose(nearest, 0, atol=1e-9)
    logits = np.array([[9.0] + [0.0] * 9, [0.0] * 10])
    assert np.diff(detectors.digit_likeness(logits))[0] == pytest.approx(np.log(10) - 9, abs=0.01)


def test_the_dockerfile_copies_all_that_the_service_needs(tmp_path):
    """Docker runs nowhere in these tests: the files it would copy are laid out and started."""
    text = (REST / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE)
    sent = re.findall(
        r"^!(\S+)$", (REST / "Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE
    )
    assert {source for source, _ in copied} == set(sent)
    for source, target in copied:
        if (ROOT / source).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, tmp_path / target, ignore=ignore)
        else:
            shutil.copy(ROOT / source, tmp_path / target)
    (script, *options) = json.loads(re.search(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)[1])[1:]
    command = [sys.executable, str(tmp_path / script), *options, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        line = process.stdout.readline()
        process.kill()
    assert line.startswith("Serving conv_net on http://0.0.0.0:")
    # Each package that it picks from requirements-student.txt is there.
    names = re.search(r"'\^\((\S+)\)", text)[1].split("|")
    required = (ROOT / "requirements-student.txt").read_text(encoding="utf-8")
    for name in names:
        assert re.search(rf"^{name}[<>=]", required, re.MULTILINE), name
