"""Machinery of the service: what it counts about itself, for Prometheus to collect from /metrics.

Chapter: serialization/operating/README.md#watching-it
"""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    Summary,
    generate_latest,
)

SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]  # how long answers take
UNKNOWN, FULL = "unknown", "full"  # in place of a path: nobody serves it; the queue was full
WORDS = {True: "yes", False: "no", None: "unknown"}


class Metrics:
    """What any service counts, since it was started; model and version name what it serves."""

    def __init__(self, model, version):
        registry = self.registry = CollectorRegistry()
        about = "Requests by path and by status of the answer; from 400 on they were refused"
        self.requests = Counter("service_requests", about, ["path", "status"], registry=registry)
        for path, status in (("/predict", 500), ("/predict", 503), (FULL, 503)):
            self.requests.labels(path, status)  # 0 from the start, or a rate would miss the first
        about = "Time from the start of work on a request to its answer, without the wait before"
        self.seconds = Histogram(
            "service_seconds", about, ["path"], buckets=SECONDS, registry=registry
        )
        about = "What is served, as labels; the value is always 1"
        Info("service_model", about, registry=registry).info({"name": model, "version": version})
        ProcessCollector(registry=registry)  # memory, processor time, open files

    def count(self, path, status, seconds):
        """path: one that is served, UNKNOWN for all others, which are endless, or FULL."""
        self.requests.labels(path, status).inc()
        self.seconds.labels(path).observe(seconds)

    def response(self):
        """Return what Flask needs to answer: text and its type."""
        return generate_latest(self.registry), {"Content-Type": CONTENT_TYPE_LATEST}


class InputMetrics:
    """What the service of the digits counts besides: what drifts first when the input changes."""

    def __init__(self, registry):
        about = "Images that were read, by whether they look like a digit"
        self.images = Counter("digits_images", about, ["looks_like_digit"], registry=registry)
        for word in WORDS.values():
            self.images.labels(word)
        about = "Mean grey level of the image that the network saw, from 0 to 255"
        self.ink = Summary("digits_ink", about, registry=registry)

    def count(self, images, predictions):
        for image, prediction in zip(images, predictions, strict=True):
            self.images.labels(WORDS[prediction["looks_like_digit"]]).inc()
            self.ink.observe(image.mean())
