"""The service as one would run it: what the container holds, in two processes, behind nginx."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import attack
import bad_clients
import numpy as np
import psutil
import pytest
import requests
from bad_clients import Seen, hold, send_at_once, send_many
from bad_requests import bad_requests
from conftest import ROOT

OPERATING = ROOT / "serialization" / "operating"
SECOND = 1  # within which a good request is answered, whatever else is going on
MEMORY = 700  # MiB of a process
GOOD = json.dumps({"pixels": np.eye(28, dtype=int).tolist()})
JSON = {"Content-Type": "application/json"}

pytestmark = pytest.mark.slow


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port, process):
    """Wait until a service answers that it is ready."""
    for _ in range(600):
        assert process.poll() is None, "it has ended"
        try:
            if requests.get(f"http://127.0.0.1:{port}/ready", timeout=1).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("it is not ready after a minute")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """What the Dockerfile copies, laid out and started as it says; Docker itself runs nowhere here.

    Yields its port and its process.
    """
    folder = tmp_path_factory.mktemp("service")
    text = (OPERATING / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    (line,) = re.findall(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)
    for words in re.findall(r"^COPY (?!--from|requirements)(.+)$", text, re.MULTILINE):
        *sources, target = words.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target)
            else:
                (folder / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, folder / target)
    port, counts = free_port(), folder / "counts"
    counts.mkdir()
    command = [sys.executable, *json.loads(line)[1:], "--port", str(port)]
    with (folder / "log").open("w") as log:
        options = {"stdout": log, "stderr": log, "env": {"PROMETHEUS_MULTIPROC_DIR": str(counts)}}
        process = subprocess.Popen(command, cwd=folder, **options)
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        assert process.wait(30) in (0, -signal.SIGTERM)
    assert "Traceback" not in (folder / "log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def proxy(service, tmp_path_factory):
    """nginx in front of it, with the configuration of the book; silence ends after a second.

    It may open as many files as in an ordinary shell, and keeps silent about what it refuses.
    """
    if not shutil.which("nginx"):
        pytest.skip("NOT TESTED: nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = (OPERATING / "nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{service[0]}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("client_body_timeout 10s", "client_body_timeout 1s"),
        ("/tmp/", f"{folder}/"),
    ):
        assert old in text
        text = text.replace(old, new)
    if os.geteuid() == 0:  # else nginx gives up root's rights, and cannot write into the folder
        text = "user root;\n" + text
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    start = f"ulimit -Sn 1024; exec nginx -c {folder / 'nginx.conf'} -e stderr"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["sh", "-c", start], stdout=log, stderr=log)
    wait_for(port, process)
    yield port
    process.terminate()
    process.wait(10)
    said = (folder / "log").read_text(encoding="utf-8")
    assert "exceed open file" not in said and "limiting" not in said, said[:1000]


def workers(process):
    """Return the processes that answer, without the one that watches over them."""
    return [one for one in process.children() if "spawn_main" in " ".join(one.cmdline())]


def test_two_light_processes_answer_and_count_together(service):
    port, process = service
    started = workers(psutil.Process(process.pid))
    assert len(started) == 2
    for one in started:
        libraries = {map_.path for map_ in one.memory_maps()}
        assert not [path for path in libraries if "/tensorflow/" in path or "/scipy/" in path]
        assert one.memory_info().rss < 120e6
    url = f"http://127.0.0.1:{port}"
    with ThreadPoolExecutor(8) as pool:
        ask = pool.map(lambda _: requests.post(f"{url}/predict", GOOD, headers=JSON), range(64))
        assert len({answer.json()["digit"] for answer in ask}) == 1
    text = requests.get(f"{url}/metrics").text
    counted = re.search(r'service_requests_total\{path="/predict",status="200"\} (\d+)', text)
    assert int(counted[1]) == 64


@pytest.mark.alone
@pytest.mark.parametrize("way", ["service", "proxy"])
def test_good_requests_are_answered_beside_bad_ones(way, service, request, monkeypatch):
    """No failure, no good answer later than a second, no process that takes all memory."""
    port = service[0] if way == "service" else request.getfixturevalue("proxy")
    monkeypatch.setattr(bad_clients, "HOLD", 3)
    seen, (_, file) = Seen(), attack.READS
    with attack.asking(port, attack.READS[:1]) as asked, ThreadPoolExecutor(3) as pool:
        some = bad_requests(1, attack.READS, 200)
        bad = [pool.submit(send_many, port, some, seen)]
        bad += [pool.submit(act, port, [file], seen) for act in (send_at_once, hold)]
        for one in bad:
            one.result()
    statuses = {status for kind in seen.kinds.values() for status in kind}
    meant = {"503"} if way == "service" else {"501", "503"}  # nginx, of an unknown encoding
    assert {one for one in statuses if one.startswith("5")} <= meant, statuses
    assert len(asked) > 20 and {status for _, status, _ in asked} == {200}
    assert max(seconds for *_, seconds in asked) < SECOND
    assert all(attack.peak(one) < MEMORY for one in workers(psutil.Process(service[1].pid)))


def test_the_proxy_cuts_off_and_hides(proxy):
    url = f"http://127.0.0.1:{proxy}"
    assert requests.post(f"{url}/predict", GOOD, headers=JSON).status_code == 200
    for path, body, status in (("/metrics", b"", 404), ("/read", bytes(9 * 2**20), 413)):
        answer = requests.post(url + path, body) if body else requests.get(url + path)
        assert answer.status_code == answer.json()["error"]["status"] == status
    with socket.create_connection(("127.0.0.1", proxy)) as silent:
        silent.sendall(b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
        silent.settimeout(5)
        silent.recv(1000)  # a 408, or nothing
        assert silent.recv(1) == b"", "not closed"
    with ThreadPoolExecutor(32) as pool:
        ask = lambda _: requests.post(f"{url}/predict", GOOD, headers=JSON).status_code  # noqa: E731
        assert {*pool.map(ask, range(600))} == {200, 429}


SLOW = """
import sys, time
from serialization.rest import app, digits
scores = digits.DigitReader.scores
digits.DigitReader.scores = lambda *some: time.sleep(0.4) or scores(*some)
app.main(sys.argv[1:])
"""


def test_what_waits_is_answered_before_it_stops(tmp_path):
    """SIGTERM, while one batch is under way and another one has gathered."""
    port, script = free_port(), tmp_path / "slow.py"
    script.write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, str(script), "--port", str(port)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{OPERATING}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(port, process)
    url = f"http://127.0.0.1:{port}/predict"
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(requests.post, url, GOOD, headers=JSON) for _ in range(8)]
        time.sleep(0.3)
        process.terminate()
        assert [one.result().status_code for one in asked] == [200] * 8
    assert process.wait(20) == 0 and "Stopped." in process.stdout.read()
