"""The service in serialization/rest/: what it answers, what it refuses, how it ends."""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
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
from scipy import ndimage

from book.timings import service_load
from mnist.studies import temperature as temperature_module
from mnist.studies.temperature import with_temperature
from serialization.operating import checks, service
from serialization.rest import app as digits_app
from serialization.rest import client as shell_client
from serialization.rest import (
    detectors,
    out_of_distribution,
    prepare,
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
    """Return an image: a digit of MNIST on a sheet, enlarged, not in the middle."""
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


def test_ship_model_writes_the_same_network(tmp_path):
    trained, shipped = tmp_path / "conv_net.keras", tmp_path / "shipped" / "conv_net.keras"
    model = keras.saving.load_model(SHIPPED)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
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
    exif, alpha = Image.Exif(), drawing(digits[0][0], paper=0, ink=255)
    exif[274] = 6  # turn by 90 degrees to see it upright
    turned = drawing(digits[0][0]).transpose(Image.Transpose.ROTATE_90)
    canvas = Image.merge("LA", [Image.new("L", alpha.size, 255), alpha])  # without a background
    files = [
        packed(turned, "JPEG", exif=exif),
        packed(canvas.convert("RGBA")),
        packed(Image.fromarray(np.asarray(drawing(digits[0][0])).astype("uint16") * 257)),
        # Phones write MPO: a JPEG with others behind it.
        packed(drawing(digits[0][0]), "MPO", save_all=True, append_images=[alpha]),
    ]
    for look in (
        {"mode": "P", "paper": 230, "ink": 90},
        {"mode": "RGB", "paper": 60, "ink": 220},
        {"size": 2000, "side": 900, "corner": (900, 100)},
    ):
        files.append(packed(drawing(digits[0][0], **look)))
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


GOOD = np.eye(28, dtype=int).tolist()
EMPTY = np.zeros((28, 28), dtype=int).tolist()
IMAGE = json.dumps({"pixels": GOOD})
BAD_JSON = [
    ("{", 400, "not valid JSON"),
    ("[" * 100_000, 400, "nested"),
    (IMAGE.replace("1", "9" * 5000, 1), 400, "not valid JSON"),
    (IMAGE.replace("1", "256", 1), 422, "0 (paper) to 255"),
    (IMAGE.replace("0", "false").replace("1", "true"), 422, "0 ("),
    (json.dumps({"pixels": [GOOD, EMPTY]}), 422, "empty"),
    (json.dumps({"pixels": np.ones((129, 28, 28), int).tolist()}), 422, "128"),
    # numpy would pad each string to the length of the longest: to 320 MB.
    (json.dumps({"pixels": ["a" * 20_000] + [""] * 4_000}), 422, "28 rows"),
    (IMAGE + " " * 2**20, 413, "1048576"),
]


def test_what_is_no_digit_is_refused_with_a_reason(client, digits):
    """Damaged in a thousand ways, too: never an error of the service, status 5xx."""
    random, whole = np.random.default_rng(0), packed(drawing(digits[0][0]))
    slow = packed(Image.new("L", (2000, 2000), 255), "JPEG", progressive=True)
    scans = slow[:-2] + 1000 * slow[slow.rindex(b"\xff\xda") : -2] + slow[-2:]
    bomb = packed(Image.new("1", (20_000, 20_000)), compress_level=9)  # 400 million pixels
    damaged = [json.dumps(body) for body in spoilt({"pixels": GOOD})]
    for body, status, said in [*BAD_JSON, *((body, None, "") for body in damaged[::41])]:
        response = client.post("/predict", data=body, content_type="application/json")
        if body.count(",") == 783 and "0.5" in body:  # half a grey level is one
            assert response.status_code == 200
        else:
            assert said in message(response, *([status] if status else [400, 422]))
    for content, status, said in [
        *((content, 422, "PNG or JPEG") for content in (b"", b"GIF89a", whole[:60], whole[:900])),
        *((packed(Image.new(mode, (9, 9))), 422, "empty") for mode in ("L", "RGBA")),
        (bomb, 413, "too many pixels"),
        (scans, 413, "too many scans"),  # over the same pixels, in some kilobytes
        (bytes(9 * 2**20), 413, ""),
    ]:
        assert said in message(upload(client, content), status)
    for _ in range(50):
        content = np.frombuffer(packed(drawing(digits[0][1]), "JPEG"), "uint8").copy()
        content[random.integers(len(content), size=5)] = random.integers(256, size=5)
        response = upload(client, content.tobytes())
        if response.status_code != 200:  # it may still be an image
            message(response, 413, 422)


def test_other_requests_are_refused_in_the_same_form(app, client, monkeypatch):
    picture = {"picture": (io.BytesIO(b"x"), "x")}
    assert "field image" in message(client.post("/predict", data=picture), 422)
    assert "multipart/form-data" in message(client.post("/predict", data=b"a=b"), 415)
    message(client.get("/predict"), 405)
    message(client.get("/static/../app.py"), 404)
    monkeypatch.setattr(app.classifier, "predict", lambda _: 1 / 0)
    assert "division" not in message(client.post("/predict", json={"pixels": GOOD}), 500)


def test_a_strange_name_is_not_answered():
    """A page of a stranger can lead its own name here, or ask from there: your browser would."""
    client = service.make_flask("a", "a", "", ["Digits.example"]).test_client()
    known = "localhost:8000 LOCALHOST 127.0.0.1:8000 [::1]:8000 192.168.1.7 digits.example:80"
    strange = "evil.example digits.example.evil.example 127.0.0.1.evil.example localhost@evil.a [x"
    for hosts, status in ((known, 200), (strange, 421)):
        for host in hosts.split():
            response = client.get("/metrics", headers={"Host": host})
            assert response.status_code == status, host
    for headers, status in [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        *(({"Origin": f"http://{name}"}, 403) for name in ("evil.a", "localhost.evil.a", "[")),
        ({"Origin": "http://localhost"}, 404),  # your own machine, which has no such page
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"}, 404),
    ]:
        assert client.post("/none", headers=headers).status_code == status, headers


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
    url, seven = f"http://127.0.0.1:{port}", tmp_path / "7.png"
    accuracy = shell_client.main(["--accuracy", "--url", url])
    assert accuracy["over_http"] == accuracy["direct"] > 0.99 and accuracy["different"] == 0
    drawing(digits[0][0]).save(seven)
    assert shell_client.main([str(seven), "--test", "2", "--url", url])["7.png"]["digit"] == 7
    assert "test image 1, a 2: 2 with" in capsys.readouterr().out
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


def test_what_cannot_be_served_ends_with_one_line(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "xor.keras")
    for name, said in [("missing.keras", "there is no"), ("xor.keras", "does not read digits")]:
        assert said in failure(digits_app.main, ["--model", str(tmp_path / name)])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot listen" in failure(digits_app.main, ["--port", str(taken.getsockname()[1])])


SERVER = """
import time
from serialization.operating import server, service
server.THREADS, server.QUEUE, server.SILENCE = 1, 2, 2
app = service.make_flask("small", "small", "")
app.get("/slow")(lambda: time.sleep(0.5) or "done")
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
    counted = f'service_requests_total{{path="full",status="503"}} {statuses.count(503)}.0'
    assert counted in requests.get(f"{address}/metrics").text
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


def test_a_perceptron_is_served_and_what_is_no_digit_is_told(tmp_path, digits):
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
    client, pixels = digits_app.create_app().test_client(), [np.full((28, 28), 255)]
    pixels = [one.tolist() for one in [*pixels, *digits[0][:100]]]
    answers = client.post("/predict", json={"pixels": pixels}).get_json()["predictions"]
    likely = [answer["looks_like_digit"] for answer in answers]
    assert likely[0] is False and likely[1:].count(False) <= 5


def test_limits_of_another_network_are_not_used(tmp_path):
    path, beside = tmp_path / "conv_net.keras", tmp_path / "conv_net.json"
    limits = json.loads(SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    limits = {name: limits[name] for name in ("sha256", "temperature", "least_likeness")}
    shutil.copy(SHIPPED, path)
    for bad in [*spoilt(limits), limits | {"temperature": 0}]:
        beside.write_text(json.dumps(bad))
        if found := out_of_distribution.load_limits(path):  # another number may be one, too
            assert found["sha256"] == limits["sha256"] and found["temperature"] > 0
            assert np.isfinite([found["temperature"], found["least_likeness"]]).all()
    beside.write_text(json.dumps(limits))
    assert out_of_distribution.load_limits(path) == limits
    path.write_bytes(SHIPPED.read_bytes() + b" ")
    assert out_of_distribution.load_limits(path) is None


def test_metrics_count_what_happens_and_the_description_is_true(client, digits):
    description = client.get("/openapi.json").get_json()
    validate_openapi(description)
    images = digits[0][:3]
    expected = {
        'service_requests_total{path="/predict",status="200"}': 2,
        'service_requests_total{path="/predict",status="422"}': 1,
        'digits_images_total{looks_like_digit="yes"}': 3,
        'digits_images_total{looks_like_digit="no"}': 1,
        "digits_ink_sum": images.mean(axis=(1, 2)).sum() + 255,
    }

    def look():
        text = client.get("/metrics").text
        found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        return {key: float(found.get(key, 0)) for key in expected}

    before = look()
    for pixels in (images, np.full((28, 28), 255), np.zeros((28, 28), int)):
        response = client.post("/predict", json={"pixels": pixels.tolist()})
        said = description["paths"]["/predict"]["post"]["responses"][str(response.status_code)]
        if "$ref" in said:
            said = description["components"]["responses"][said["$ref"].rpartition("/")[2]]
        schema = said["content"]["application/json"]["schema"]
        schema |= {"components": description["components"]}
        Draft202012Validator(schema).validate(response.get_json())
    after = look()
    assert {key: after[key] - before[key] for key in expected} == pytest.approx(expected)


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


@pytest.mark.slow
def test_the_dockerfile_copies_all_that_the_service_needs(tmp_path):
    """Docker runs nowhere in these tests: the files it would copy are laid out and started."""
    text = (REST / "Dockerfile").read_text(encoding="utf-8")
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE):
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / target)
    (script, *options) = json.loads(re.search(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)[1])[1:]
    command = [sys.executable, str(tmp_path / script), *options, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        line = process.stdout.readline()
        process.kill()
    assert line.startswith("Serving conv_net on http://0.0.0.0:")
