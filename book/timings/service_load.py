"""Machinery of the book: services compared, alone and under many clients at once.

    python book/timings/service_load.py

Starts one service after the other: the little one of serve.py; the one of app.py with Keras in
place of LiteRT, and with LiteRT, each without and with batches; the last in two processes, too, and
these behind nginx; and LitServe, if it is installed. Sends each single test images as JSON, from 1
to 128 clients that each send the next request as soon as the last one is answered; then, but to
LitServe, a hundred images a request from one client. Prints how long the service took to its first
answer, its memory, the latency that half of the requests and that 99 % of them keep, and the
requests per second. Needs wrk, a small program that sends requests, nginx, and five minutes in
which nothing else runs.

Chapter: serialization/operating/README.md#how-fast
"""

from chapter import OUTPUTS

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import requests

from serialization.rest.digits import SIDE, describe, digit_likeness, softmax
from utils.files import version_of
from utils.options import make_parser, number
from utils.runs import ROOT, fail, make_folder, save_results

KERAS = ROOT / "assets" / "models" / "conv_net.keras"
PORT, PROXY = 8117, 8118
CLIENTS = [1, 8, 32, 128]
SECONDS = 6  # of measuring, for each number of clients
BATCH = 100  # images of a request, in the measurement with batches
HEADERS = {"Content-Type": "application/json"}
PROCESSES = ["-m", "uvicorn", "--app-dir", "serialization/rest", "--factory", "app:create_app"]
PROCESSES += ["--http", "app:Connection", "--workers", "2", "--no-access-log"]
PROCESSES += ["--limit-concurrency", "800", "--port", str(PORT)]
# What wrk does: it sends one body after the other, and prints one line at the end.
SCRIPT = """
local bodies, number = {}, 0
for line in io.lines("%s") do bodies[#bodies + 1] = line end
request = function()
  number = number %% #bodies + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, bodies[number])
end
done = function(summary, latency)
  print("RESULT", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.errors.status + summary.errors.timeout)
end
"""
WAYS = ["flask", "keras_single", "keras", "lite_single", "lite", "lite_2", "nginx", "litserve"]


