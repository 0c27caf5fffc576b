"""What the service counts about itself, for Prometheus to collect from /metrics.

Chapter: serialization/rest/README.md#operating-it
"""

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

SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]  # how long answers take
WORDS = {True: "yes", False: "no", None: "unknown"}


class Metrics:
    """The counts of one application, since it was started."""

    def __init__(self):
        registry = self.registry = CollectorRegistry()
        about = "Requests by path and by status of the answer; from 400 on they were refused"
        labels = ["path", "status"]
        self.requests = Counter("digits_requests", about, labels, registry=registry)
        about = "Seconds from a request to its answer"
        self.seconds = Histogram(
            "digits_seconds", about, ["path"], buckets=SECONDS, registry=registry
        )
        about = "Images that were read, by whether they look like a digit"
        self.images = Counter("digits_images", about, ["looks_like_digit"], registry=registry)
        about = "Mean grey level of the image that the network saw, from 0 to 255"
        self.ink = Summary("digits_ink", about, registry=registry)
        about = "The network that is served, as labels; the value is always 1"
        self.model = Gauge("digits_model", about, ["name", "version"], registry=registry)
        ProcessCollector(registry=registry)  # memory, processor time, open files

    def count_request(self, rule, status, seconds):
        """rule: of Flask for the path. Paths that nobody serves count as one: they are endless."""
        path = rule.rule if rule else "unknown"
        self.requests.labels(path, status).inc()
        self.seconds.labels(path).observe(seconds)

    def count_images(self, images, answers):
        for image, answer in zip(images, answers, strict=True):
            self.images.labels(WORDS[answer["looks_like_digit"]]).inc()
            self.ink.observe(image.mean())

    def response(self):
        """Return what Flask needs to answer: text and its type."""
        return generate_latest(self.registry), {"Content-Type": CONTENT_TYPE_LATEST}
