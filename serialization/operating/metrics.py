"""Machinery of the services: what they count about themselves, for Prometheus to collect.

Chapter: serialization/operating/README.md#watching-it
"""

import os
from contextlib import suppress
from pathlib import Path

from fastapi import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    Summary,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the folder through which several processes add up
SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]  # of answers
UNKNOWN = "unknown"  # in place of a path that nobody serves: of these, there are endlessly many
WORDS = {True: "yes", False: "no", None: "unknown"}


class Metrics:
    """What any service counts, since it was started."""

    def __init__(self, about):
        registry = self.registry = CollectorRegistry()
        said = "Requests by path and by status of the answer; from 400 on they were refused"
        self.requests = Counter("service_requests", said, ["path", "status"], registry=registry)
        for status in (500, 503):  # 0 from the start, or a rate would miss the first
            self.requests.labels("/predict", status)
        said = "Time from the arrival of a request to the end of its answer, waiting included"
        self.seconds = Histogram(
            "service_seconds", said, ["path"], buckets=SECONDS, registry=registry
        )
        said = "What is served, as labels: 1 for what is, 0 for what was"
        how = {"multiprocess_mode": "mostrecent"}
        self.model = Gauge("service_model", said, ["model", "version"], registry=registry, **how)
        said = "Requests that wait for the network"
        how = {"multiprocess_mode": "livesum"}
        self.waiting = Gauge("service_waiting", said, registry=registry, **how)
        self.tell(about)
        if SHARED not in os.environ:
            ProcessCollector(registry=registry)  # memory, processor time, open files

    def tell(self, about, before=None):
        """Note what is served from now on, and what has been before."""
        if before:
            self.model.labels(**before).set(0)
        self.model.labels(**about).set(1)

    def count(self, path, status, seconds):
        """path: as the application has it, or None if it has none."""
        self.requests.labels(path or UNKNOWN, status).inc()
        self.seconds.labels(path or UNKNOWN).observe(seconds)

    def response(self):
        """Return the counts as text, of all processes if there are several."""
        registry = self.registry
        if SHARED in os.environ:
            forget_the_dead(Path(os.environ[SHARED]))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def forget_the_dead(folder):
    """Remove what waited for a process that has ended: the library counts it until it is told.

    folder: of SHARED. Not on Windows, where os.kill would stop a process.
    """
    for path in folder.glob("gauge_live*.db") if os.name == "posix" else ():
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)  # noqa: TID251  it only asks whether there is one
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another process has just done the same
                mark_process_dead(pid, folder)
        except PermissionError:
            pass  # there is one, of another user


class DigitMetrics:
    """What the service of the digits counts besides: what drifts when the input changes."""

    def __init__(self, registry):
        said = "Images that were read, by whether they look like a digit"
        self.images = Counter("digits_images", said, ["looks_like_digit"], registry=registry)
        for word in WORDS.values():
            self.images.labels(word)
        said = "Mean grey level of the image that the network saw, from 0 to 255"
        self.ink = Summary("digits_ink", said, registry=registry)
        said = "Answers by digit"
        self.digits = Counter("digits_answers", said, ["digit"], registry=registry)
        said = "Probability of the digit that was read"
        self.probability = Summary("digits_probability", said, registry=registry)

    def count(self, images, predictions):
        for image, prediction in zip(images, predictions, strict=True):
            self.images.labels(WORDS[prediction["looks_like_digit"]]).inc()
            self.ink.observe(image.mean())
            self.digits.labels(prediction["digit"]).inc()
            self.probability.observe(prediction["probability"])