class KerasNetwork:
    """Reads digits as digits.DigitReader does, with Keras."""

    def __init__(self, _):
        import keras  # not above: LiteRT's process shall not hold it

        self.limits = json.loads(KERAS.with_suffix(".json").read_text(encoding="utf-8"))
        self.about = {"model": "conv_net", "version": version_of(self.limits["sha256"])}
        self.network = keras.saving.load_model(KERAS, compile=False)
        for size in (1, 32):
            self.read(np.zeros((size, SIDE, SIDE)))

    def read(self, pixels):
        """In batches of 1 or of 32, filled up: JAX would compile anew for each other size."""
        size = 1 if len(pixels) == 1 else 32
        batch = np.zeros((-(-len(pixels) // size) * size, SIDE, SIDE, 1), "float32")
        batch[: len(pixels), ..., 0] = pixels / 255
        answers = [
            self.network.predict_on_batch(part) for part in np.split(batch, len(batch) // size)
        ]
        scores = np.log(np.concatenate(answers)[: len(pixels)] + 1e-30)
        likely = digit_likeness(scores) >= self.limits["least_likeness"]
        return [describe(*one) for one in zip(softmax(scores), likely.tolist(), strict=True)]


def serve(way):
    """Be one of the services, until the process is told to end."""
    if way == "flask":
        import keras

        from serialization.rest.serve import create_app as create_little

        create_little(keras.saving.load_model(KERAS, compile=False)).run(port=PORT, threaded=False)
    else:
        from serialization.operating import batching
        from serialization.rest import app

        if way.endswith("single"):
            batching.Batcher.__init__.__defaults__ = (1, batching.WAITING)
        if way.startswith("keras"):
            app.create_app.__defaults__ = (None, None, KerasNetwork, None)
        app.main(["--port", str(PORT)])


def start(way, folder):
    """Return the processes of a service, and the port on which it is asked."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    quiet["start_new_session"] = True  # a group, so that measure can end all of it
    if way == "litserve":
        script = Path(__file__).with_name("with_litserve.py")
        path = os.pathsep.join([str(ROOT), str(ROOT / "serialization" / "rest")])
        environment = os.environ | {"PYTHONPATH": path}
        command = [sys.executable, str(script), str(PORT)]
        return [subprocess.Popen(command, env=environment, **quiet)], PORT
    if way not in ("lite_2", "nginx"):
        return [subprocess.Popen([sys.executable, __file__, "--serve", way], **quiet)], PORT
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    processes = [subprocess.Popen([sys.executable, *PROCESSES], env=environment, **quiet)]
    if way == "lite_2":
        return processes, PORT
    text = (ROOT / "serialization/operating/nginx.conf").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{PORT}").replace(
        "listen 8080", f"listen {PROXY}"
    )
    text = re.sub(r"^ *limit_(conn|req) .*$", "", text, flags=re.MULTILINE)  # for one address
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    nginx = ["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return [*processes, subprocess.Popen(nginx, **quiet)], PROXY


def write_bodies(way, batch, path):
    """Write requests as lines of JSON: 64 single test images, or 16 with so many in each."""
    with np.load(ROOT / "assets" / "data" / "mnist.npz") as arrays:
        images = arrays["x_test"]
    parts = images[: 16 * batch].reshape(16, batch, 28, 28) if batch else images[:64]
    if way == "flask":
        parts = (parts if batch else parts[:, np.newaxis]) / 255
    bodies = [part.tolist() if way == "flask" else {"pixels": part.tolist()} for part in parts]
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies), encoding="utf-8")


def ask(way, port, clients, seconds, folder, batch=0):
    """Return what so many clients saw: ms, requests and images per second, failures."""
    bodies, script = folder / "bodies.json", folder / "wrk.lua"
    write_bodies(way, batch, bodies)
    script.write_text(SCRIPT % bodies, encoding="utf-8")
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script)]
    command.append(f"http://127.0.0.1:{port}/predict")
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    per_second, p50, p99, failures = map(float, re.search("RESULT(.*)", output)[1].split())
    result = {"p50_ms": p50, "p99_ms": p99, "per_second": per_second, "failures": int(failures)}
    return result | {"images_per_second": per_second * max(batch, 1)}


def wait_for_answer(way, port, folder):
    """Return the seconds until the first answer."""
    write_bodies(way, 0, folder / "bodies.json")
    body, begun = (folder / "bodies.json").read_text().splitlines()[0], time.perf_counter()
    while time.perf_counter() < begun + 60:
        try:
            if requests.post(f"http://127.0.0.1:{port}/predict", body, headers=HEADERS).ok:
                return time.perf_counter() - begun
        except requests.ConnectionError:
            time.sleep(0.01)
    return fail(f"{way} does not answer")


def measure(way, folder, seconds):
    """Start a service, ask it from each number of clients, stop it; return the results."""
    processes, port = start(way, folder)
    try:
        results = {"first_answer_s": wait_for_answer(way, port, folder)}
        ask(way, port, 8, 1, folder)  # the first requests are slower
        for clients in CLIENTS:
            results[f"clients_{clients}"] = ask(way, port, clients, seconds, folder)
        if way != "litserve":  # whose requests are single images
            results["batch"] = ask(way, port, 1, seconds, folder, BATCH)
        family = psutil.Process(processes[0].pid)
        family = [family, *family.children(recursive=True)]
        results["mib"] = max(one.memory_info().rss for one in family) / 2**20  # of one process
    finally:
        for process in processes:
            process.terminate()  # most end their own, too; those of LitServe live on, and compute
            process.wait(20)
            with contextlib.suppress(ProcessLookupError):  # nothing is left
                os.killpg(process.pid, 9)
    print(way, json.dumps(results, indent=1), flush=True)
    return results


def main(argv=None):
    parser = make_parser("Measure how fast services answer.", OUTPUTS)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="services to measure")
    about = "of measuring, for each number of clients"
    parser.add_argument("--seconds", type=number(int, 1), default=SECONDS, help=about)
    parser.add_argument("--serve", choices=WAYS, help=argparse.SUPPRESS)  # be one of them
    args = parser.parse_args(argv)
    if args.serve:
        return serve(args.serve)
    if not shutil.which("wrk"):
        fail("this needs wrk, a program of your system's packages")
    folder, results = make_folder(args.outputs), {}
    for way in args.ways:
        missing = (way == "litserve" and not find_spec("litserve")) or (
            way == "nginx" and not shutil.which("nginx")
        )
        if missing:
            print(f"{way} is not installed")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            results[way] = measure(way, Path(temporary), args.seconds)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
