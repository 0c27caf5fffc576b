"""The service in serialization/rest/: what it answers, what it refuses, how it ends."""

import io
import json
import os
import random
import re
import shutil
import socket
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
from conftest import ROOT, failure, spoilt
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_openapi
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from scipy import ndimage

from book.timings import service_load
from mnist.studies import temperature as temperature_module
from mnist.studies.temperature import with_temperature
from serialization.operating import checks, server, service
from serialization.rest import app as digits_app
from serialization.rest import client as shell_client
from serialization.rest import (
    detectors,
    light,
    out_of_distribution,
    prepare,
    read,
    ship_model,
)

REST = ROOT / "serialization" / "rest"
SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"


@pytest.fixture(scope="module")
def app():
    return digits_app.create_app()


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


def packed(image, form="PNG", **options):
    """Return the bytes of an image file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def upload(client, image, form="PNG", **options):
    """Send an image, or bytes, as a browser does; return the response."""
    content = packed(image, form, **options) if isinstance(image, Image.Image) else image
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


def test_ship_model_writes_the_same_network(tmp_path, digits):
    trained, shipped = tmp_path / "conv_net.keras", tmp_path / "shipped" / "conv_net.keras"
    model = keras.saving.load_model(SHIPPED)
    model.compile(keras.optimizers.Adam(0.0), "sparse_categorical_crossentropy")  # learns nothing
    model.train_on_batch(digits[0][:1, :, :, None] / 255, digits[1][:1])
    model.save(trained)
    in_place = ["--model", str(trained), "--outputs", str(tmp_path)]
    assert "would be overwritten" in failure(ship_model.main, in_place)
    results = ship_model.main(["--model", str(trained), "--outputs", str(shipped.parent)])
    assert results["bytes"] == trained.stat().st_size > 2.5 * results["bytes_shipped"]
    for one, two in zip(model.weights, keras.saving.load_model(shipped).weights, strict=True):
        np.testing.assert_array_equal(one, two)
    # What was fitted anew is what lies beside the shipped network.
    one, two = (json.loads(path.with_suffix(".json").read_text()) for path in (SHIPPED, shipped))
    for name in ("temperature", "least_likeness"):
        assert one[name] == pytest.approx(two[name], rel=1e-3)


def test_a_temperature_is_used_only_if_it_helps_with_other_writers(monkeypatch):
    labels = np.eye(10)[np.arange(100) % 10]
    writers = np.arange(100) // 5
    confident = 0.9 * labels + 0.01  # always right, with a probability of 0.91
    for temperature, expected in ((0.5, 0.5), (2, 1)):  # more and less confident of what is right
        for module in (ship_model, temperature_module):
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
    batches = [
        client.post("/predict", json={"pixels": some.tolist()}).get_json()
        for some in (images, images[:1])
    ]
    ones = [client.post("/predict", json={"pixels": one.tolist()}).get_json() for one in images]
    for answer in (*batches, *ones):
        assert answer["model"] == "conv_net" and answer["version"] == app.classifier.sha256[:12]
    for answers in (batches[0]["predictions"], ones):
        assert [answer["digit"] for answer in answers] == labels.tolist()
        assert all(answer["looks_like_digit"] is True for answer in answers)
        assert all(answer["probability"] == max(answer["probabilities"]) for answer in answers)
        found = [answer["probabilities"] for answer in answers]
        np.testing.assert_allclose(found, direct, atol=2e-6)
    assert len(batches[1]["predictions"]) == 1


def test_images_of_all_looks_are_read(client, digits):
    def draw(**look):
        return drawing(digits[0][0], **look)

    exif, alpha = Image.Exif(), draw(paper=0, ink=255)
    exif[274] = 6  # turn by 90 degrees to see it upright
    files = [
        packed(draw()),
        packed(draw(mode="P", paper=230, ink=90)),
        packed(draw(), "JPEG", quality=60),
        packed(draw(paper=60, ink=220, mode="RGB"), "JPEG"),
        packed(draw(mode="CMYK"), "JPEG"),
        packed(draw(size=2000, side=900, corner=(900, 100)), "JPEG"),
        packed(draw().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif),
        packed(Image.fromarray(np.asarray(draw()).astype("uint16") * 257)),
        # Phones write MPO: a JPEG with others behind it.
        packed(draw(), "MPO", save_all=True, append_images=[drawing(digits[0][1])]),
    ]
    for ink in (0, 255):  # a canvas without background
        image = Image.merge("LA", [Image.new("L", alpha.size, ink), alpha])
        files.append(packed(image.convert("RGBA")))
    for file in files:
        answer = upload(client, file).get_json()
        again = client.post("/predict", json={"pixels": answer["pixels"]}).get_json()
        assert answer["digit"] == 7 and again["probabilities"] == answer["probabilities"]


def test_each_step_of_preparing_does_what_it_says(digits):
    for index, (paper, ink) in enumerate([(255, 0), (0, 255), (200, 90), (30, 160)]):
        grey = prepare.to_grey(drawing(digits[0][index], paper, ink))
        assert grey.shape == (300, 300) and 0 <= grey.min() < grey.max() <= 1
        found = prepare.find_ink(grey)
        assert found.max() == 1 and np.median(found) == 0
        cut = prepare.crop(found)
        assert all(edge.max() >= 0.5 for edge in (cut[0], cut[-1], cut[:, 0], cut[:, -1]))
        small = prepare.scale(cut)
        assert max(small.shape) == 20
        ratios = [shape[0] / shape[1] for shape in (small.shape, cut.shape)]
        assert ratios[0] == pytest.approx(ratios[1], rel=0.1)
        picture = prepare.centre(small)
        assert picture.shape == (28, 28) and picture.dtype == "uint8" and picture.max() == 255
        np.testing.assert_allclose(ndimage.center_of_mass(picture), 14, atol=0.51)
    assert (prepare.prepare(Image.fromarray(digits[0][0])) == digits[0][0]).mean() > 0.95


def in_a_gradient(image):
    """Return a Pillow image in light that falls from one side."""
    lit = np.asarray(image) * np.linspace(1.15, 0.6, image.width)
    return Image.fromarray(lit.clip(0, 255).astype("uint8"))


def test_uneven_light_is_no_ink(digits):
    """What is seen of a digit in a gradient is what is seen in even light, and that is as ever."""

    def seen(grey, *way):
        return prepare.centre(prepare.scale(prepare.crop(prepare.find_ink(grey, *way))))

    for digit in digits[0][:10]:
        grey = prepare.to_grey(drawing(digit, 200, 60))
        np.testing.assert_array_equal(seen(grey), seen(grey, light.as_median))
        lit = prepare.prepare(in_a_gradient(drawing(digit, 200, 60)))
        assert np.abs(lit.astype(int) - seen(grey)).mean() < 0.5
    surface = prepare.find_paper(prepare.to_grey(in_a_gradient(drawing(digits[0][0], 200, 60))))
    expected = 200 / 255 * np.linspace(1.15, 0.6, 300)
    np.testing.assert_allclose(surface, np.tile(expected, (300, 1)), atol=0.01)


def test_a_photograph_is_read_in_the_shell_as_by_the_service(client, digits, tmp_path, capsys):
    good = [tmp_path / "seven.png", tmp_path / "two" / "seven.png"]
    good[1].parent.mkdir()
    for path, digit in zip(good, digits[0], strict=False):
        in_a_gradient(drawing(digit, 220, 50)).save(path)
    good.append(ROOT / "cnn" / "data" / "photos" / "coffee.jpg")
    bad = [tmp_path / "no.png", tmp_path / "missing.png"]
    bad[0].write_text("no")
    results = read.main([*map(str, bad + good), "--outputs", str(tmp_path / "run")])
    printed, errors = capsys.readouterr()
    assert f"{good[0]}: 7 (" in printed and f"{good[1]}: 2 (" in printed
    assert "I do not think that this is a digit" in printed.partition("coffee.jpg: ")[2]
    assert all(str(path) in errors for path in bad)
    assert [*results["images"]] == [*map(str, good)]
    for path in good:
        answer, mine = upload(client, path.read_bytes()).get_json(), results["images"][str(path)]
        assert all(answer[name] == mine[name] for name in ("digit", "looks_like_digit"))
        np.testing.assert_allclose(answer["probabilities"], mine["probabilities"], atol=2e-6)
        seen = np.asarray(Image.open(tmp_path / "run" / mine["seen"]))
        np.testing.assert_array_equal(seen, answer["pixels"])


GOOD = np.eye(28, dtype=int).tolist()
EMPTY = np.zeros((28, 28), dtype=int).tolist()
IMAGE = json.dumps({"pixels": GOOD})


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "not valid JSON"),
        ("[" * 100_000, 400, "nested"),
        (b"\xff\xfe", 400, "not valid JSON"),
        (json.dumps({"pixels": np.ones((129, 28, 28), int).tolist()}), 422, "128"),
        (json.dumps({"pixels": [GOOD, EMPTY]}), 422, "empty"),
        (IMAGE.replace("1", "256", 1), 422, "0 (paper) to 255"),
        (IMAGE.replace("1", "9" * 5000, 1), 400, "not valid JSON"),
        (IMAGE.replace("0", "false").replace("1", "true"), 422, "0 ("),
        (IMAGE + " " * 2**20, 413, "1048576"),
    ],
)
def test_bad_json_is_refused_with_a_reason(client, body, status, said):
    response = client.post("/predict", data=body, content_type="application/json")
    assert said in message(response, status)


def test_damaged_json_is_refused_and_half_a_grey_level_is_not(client):
    bodies = [json.dumps(body) for body in spoilt({"pixels": GOOD})]
    for body in bodies[:14] + bodies[14::41]:  # of thousands, in all rows
        response = client.post("/predict", data=body, content_type="application/json")
        if body.count(",") == 783 and "0.5" in body:
            assert response.status_code == 200
        else:
            message(response, 400, 422)


def test_small_json_cannot_become_a_large_array(client):
    """numpy pads each string of a list to the length of the longest: here to 320 MB."""
    tracemalloc.start()
    response = client.post("/predict", json={"pixels": ["a" * 20_000] + [""] * 4_000})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "28 rows" in message(response, 422) and peak < 10 * 2**20


def test_bad_images_are_refused_with_a_reason(client, digits):
    whole = packed(drawing(digits[0][0]))
    slow = packed(Image.new("L", (2000, 2000), 255), "JPEG", progressive=True)
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    bomb = packed(Image.new("1", (20_000, 20_000)), compress_level=9)  # 400 million pixels
    assert len(bomb) < 100_000
    broken = [b"", b"GIF89a", b"%PDF", b"\xff\xd8\xff", whole[:60], whole[: len(whole) // 2]]
    broken += [packed(drawing(digits[0][0]), "GIF")]
    for content, status, said in [
        *[(content, 422, "PNG or JPEG") for content in broken],
        *[(packed(Image.new(mode, (9, 9))), 422, "empty") for mode in ("L", "RGBA", "1")],
        (bomb, 413, "too many pixels"),
        (packed(Image.new("1", (5_000, 5_000))), 413, "too many pixels"),
        # Some kilobytes that go over the same pixels a thousand times.
        (slow[:-2] + 1000 * scan + slow[-2:], 413, "too many scans"),
        (slow, 422, "empty"),  # which are read
        (bytes(9 * 2**20), 413, ""),
    ]:
        assert said in message(upload(client, content), status)
    for form in ({"picture": (io.BytesIO(whole), "x")}, {"image": "7", "x": (io.BytesIO(), "x")}):
        assert "field image" in message(client.post("/predict", data=form), 422)


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


def test_a_strange_name_is_not_answered():
    """A page of a stranger can lead its own name here, and have your browser ask."""
    client = service.make_flask("a", "a", "", ["Digits.example"]).test_client()
    known = "localhost:8000 LOCALHOST 127.0.0.1:8000 [::1]:8000 192.168.1.7 digits.example:80"
    for host in known.split():
        assert client.get("/metrics", headers={"Host": host}).status_code == 200, host
    strange = (
        "evil.example digits.example.evil.example 127.0.0.1.evil.example localhost@evil.example"
    )
    for host in [*strange.split(), "[x", ""]:
        response = client.get("/metrics", headers={"Host": host})
        assert "--allowed-host" in message(response, 421), host


def test_small_images_do_not_wait_for_large_ones(client, digits, monkeypatch):
    monkeypatch.setattr(checks, "PATIENCE", 0.01)
    small, large = drawing(digits[0][0]), drawing(digits[0][0], size=1200)
    slow = packed(small, "JPEG", progressive=True)  # which is unpacked several times
    with checks.unpacking:
        for image in (large, slow):
            assert "other large images" in message(upload(client, image), 503)
        assert upload(client, small).status_code == 200
    with checks.places, checks.places:  # one unpacks and one waits: no third thread is held up
        monkeypatch.setattr(checks, "PATIENCE", 60)
        assert "other large images" in message(upload(client, large), 503)
    assert upload(client, large).status_code == upload(client, slow).status_code == 200


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


def test_noise_is_never_answered_5xx(client, digits):
    rng = random.Random(0)
    for number in range(100):
        body = rng.choice([rng.randbytes(number), IMAGE[: -number - 1].encode()])
        response = client.post("/predict", data=body, content_type="application/json")
        message(response, 400, 422)
        content = bytearray(packed(drawing(digits[0][1]), rng.choice(["PNG", "JPEG"])))
        for _ in range(rng.randrange(1, 9)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        response = upload(client, bytes(content))
        if response.status_code != 200:  # it may still be an image
            message(response, 413, 422)


def test_an_error_of_the_service_shows_nothing_of_it(app, client, monkeypatch):
    def broken(pixels):
        raise RuntimeError(f"secret in {ROOT}")

    monkeypatch.setattr(app.classifier, "predict", broken)
    response = client.post("/predict", json={"pixels": GOOD})
    assert "secret" not in message(response, 500)


def test_one_thread_at_a_time_calls_the_network(app, monkeypatch):
    """Keras does not promise that several may, and each would take memory of its own."""
    inside, most = [], []

    def predict_on_batch(batch):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        return batch[: inside.pop()]

    network = SimpleNamespace(predict_on_batch=predict_on_batch)
    detector = SimpleNamespace(network=network, detect=lambda parts: (parts, [None]))
    monkeypatch.setattr(app.classifier, "detector", detector)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(app.classifier.predict, [np.zeros((1, 28, 28))] * 16))
    assert most == [1] * 16


@pytest.mark.slow
def test_service_over_http_until_it_is_stopped(digits, tmp_path, capsys):
    """SIGTERM here; tests/test_page.py ends it as Ctrl-C does."""
    command = [sys.executable, str(REST / "app.py"), "--port", "0"]
    with (tmp_path / "service.log").open("w") as log:  # a pipe that nobody reads would fill up
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
    busy = service_load.ask(port, 32, 1.5)
    assert busy["requests"] > 32 and busy["failures"] == 0
    url, seven, other = f"http://127.0.0.1:{port}", tmp_path / "7.png", tmp_path / "conv_net.keras"
    accuracy = shell_client.main(["--accuracy", "--url", url])
    assert accuracy["over_http"] == accuracy["direct"] > 0.99 and accuracy["different"] == 0
    # Another file than the one that is served is not compared with.
    other.write_bytes(SHIPPED.read_bytes() + b" ")
    accuracy = shell_client.main(["--accuracy", "--model", str(other), "--url", url])
    assert set(accuracy) == {"over_http"} and "conv_net is not" in capsys.readouterr().out
    drawing(digits[0][0]).save(seven)
    assert shell_client.main([str(seven), "--test", "2", "--url", url])["7.png"]["digit"] == 7
    assert "test image 1, a 2: 2 with" in capsys.readouterr().out
    seven.write_text("no")
    assert "422" in failure(shell_client.main, [str(seven), "--url", url])
    assert "no service" in failure(shell_client.main, [str(seven), "--url", "http://127.0.0.1:1"])
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
    assert process.returncode == 0 and "Traceback" not in log
    assert re.search(r"POST /predict 200 [\d.]+ ms", log)


def test_what_cannot_be_served_ends_with_one_line(tmp_path, monkeypatch):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "xor.keras")
    for name, said in [("missing.keras", "there is no"), ("xor.keras", "does not read digits")]:
        assert said in failure(digits_app.main, ["--model", str(tmp_path / name)])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for system in (sys.platform, "win32"):
            monkeypatch.setattr(sys, "platform", system)
            options = ["--port", str(taken.getsockname()[1])]
            with pytest.raises(SystemExit, match="cannot listen"):
                digits_app.main(options)


def test_no_more_connections_than_the_system_allows(monkeypatch):
    resource = pytest.importorskip("resource", reason="NOT TESTED: Windows has no such limits")
    for files, expected in [(1_024, 800), (256, 156), (120, 50), (resource.RLIM_INFINITY, 800)]:
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
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
GUNICORN = ["-m", "gunicorn", "--chdir", "serialization/operating", "--bind", "127.0.0.1:0"]
GUNICORN += ["--worker-class", "worker.Worker"]


# The book can do without gunicorn, so the fast tests do without it, too.
@pytest.fixture(params=["waitress", pytest.param("gunicorn", marks=pytest.mark.slow)])
def small_server(request, tmp_path):
    """The port of the service's server with little room, and an answer that takes half a second."""
    if not find_spec(request.param):
        pytest.skip(f"NOT TESTED: {request.param} is not installed")
    (tmp_path / "small.py").write_text(SERVER)
    command = [tmp_path / "small.py"] if request.param == "waitress" else [*GUNICORN, "small:app"]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
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
    address = f"http://127.0.0.1:{small_server}"
    counted = 'service_requests_total{path="full",status="503"} '
    assert counted + "0.0" in requests.get(f"{address}/metrics").text
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(requests.get, f"{address}/slow") for _ in range(8)]
        time.sleep(0.3)
        assert requests.get(f"{address}/health").json() == {"status": "ready"}
        assert not all(one.done() for one in waiting), "it has waited with the others"
        answers = [one.result() for one in waiting]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503} and statuses.count(200) in (2, 3)  # one is worked on
    refused = next(answer for answer in answers if answer.status_code == 503).json()
    assert refused["error"]["message"].startswith("too many requests are waiting")
    assert f"{counted}{statuses.count(503)}.0" in requests.get(f"{address}/metrics").text

    # What is loaded once is left out when Python looks for garbage.
    assert int(requests.get(f"{address}/frozen").text) > 10_000
    with socket.create_connection(("127.0.0.1", small_server)) as zipped:
        zipped.sendall(b"POST /slow HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n")
        assert zipped.recv(30).startswith(b"HTTP/1.1 501 ")

    # One connection says nothing, another one a letter of a header now and then.
    silent, trickling = (socket.create_connection(("127.0.0.1", small_server)) for _ in range(2))
    with silent, trickling:
        trickling.sendall(b"GET /slow HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):
            for _ in range(50):
                time.sleep(0.2)
                trickling.sendall(b"x")
        silent.settimeout(10)
        assert silent.recv(1) == b"", "not closed"


@pytest.mark.slow
def test_gunicorn_gives_up_on_a_network_that_is_not_there():
    if not find_spec("gunicorn"):
        pytest.skip("NOT TESTED: gunicorn is not installed")
    command = [sys.executable, *GUNICORN, "serialization.rest.app:create_app(model='none.keras')"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "none.keras" in done.stderr


def test_a_perceptron_is_served_as_well(tmp_path, digits):
    """What tells digits from others is known as soon as ship_model.py has fitted it."""
    path = tmp_path / "mlp.keras"
    layers = [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")]
    keras.Sequential(layers).save(path)
    for known in (False, True):
        if known:
            ship_model.main(["--refit", "--model", str(path)])
        client = digits_app.create_app(path).test_client()
        answer = client.post("/predict", json={"pixels": digits[0][0].tolist()}).get_json()
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert (answer["looks_like_digit"] is not None) == known


def test_what_is_not_a_digit_is_told(client, digits):
    pixels = [np.full((28, 28), 255), *digits[0][:100]]
    answers = client.post("/predict", json={"pixels": [one.tolist() for one in pixels]}).get_json()
    likely = [answer["looks_like_digit"] for answer in answers["predictions"]]
    assert likely[0] is False and likely[1:].count(False) <= 5


def test_limits_of_another_network_are_not_used(tmp_path):
    path, beside = tmp_path / "conv_net.keras", tmp_path / "conv_net.json"
    limits = json.loads(SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    limits = {name: limits[name] for name in ("sha256", "temperature", "least_likeness")}
    shutil.copy(SHIPPED, path)
    assert out_of_distribution.load_limits(path) is None  # none there
    for bad in [*spoilt(limits), limits | {"temperature": 0}]:
        beside.write_text(json.dumps(bad))
        if found := out_of_distribution.load_limits(path):  # another number may be one, too
            assert found["sha256"] == limits["sha256"] and found["temperature"] > 0
            assert np.isfinite([found["temperature"], found["least_likeness"]]).all()
    beside.write_text(json.dumps(limits))
    assert out_of_distribution.load_limits(path) == limits
    path.write_bytes(SHIPPED.read_bytes() + b" ")
    assert out_of_distribution.load_limits(path) is None
    # Without them the answer is that of the network alone.
    outputs = np.eye(10)
    detector = out_of_distribution.Detector(keras.saving.load_model(SHIPPED), None)
    probabilities, likely = detector.detect(outputs)
    assert (probabilities == outputs).all() and likely == [None] * 10


def test_metrics_count_what_happens(app, client, digits):
    images = digits[0][:3]
    expected = {
        'service_requests_total{path="/predict",status="200"}': 2,
        'service_requests_total{path="/predict",status="422"}': 1,
        'service_requests_total{path="unknown",status="404"}': 2,
        'service_seconds_count{path="/predict"}': 3,
        'digits_images_total{looks_like_digit="yes"}': 3,
        'digits_images_total{looks_like_digit="no"}': 1,
        "digits_ink_count": 4,
        "digits_ink_sum": images.mean(axis=(1, 2)).sum() + 255,
    }

    def look():
        text = client.get("/metrics").text
        assert "digits_ink" in {family.name for family in text_string_to_metric_families(text)}
        found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        assert f'service_model_info{{name="conv_net",version="{app.about["version"]}"}}' in found
        return {key: float(found.get(key, 0)) for key in expected}

    before = look()
    for pixels in (images, np.full((28, 28), 255), np.zeros((28, 28), int)):
        client.post("/predict", json={"pixels": pixels.tolist()})
    for path in ("/nowhere", "/elsewhere"):
        client.get(path)
    after = look()
    assert {key: after[key] - before[key] for key in expected} == pytest.approx(expected)


def test_the_description_is_valid_and_true(client, digits):
    description = client.get("/openapi.json").get_json()
    validate_openapi(description)

    def check(response, path="/predict", method="post"):
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
        check(client.post("/predict", json={"pixels": body}))
    for kind in ("application/json", "text/plain"):
        check(client.post("/predict", data="{", content_type=kind))
    for content in (packed(drawing(digits[0][0])), bytes(9 * 2**20)):
        check(upload(client, content))
    assert f'"maxItems": {checks.MAX_BATCH}' in (REST / "openapi.json").read_text()


def test_a_detector_refuses_what_is_far_and_as_many_digits_as_said(monkeypatch):
    labels = np.arange(200) % 10
    features = 5 * np.eye(10)[labels] + np.random.default_rng(0).normal(0, 0.3, (200, 10))
    for detector in (detectors.as_distance(features, labels), detectors.as_neighbours(features)):
        assert detector(features).min() > detector(np.full((1, 10), 3.0))[0]
    logits = np.array([[9.0] + [0.0] * 9, [0.0] * 10])
    assert np.diff(detectors.digit_likeness(logits))[0] == pytest.approx(np.log(10) - 9, abs=0.01)
    monkeypatch.setattr(detectors, "CHOSEN_ON", ["low"])
    monkeypatch.setattr(detectors, "REPORTED_ON", ["high"])
    kinds = {"low": np.zeros(4), "high": np.full(4, 200.0), "digits": np.arange(100.0)}
    shares = detectors.evaluate(lambda images: images, kinds, np.arange(100.0))
    assert shares == {"low": 1, "high": 0, "digits": 0.01, "chosen": 1, "reported": 0}


def test_the_dockerfile_copies_all_that_the_service_needs(tmp_path):
    """Docker runs nowhere in these tests: the files it would copy are laid out and started."""
    text = (REST / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE)
    sent = (REST / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert {source for source, _ in copied} == set(re.findall(r"^!(\S+)$", sent, re.MULTILINE))
    for source, target in copied:
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / target)
    (script, *options) = json.loads(re.search(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)[1])[1:]
    command = [sys.executable, str(tmp_path / script), *options, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        line = process.stdout.readline()
        process.kill()
    assert line.startswith("Serving conv_net on http://0.0.0.0:")
    # Each package that it picks from requirements-student.txt is there.
    required = (ROOT / "requirements-student.txt").read_text(encoding="utf-8")
    for name in re.search(r"'\^\((\S+)\)", text)[1].split("|"):
        assert re.search(rf"^{name}[<>=]", required, re.MULTILINE), name
