"""The service in serialization/rest/: what it answers, what it refuses, how it ends."""

import asyncio
import json
import re
import shutil
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import AsyncMock, Mock

import keras
import numpy as np
import pytest
import uvicorn
import windows
from bad_clients import Seen, send, send_many
from bad_images import SMALL, image_file, packed
from bad_requests import Target, ask, bad_requests
from conftest import ROOT, failure
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_openapi
from PIL import Image
from scipy import ndimage
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from starlette.applications import Starlette
from starlette.testclient import TestClient
from uvicorn.server import ServerState

from mnist.studies import temperature as temperature_module
from mnist.studies.temperature import with_temperature
from serialization.operating import (
    changed_days,
    changed_weeks,
    checks,
    connection,
    drift,
    guard,
    releases,
    service,
)
from serialization.operating.batching import Batcher
from serialization.operating.metrics import Metrics
from serialization.rest import app as digits_app
from serialization.rest import client as shell_client
from serialization.rest import (
    detectors,
    prepare,
    serve,
    ship_model,
)
from serialization.rest import digits as lite

SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"
SERVED = SHIPPED.with_suffix(".tflite")


@pytest.fixture(scope="module")
def app():
    return digits_app.create_app()


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client


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


def upload(client, image, form="PNG", **options):
    """Send an image, or bytes, as a browser does; return the response."""
    content = packed(image, form, **options) if isinstance(image, Image.Image) else image
    return client.post("/read", content=content)


def message(response, *statuses):
    """Return the message of an error after a look at its form."""
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
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
    """LiteRT computes what Keras does, for one image, for many and for many clients at once."""
    images, labels = digits[0][:40], digits[1][:40]
    limits = app.state.served.model.limits
    network = keras.saving.load_model(SHIPPED, compile=False)
    direct = with_temperature(
        network.predict(images[..., None] / 255, verbose=0), limits["temperature"]
    )
    batches = [
        client.post("/predict", json={"pixels": some.tolist()}).json()
        for some in (images, images[:1])
    ]
    with ThreadPoolExecutor(8) as pool:
        asked = [{"pixels": one.tolist()} for one in images]
        ones = list(pool.map(lambda body: client.post("/predict", json=body).json(), asked))
    for answer in (*batches, *ones):
        assert answer["model"] == "conv_net" and answer["version"] == lite.version(SERVED)
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
    looks = {"mode": "P", "paper": 230, "ink": 90}, {"mode": "RGB", "paper": 60, "ink": 220}
    for look in (*looks, {"size": 2000, "side": 900, "corner": (900, 100)}):
        files.append(packed(drawing(digits[0][0], **look)))
    for file in files:
        answer = upload(client, file).json()
        again = client.post("/predict", json={"pixels": answer["pixels"]}).json()
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
JSON = {"Content-Type": "application/json"}
BAD_JSON = [
    ("{", 400, "not valid JSON"),
    ("[" * 100_000, 400, ""),
    (IMAGE.replace("1", "9" * 5000, 1), 400, ""),
    (IMAGE.replace("1", "256", 1), 422, "pixels image 0 0: Input should be less than"),
    (IMAGE.replace("0", "NaN", 1), 422, "pixels image 0 1: Input should be a finite number"),
    (json.dumps({"pixels": [GOOD, EMPTY]}), 422, "empty"),
    (json.dumps({"pixels": np.ones((129, 28, 28), int).tolist()}), 422, "at most 128"),
    (IMAGE + " " * 2**20, 413, "1,048,576"),
]


def test_what_is_no_digit_is_refused_with_a_reason(client, digits):
    whole = packed(drawing(digits[0][0]))
    for body, status, said in BAD_JSON:
        assert said in message(client.post("/predict", content=body, headers=JSON), status)
    half = IMAGE.replace("1", "0.5", 1)  # half a grey level is one
    assert client.post("/predict", content=half, headers=JSON).status_code == 200
    for content, status, said in [
        *((content, 422, "PNG or JPEG") for content in (b"", b"GIF89a", whole[:60], whole[:900])),
        *((packed(Image.new(mode, (9, 9))), 422, "empty") for mode in ("L", "RGBA")),
        (image_file("pixels"), 413, "too many pixels"),
        (image_file("thousand scans"), 413, "too many scans"),
        (bytes(9 * 2**20), 413, ""),
    ]:
        assert said in message(upload(client, content), status)


