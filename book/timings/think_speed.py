"""Machinery of the book: how long the page that shows the layers waits for its answers.

    python book/timings/think_speed.py

Starts the service of visualizing/live/ and asks it about digits of MNIST, one after the other.
"""

from chapter import OUTPUTS

import time

import numpy as np
import requests

from book.figures.browser import run_service
from mnist.data import load_parts
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

REQUESTS = 200


def measure(address, images):
    """Return the milliseconds of each request for the layers and the map of importance."""
    times = []
    with requests.Session() as session:
        for image in images:
            start = time.perf_counter()
            session.post(f"{address}/think", json={"pixels": image.tolist()}).raise_for_status()
            times.append(1000 * (time.perf_counter() - start))
    return np.array(times)


def main(argv=None):
    parser = make_parser("How fast the page gets its layers.", OUTPUTS)
    parser.add_argument("--requests", type=positive(int, most=5000), default=REQUESTS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    images, _ = load_parts()["validation"]
    with run_service(page="think") as address:
        times = measure(address, images[: args.requests])
    results = {"requests": len(times), "first_ms": times[0]}
    results |= {"p50_ms": np.median(times), "p95_ms": np.percentile(times, 95)}
    print(", ".join(f"{name} {value:.0f}" for name, value in results.items()))
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
