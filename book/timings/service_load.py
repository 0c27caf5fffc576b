"""Machinery of the book: how fast the service answers, alone and under many clients at once.

    python book/timings/service_load.py

Starts the service twice, as it is and with model.predict for each request, and sends each single
test images as JSON from 1, 8 and 32 clients, which each send the next request as soon as the last
one is answered. Prints the latency that half of the requests and that 99 % of them keep, and the
requests per second. Then it asks the network itself with batches of several sizes: which
of the first calls compile it, and how long they take. A minute; nothing else should run meanwhile.

Chapter: serialization/operating/README.md#how-fast
"""

from chapter import OUTPUTS

import argparse
import http.client
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from mnist.data import load_mnist
from serialization.operating.server import serve
from serialization.rest.app import create_app
from utils.loading import load_model
from utils.options import make_parser, number, positive
from utils.runs import ROOT, fail, make_folder, save_results

MODEL = ROOT / "assets" / "models" / "conv_net.keras"
SIZES = [1, 32, 2, 3, 5, 7, 20, 50]  # of batches: first the two of the service, in its order
CLIENTS = [1, 8, 32]
SECONDS = 8  # of measuring, for each number of clients
LATER = 50  # calls of the network itself with a size, after the first
BATCH = 100  # images of a request, in the measurement with batches
PORT = 8765


def serve_digits(port, how):
    """Run the service in this process; "predict" asks it in place of predict_on_batch."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # it logs each request
    app = create_app()
    if how == "predict":
        model = app.classifier.detector.network
        model.predict_on_batch = lambda batch: model.predict(batch, verbose=0)
    serve(app, app.classifier.name, "127.0.0.1", port)


def wait_until_ready(port, process):
    while process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    fail(f"the service did not start; is port {port} taken?")


def keep_asking(port, requests, until, latencies, failures):
    """Be one client: send one request after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for body in itertools.cycle(requests):
        start = time.perf_counter()
        if start >= until:
            break
        try:
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            failures.append(True)
            break
        latencies.append(time.perf_counter() - start)
        failures.append(response.status != 200)


def ask(port, clients, seconds, batch=0):
    """Return what so many clients saw in so many seconds: latencies in ms, requests per second.

    batch: how many test images are in a request, shape (batch, 28, 28); 0: one, (28, 28).
    """
    _, (images, _) = load_mnist()
    shape = (64, batch, 28, 28) if batch else (64, 28, 28)
    images = images[: 64 * max(batch, 1)].reshape(shape)
    requests = [json.dumps({"pixels": pixels.tolist()}) for pixels in images]
    latencies, failures, start = [], [], time.perf_counter()
    arguments = (port, requests, start + seconds, latencies, failures)
    threads = [threading.Thread(target=keep_asking, args=arguments) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - start  # the last answers come when the time is up
    if not latencies:
        fail("no request was answered; did the service end?")
    p50, p99 = 1000 * np.percentile(latencies, [50, 99])
    result = {"p50_ms": p50, "p99_ms": p99, "per_second": len(latencies) / passed}
    result["images_per_second"] = result["per_second"] * max(batch, 1)
    return result | {"requests": len(latencies), "failures": sum(failures)}


def resident_memory(process):
    """Return the MiB of memory that a process has held at most, where Linux tells."""
    status = Path(f"/proc/{process.pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


def first_calls(sizes):
    """Return for batches of each size: was the network compiled, and ms of the calls.

    A size that occurs for the first time may have the back end compile the network anew, and only
    then does Python go through its layers.
    """
    model = load_model(MODEL, compile=False)
    layer, compiled, results = model.layers[0], [], {}
    compute = layer.call

    def call(*args, **kwargs):
        compiled.append(True)
        return compute(*args, **kwargs)

    layer.call = call
    for size in sizes:
        batch = np.zeros((size, *model.input_shape[1:]), "float32")
        compiled.clear()
        milliseconds = []
        for _ in range(1 + LATER):
            start = time.perf_counter()
            np.asarray(model.predict_on_batch(batch))
            milliseconds.append(1000 * (time.perf_counter() - start))
        first, *later = milliseconds
        one = {"compiled": bool(compiled), "first_ms": first, "later_ms": float(np.median(later))}
        results[str(size)] = one
        print(f"batch of {size:3}:", ", ".join(f"{key} {one[key]:.1f}" for key in one), flush=True)
    return results


def measure(how, port, seconds, clients):
    """Start a service, ask it from each number of clients, stop it; return the results."""
    with socket.socket() as other:
        if other.connect_ex(("127.0.0.1", port)) == 0:
            fail(f"port {port} is taken: another server would be measured. Choose another --port.")
    process = subprocess.Popen([sys.executable, __file__, "--serve", how, "--port", str(port)])
    try:
        wait_until_ready(port, process)
        ask(port, 1, min(1, seconds))  # the first requests are slower
        results = {str(number): ask(port, number, seconds) for number in clients}
        results["batch"] = ask(port, 1, seconds, BATCH)
        for name, line in results.items():
            found = ", ".join(f"{key} {value:.1f}" for key, value in line.items())
            print(f"{how:8} {name:5}: {found}", flush=True)
        return results | {"peak_mib": resident_memory(process)}
    finally:
        process.terminate()
        process.wait()


def main(argv=None):
    parser = make_parser("Measure how fast the service answers.", OUTPUTS)
    add = parser.add_argument
    add("--clients", type=positive(int), nargs="+", default=CLIENTS, help="at once")
    add("--seconds", type=positive(float), default=SECONDS, help="of measuring each")
    add("--port", type=number(int, 1, 65535), default=PORT, help="that the service listens on")
    add("--serve", choices=["fast", "predict"], help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.serve:
        serve_digits(args.port, args.serve)
        return None
    folder = make_folder(args.outputs)
    settings = (args.port, args.seconds, args.clients)
    results = {how: measure(how, *settings) for how in ("fast", "predict")}
    results["first_calls"] = first_calls(SIZES)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
