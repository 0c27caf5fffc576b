"""Machinery of the book: how fast the service answers, alone and under many clients at once.

    python book/timings/service_load.py

Starts the service twice, as it is and with model.predict for each request, and sends each single
test images as JSON from 1, 8 and 32 clients, which each send the next request as soon as the last
one is answered. Prints the latency that half of the requests and that 99 % of them keep, and the
requests per second. Then it asks the network itself with batches of several sizes: how long the
first calls take, which may compile it. A minute; nothing else should run meanwhile.

Chapter: serialization/operating/README.md#how-fast
"""

from chapter import OUTPUTS

import argparse
import http.client
import itertools
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import psutil

from book.figures.browser import run_service
from mnist.data import load_mnist
from serialization.rest import app
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import ROOT, make_folder, save_results

MODEL = ROOT / "assets" / "models" / "conv_net.keras"
SIZES = [1, 32, 2, 3, 5, 7, 20, 50]  # of batches: first the two of the service, in its order
CLIENTS = [1, 8, 32]
SECONDS = 8  # of measuring, for each number of clients
LATER = 50  # calls of the network itself with a size, after the first
BATCH = 100  # images of a request, in the measurement with batches


def keep_asking(port, requests, until):
    """Be one client: send one request after the other over one connection.

    Returns the seconds of each, and how many of them failed.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    latencies, failures = [], 0
    requests = itertools.cycle(requests)
    while (start := time.perf_counter()) < until:
        body = next(requests)
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        latencies.append(time.perf_counter() - start)
        failures += response.status != 200
    return latencies, failures


def ask(port, clients, seconds, batch=0):
    """Return what so many clients saw in so many seconds: latencies in ms, requests per second.

    batch: how many test images are in a request, shape (batch, 28, 28); 0: one, (28, 28).
    """
    _, (images, _) = load_mnist()
    shape = (64, batch, 28, 28) if batch else (64, 28, 28)
    images = images[: 64 * max(batch, 1)].reshape(shape)
    requests = [json.dumps({"pixels": pixels.tolist()}) for pixels in images]
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        seen = [pool.submit(keep_asking, port, requests, start + seconds) for _ in range(clients)]
    passed = time.perf_counter() - start  # the last answers come when the time is up
    latencies, failures = zip(*(one.result() for one in seen), strict=True)
    latencies = np.concatenate(latencies)
    p50, p99 = 1000 * np.percentile(latencies, [50, 99])
    result = {"p50_ms": p50, "p99_ms": p99, "per_second": len(latencies) / passed}
    result["images_per_second"] = result["per_second"] * max(batch, 1)
    return result | {"requests": len(latencies), "failures": sum(failures)}


def first_calls(sizes):
    """Return for batches of each size the ms of the first call and the median of the later ones.

    A size that occurs for the first time may have the back end compile the network anew.
    """
    model, results = load_model(MODEL, compile=False), {}
    for size in sizes:
        batch = np.zeros((size, *model.input_shape[1:]), "float32")
        milliseconds = []
        for _ in range(1 + LATER):
            start = time.perf_counter()
            np.asarray(model.predict_on_batch(batch))
            milliseconds.append(1000 * (time.perf_counter() - start))
        first, *later = milliseconds
        results[str(size)] = {"first_ms": first, "later_ms": float(np.median(later))}
        print(f"batch of {size:3}: {first:.1f} ms, then {np.median(later):.1f}", flush=True)
    return results


def measure(how):
    """Start a service, ask it from each number of clients, stop it; return the results."""
    with run_service(script=__file__ if how == "predict" else None) as address:
        port = int(address.rpartition(":")[2])
        ask(port, 1, 1)  # the first requests are slower
        results = {str(number): ask(port, number, SECONDS) for number in CLIENTS}
        results["batch"] = ask(port, 1, SECONDS, BATCH)
        (service,) = psutil.Process().children()
        status = Path(f"/proc/{service.pid}/status")  # which only Linux has
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    for name, line in results.items():
        found = ", ".join(f"{key} {value:.1f}" for key, value in line.items())
        print(f"{how:8} {name:5}: {found}", flush=True)
    return results | {"peak_mib": peak and int(peak[1]) / 1024}


def main(argv=None):
    parser = make_parser("Measure how fast the service answers.", OUTPUTS)
    parser.add_argument("--port", help=argparse.SUPPRESS)  # of the service that asks predict
    args = parser.parse_args(argv)
    if args.port:
        keras.Model.predict_on_batch = lambda model, batch: model.predict(batch, verbose=0)
        return app.main(["--port", args.port])
    folder = make_folder(args.outputs)
    results = {how: measure(how) for how in ("fast", "predict")}
    results["first_calls"] = first_calls(SIZES)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