@pytest.fixture(scope="module")
def server():
    """The service behind the server that it has, in a thread: its port and its settings."""
    config = uvicorn.Config(digits_app.create_app(), log_level="warning", **service.LIMITS)
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=running.run, args=[[listener]])
        thread.start()
        yield listener.getsockname()[1], config
        running.should_exit = True
        thread.join()


def test_bad_requests_of_all_kinds_are_refused(server, digits, caplog):
    """A slice of tests/long/attack.py: lines, headers, lengths, chunks, JSON and images."""
    caplog.set_level("INFO", "service")
    seen, good = Seen(), Target("/predict", IMAGE.encode())
    file = Target("/read", packed(drawing(digits[0][0])), 8 * 2**20, True)
    send_many(server[0], bad_requests(1, [good, file], 150, SMALL), seen)
    assert not seen.wrong
    assert sum(map(len, seen.kinds.values())) > 20 and {*seen.kinds} > {"images", "smuggled"}
    assert send(server[0], ask(good.path, good.good))[0] == 200
    assert not [record for record in caplog.records if record.exc_info]
    assert max(len(record.getMessage()) for record in caplog.records) < 700


def test_a_connection_and_all_bodies_together_have_limits(server, monkeypatch):
    port, config = server
    line = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    for sent, answers in [
        (line + b"a: b\r\n" * 98 + b"\r\n", [b"200"]),
        (line + b"a: b\r\n" * 100 + b"\r\n", [b"400"]),
        (line + b"a: " + b"b" * 2**16, [b"400"]),
        (line + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", [b"200"]),
        ((line + b"\r\n") * 8, [b"200"] * 8),
    ]:
        answer = send(port, sent, breaks_off=True)[1]
        assert re.findall(rb"HTTP/1.1 (\d+)", answer) == answers
    assert send(port, (line + b"\r\n") * 1000, breaks_off=True)[1].count(b" 200 ") < 10
    offer = [("Connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c")]  # as curl --http2
    assert send(port, ask("/predict", IMAGE.encode(), offer))[0] == 200
    monkeypatch.setattr(guard, "HELD", 500)
    assert send(port, ask("/predict", IMAGE.encode()))[0] == 200  # short ones have room
    monkeypatch.setattr(guard, "LONG", 500)
    assert send(port, ask("/predict", IMAGE.encode()))[0] == 503
    monkeypatch.undo()
    assert send(port, ask("/predict", IMAGE.encode()))[0] == 200  # nothing is held any more
    monkeypatch.setattr(connection, "SILENCE", 0.4)
    head = ask("/predict", bytes(9))[:-9]
    for sent, pieces in ((b"", 0), (head[:30], 0), (head, 6)):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(sent)
            for _ in range(pieces):  # it is slow, but not silent yet
                time.sleep(0.1)
                client.sendall(b"{")
            assert client.recv(1000) == b"", "not closed"
    monkeypatch.setattr(config, "limit_concurrency", 1)
    with socket.create_connection(("127.0.0.1", port)):
        assert send(port, line + b"\r\n")[0] is None  # not even a refusal


def test_who_does_not_read_holds_up_nobody(server, monkeypatch):
    """The turn of a long request ends where its answer begins, and writing has a clock."""
    monkeypatch.setattr(connection, "SILENCE", 0.1)
    here, never = Mock(), asyncio.Event()

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    long = {"type": "http.request", "body": bytes(guard.LONG + 1), "more_body": False}
    scope = {"type": "http", "path": "/", "method": "POST", "headers": [], "client": None}
    scope |= {"app": Starlette()}
    receive = AsyncMock(return_value=long)

    async def ask_twice():
        stand = guard.Guard(app, Metrics({"model": "a", "version": "1"}), [], {})
        deaf = asyncio.create_task(stand(scope, receive, lambda message: never.wait()))
        await asyncio.wait_for(stand(scope, receive, AsyncMock()), 5)
        deaf.cancel()
        one = connection.Connection(server[1], ServerState(), {})
        one.connection_made(here)
        one.pause_writing()
        one.resume_writing()
        await asyncio.sleep(0.2)
        assert not here.abort.called
        one.pause_writing()
        await asyncio.sleep(0.2)
        assert here.abort.called

    asyncio.run(ask_twice())


def test_other_requests_are_refused_in_the_same_form(app, client, monkeypatch):
    assert "pixels" in message(client.post("/predict", json={"image": GOOD}), 422)
    message(client.post("/predict", content=b"a=b"), 415)
    message(client.get("/predict"), 405)
    message(client.get("/static/..%2fapp.py"), 404)
    types = [
        client.get(f"/static/{one}").headers["content-type"] for one in ("draw.js", "style.css")
    ]
    assert [one.partition(";")[0] for one in types] == ["text/javascript", "text/css"]
    too_long = client.post("/read", content=iter([bytes(2**20)] * 9))  # says not how long it is
    assert "8,388,608" in message(too_long, 413)
    monkeypatch.setattr(app.state.served.model, "read", lambda _: 1 / 0)
    assert "division" not in message(client.post("/predict", json={"pixels": GOOD}), 500)


def test_a_strange_name_is_not_answered():
    """A page of a stranger can lead its own name here, or ask from there: your browser would."""
    client = TestClient(service.make_app("a", {"model": "a", "version": "1"}, ["Digits.example"]))
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
        response = client.post("/none", headers={"Host": "localhost"} | headers)
        assert response.status_code == status, headers


def test_as_many_images_are_in_hand_as_there_is_memory_for(monkeypatch, digits):
    """Further ones are refused; a client that goes away is no failure of the service."""
    monkeypatch.setattr(digits_app, "FILES", 2)
    slow = lambda *_: time.sleep(0.3) or digits[0][0]  # noqa: E731
    monkeypatch.setattr(digits_app, "prepare_file", slow)
    with (
        TestClient(digits_app.create_app(), "http://localhost") as client,
        ThreadPoolExecutor(6) as pool,
    ):
        asked = [pool.submit(client.post, "/read", content=b"x") for _ in range(6)]
        statuses = [one.result().status_code for one in asked]
    assert set(statuses) == {200, 503} and statuses.count(200) >= 2


def test_what_a_path_is_called_makes_no_new_count(client):
    """Nor do the many ways to write one that exists: any stranger could fill the memory."""
    for path in ("/none", "/static/a/../style.css", "/static//style.css", "/static/style.css"):
        client.get(path)
    counted = client.get("/metrics").text
    assert 'path="unknown"' in counted and "style" not in counted and "/none" not in counted


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


def test_who_asks_at_once_is_answered_together_and_one_call_at_a_time():
    """Neither Keras nor LiteRT promises that several threads may call; a full queue refuses."""
    sizes, inside = [], []

    def double(rows):
        inside.append(1)
        assert len(inside) == 1
        sizes.append(len(rows))
        time.sleep(0.05)
        return list(2 * rows[: len(rows) * inside.pop()])

    async def ask(values, most, waiting):
        batcher = Batcher(double, most, waiting)
        worker = asyncio.create_task(batcher.work())
        asked = [batcher.ask(np.array(rows)) for rows in values]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        worker.cancel()
        return answers

    answers = asyncio.run(ask([[1], [2, 3], [4], [5], [6]], 3, 100))
    assert [one.tolist() for one in map(np.array, answers)] == [[2], [4, 6], [8], [10], [12]]
    assert sizes == [3, 3]
    answers = asyncio.run(ask([[number] for number in range(9)], 2, 5))
    refused = [one for one in answers if isinstance(one, service.RequestError)]
    assert [one.status_code for one in refused] == [503] * 4  # nothing was taken out yet


def test_who_gives_up_keeps_nobody_from_an_answer():
    async def ask():
        batcher = Batcher(lambda rows: time.sleep(0.1) or [*rows])
        worker = asyncio.create_task(batcher.work())
        rows = np.array([[1], [2]])
        hasty, patient = (asyncio.create_task(batcher.ask(one)) for one in (rows[:1], rows))
        await asyncio.sleep(0.05)
        hasty.cancel()
        assert [*await asyncio.wait_for(patient, 5)] == [[1], [2]]
        assert not worker.done()
        worker.cancel()

    asyncio.run(ask())


def test_accuracy_is_measured_over_http_and_directly(server, digits, tmp_path, monkeypatch, capsys):
    """Of six images, one of which has a wrong label, one in each request."""
    six = digits[0][:6], digits[1][:6] + np.eye(6, dtype="uint8")[5]
    monkeypatch.setattr("mnist.data.load_mnist", lambda: ("no images to learn from", six))
    monkeypatch.setattr(shell_client, "BATCH", 1)
    url = ["--url", f"http://127.0.0.1:{server[0]}"]
    right = {"over_http": 5 / 6, "direct": 5 / 6, "different": 0}
    assert shell_client.main(["--accuracy", "--test", "9", *url]) == right
    assert "test image 0, a 7: 7 with" in capsys.readouterr().out
    drawing(digits[0][0]).save(tmp_path / "7.png")
    asked = shell_client.main([str(tmp_path / "7.png"), "--test", "2", *url])
    assert asked["7.png"]["digit"] == 7
    assert "no service" in failure(
        shell_client.main, ["--test", "2", "--url", "http://127.0.0.1:1"]
    )


def test_what_cannot_be_served_ends_with_one_line(tmp_path):
    """A missing file, one that is something else, limits of another network, a port taken."""
    copy = tmp_path / "conv_net.tflite"
    limits = json.loads(SERVED.with_suffix(".json").read_text(encoding="utf-8"))
    shutil.copy(SERVED, copy)
    for bad in (None, {}, limits | {"temperature": 0}, limits | {"lite_sha256": "0"}):
        copy.with_suffix(".json").write_text(json.dumps(bad))
        assert "not of ship_model.py" in failure(lite.DigitReader, copy)
    copy.with_suffix(".json").write_text(json.dumps(limits))
    copy.write_bytes(SERVED.read_bytes() + b" ")
    for path in (tmp_path / "missing.tflite", copy):
        assert "not of ship_model.py" in failure(digits_app.main, ["--model", str(path)])
    assert "first make a .tflite of it" in failure(digits_app.main, ["--model", str(SHIPPED)])
    (tmp_path / "current.json").write_text('["../conv_net.tflite"]')
    assert "not a folder of releases" in failure(digits_app.main, ["--model", str(tmp_path)])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot listen" in failure(digits_app.main, ["--port", str(taken.getsockname()[1])])


@pytest.mark.skipif(sys.platform != "linux", reason="looks at what Linux knows of open files")
def test_python_reads_the_file_of_a_network(app):
    """On Windows, LiteRT opens none whose path has other letters than English."""
    assert app.state.served.model.network and not windows.is_open(SERVED.resolve())


def test_a_perceptron_is_served_and_what_is_no_digit_is_told(client, tmp_path, digits):
    """Whatever shape the network takes."""
    stack = [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")]
    model, path = keras.Sequential(stack), tmp_path / "perceptron.keras"
    model.save(path)
    ship_model.main(["--refit", "--model", str(path)])
    reader = lite.DigitReader(path.with_suffix(".tflite"))
    found = reader.read(digits[0][:3])
    direct = model.predict(digits[0][:3].reshape(3, 784) / 255, verbose=0)
    direct = with_temperature(direct, reader.limits["temperature"])
    np.testing.assert_allclose([one["probabilities"] for one in found], direct, atol=1e-5)
    assert all(one["looks_like_digit"] is not None for one in found)
    pixels = [one.tolist() for one in [np.full((28, 28), 255), *digits[0][:100]]]
    answers = client.post("/predict", json={"pixels": pixels}).json()["predictions"]
    likely = [answer["looks_like_digit"] for answer in answers]
    assert likely[0] is False and likely[1:].count(False) <= 5


def test_a_new_model_is_taken_over_and_the_old_one_comes_back(tmp_path, digits, monkeypatch):
    """While it is asked; what does not load changes nothing."""
    monkeypatch.setattr(releases, "LOOK", 0.05)
    folder, new = tmp_path / "served", tmp_path / "new.tflite"
    shutil.copy(SERVED, new)
    limits = json.loads(SERVED.with_suffix(".json").read_text(encoding="utf-8"))
    new.with_suffix(".json").write_text(json.dumps(limits | {"temperature": 5.0}))
    (tmp_path / "bad.tflite").write_bytes(b"none")
    (tmp_path / "bad.json").write_text(json.dumps(limits))

    def release(*arguments):
        return releases.main([*map(str, arguments), "--folder", str(folder)])

    assert "no model before" in failure(release, "--back")
    release(SERVED)
    body = {"pixels": digits[0][:1].tolist()}
    with TestClient(digits_app.create_app(folder), "http://localhost") as client:

        def served():
            time.sleep(0.3)
            answer = client.post("/predict", json=body).json()
            name = f"{answer['model']}-{answer['version']}.tflite"
            return name, answer["predictions"][0]["probability"]

        (name,) = release(SERVED)
        first = served()
        assert first[0] == name
        names = release(new)
        second = served()
        assert second[0] == names[-1] and second[1] < first[1]  # with a temperature of its own
        assert "not of ship_model.py" in failure(release, tmp_path / "bad.tflite")
        (folder / "bad.tflite").write_bytes(b"none")  # as if another program had put it there
        (folder / "current.json").write_text(json.dumps([*names, "bad.tflite"]))
        assert served() == second
        (folder / "current.json").write_text(json.dumps(names))
        release("--back")
        assert served() == first
    assert "no model before" in failure(release, "--back")


def test_metrics_count_what_happens_and_the_description_is_true(client, digits):
    description = client.get("/openapi.json").json()
    validate_openapi(description)
    assert {"/predict", "/read", "/model", "/health", "/ready"} == {*description["paths"]}
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
        said = description["paths"]["/predict"]["post"]["responses"]
        schema = said["4XX" if response.is_client_error else "200"]["content"]["application/json"]
        schema = schema["schema"] | {"components": description["components"]}
        Draft202012Validator(schema).validate(response.json())
    after = look()
    assert {key: after[key] - before[key] for key in expected} == pytest.approx(expected)


def test_a_detector_is_chosen_on_some_kinds_and_reported_on_others(monkeypatch):
    """The threshold refuses as many digits as said."""
    monkeypatch.setattr(detectors, "CHOSEN_ON", ["low"])
    monkeypatch.setattr(detectors, "REPORTED_ON", ["high"])
    kinds = {"low": np.zeros(4), "high": np.full(4, 200.0), "digits": np.arange(100.0)}
    shares = detectors.evaluate(lambda images: images, kinds, np.arange(100.0))
    assert shares == {"low": 1, "high": 0, "digits": 0.01, "chosen": 1, "reported": 0}


def test_the_least_service_serves_any_network(digits, tmp_path):
    """Digits, a table with words, texts: what the network takes is all that it looks at."""
    answers = serve.create_app(keras.saving.load_model(SHIPPED, compile=False)).test_client()
    answers = answers.post("/predict", json=(digits[0][:2] / 255).tolist()).get_json()
    assert np.argmax(answers, axis=1).tolist() == digits[1][:2].tolist()
    texts = keras.layers.TextVectorization(output_mode="multi_hot", vocabulary=["free", "home"])
    text = keras.Sequential(
        [keras.Input((), dtype="string"), texts, keras.layers.Dense(1, "sigmoid", use_bias=False)]
    )
    text.layers[-1].set_weights([np.array([[0.0], [9.0], [-9.0]])])
    age, home = keras.Input((1,), name="age"), keras.Input((1,), name="home", dtype="string")
    words = keras.layers.StringLookup(vocabulary=["x", "y"], num_oov_indices=0)(home)
    total = keras.layers.Add()([age, keras.ops.cast(words, "float32")])
    table = keras.Model({"age": age, "home": home}, total)
    for model, rows, expected in (
        (text, ["free", "at home"], [[0.9999], [0.0001]]),
        (table, [{"age": 40, "home": "y"}, {"age": 2, "home": "x"}], [[41], [2]]),
    ):
        client = serve.create_app(model, ["sum"]).test_client()
        answers = client.post("/predict", json=rows).get_json()
        assert [list(one.values()) for one in answers] == expected and "sum" in answers[0]
        for bad in ([], rows * 51, [1.5], rows[0], [{"age": "a", "home": "x"}]):
            response = client.post("/predict", json=bad)
            assert response.status_code == 400, bad
            assert "of a row, the network takes" in response.get_json()["error"]
    keras.Model(age, [age, age + 1]).save(tmp_path / "two.keras")
    assert "2 outputs" in failure(serve.main, [str(tmp_path / "two.keras")])


def test_limits_are_wider_if_whole_writers_are_drawn():
    assert drift.psi([1, 3], [2, 2]) == pytest.approx(0.2 * np.log(7 / 3))
    ink = np.repeat(np.arange(10.0), 20)  # each writer has a pen

    def widest(groups):
        look_at = lambda rows: {"ink": ink[rows].mean(), "no_digit": 1}  # noqa: E731
        drawn = drift.draw_windows(look_at, groups, 20, 100, np.random.default_rng(0))
        return drift.find_limits(drawn)

    assert widest(ink) == {"ink": (0, 9), "no_digit": (0, 1)}
    low, high = widest(np.arange(200))["ink"]
    assert 2 < low < high < 7


def test_what_the_weeks_of_a_table_show(recorder, tmp_path, monkeypatch):
    """With a model that takes no time; the days of digits are another test's."""
    columns = make_column_transformer(("passthrough", ["hour", *changed_weeks.NUMBERS]))
    model = make_pipeline(columns, LinearRegression())
    monkeypatch.setattr(changed_weeks, "HistGradientBoostingRegressor", lambda **_: model)
    monkeypatch.setattr(drift, "watch", lambda *_: {})
    for module in (drift, changed_weeks):
        monkeypatch.setattr(module, "draw", lambda *_: None)
    recorder.results.append(drift.main(["--outputs", str(tmp_path / "run")]))


def test_counts_notice_another_pen_and_sleep_when_sixes_turn_into_nines(
    digits, tmp_path, monkeypatch
):
    pens = [changed_days.redraw(digits[0][0], quarters).mean() for quarters in (-2, -1, 1, 2)]
    assert pens == sorted(pens)
    assert changed_days.photograph(digits[0][0], np.random.default_rng(0)).any()
    for name, value in {"WINDOW": 250, "DAYS": 1, "LETTERS": "AEK"}.items():
        monkeypatch.setattr(changed_days, name, value)
    for name in ("thicker_pen", "thinner_pen", "shadow", "out_of_focus"):
        monkeypatch.delitem(changed_days.CHANGES, name)
    parts = drift.load_parts()
    parts["test"] = [some[4500:5500] for some in digits]
    results = drift.watch(lite.DigitReader(SERVED), parts, 50, np.random.default_rng(0))
    kinds = results["kinds"]
    assert [day["kind"] for day in results["days"][1:5:2]] == ["students", "employees"]
    assert kinds["inverted"]["ink"] > 200 and kinds["inverted"]["ink_both"]
    assert kinds["letters"]["accuracy"] == 0 and kinds["letters"]["no_digit_both"]
    years, turned, mirrored = (kinds[one] for one in ("years", "turned_6_and_9", "mirrored"))
    assert years["answers_both"] and not years["labelled_alarm"]
    assert 0.7 < turned["accuracy"] < 0.9 and turned["labelled_alarm"]
    assert not turned["ink_both"]
    assert mirrored["answers_both"] and not mirrored["ink_both"]
    drift.draw(results, tmp_path / "drift.png")
