"""A web service that reads handwritten digits: load, prepare, predict, answer.

    python serialization/rest/app.py                    # with the network of assets/models/
    python serialization/rest/app.py --model mnist/outputs/RUN/conv_net.keras

Prints "Serving conv_net on http://127.0.0.1:8000" after a few seconds. Open that address and
draw a digit; stop with Ctrl-C.

Chapter: serialization/rest/README.md#a-web-service
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import hashlib
import math
import threading
from pathlib import Path

import keras
import numpy as np
from flask import render_template, request, send_from_directory

from serialization.operating.checks import read_images
from serialization.operating.metrics import InputMetrics
from serialization.operating.server import serve
from serialization.operating.service import make_flask, parse_options
from serialization.rest.out_of_distribution import Detector, load_limits
from utils.loading import load_model, reads_digits
from utils.runs import ROOT, backend, fail, first_line

MODEL = ROOT / "assets" / "models" / "conv_net.keras"
HOST = "127.0.0.1"  # this machine only; 0.0.0.0 lets others in
PORT = 8000
CHUNK = 32  # images that the network sees at once


class DigitClassifier:
    """A trained network, ready to predict for several threads at once."""

    def __init__(self, path):
        self.name = path.stem
        self.model = load(path)
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.detector = Detector(self.model, load_limits(path))
        self.lock = threading.Lock()
        self.warm_up()

    def warm_up(self):
        """Predict for both batch sizes that occur, so that no user waits for their compilation."""
        try:
            for images in (1, CHUNK):
                self.predict(np.zeros((images, 28, 28)))
        except Exception as error:  # each back end raises its own kinds
            fail(f"{self.name} loads, but does not predict: {first_line(error)}")

    def predict(self, pixels):
        """Return probabilities, shape (n, 10), and whether each image looks like a digit, or None.

        pixels: grey levels from 0 to 255, shape (n, 28, 28).

        predict_on_batch does what predict does for each batch, without the preparations for a
        whole data set. Batches are of one or of 32 images, filled up with zeros: JAX would compile
        the network anew for each other size. TensorFlow does so for the second size only.
        """
        size = 1 if len(pixels) == 1 else CHUNK
        rows = math.ceil(len(pixels) / size) * size
        batch = np.zeros((rows, *self.model.input_shape[1:]), "float32")
        batch[: len(pixels)] = pixels.reshape(len(pixels), *batch.shape[1:])
        batch /= 255
        with self.lock:
            parts = [
                self.detector.network.predict_on_batch(batch[start : start + size])
                for start in range(0, len(batch), size)
            ]
        probabilities, likely = self.detector.detect(np.concatenate(parts)[: len(pixels)])
        if not np.isfinite(probabilities).all():
            raise ArithmeticError("its probabilities are not numbers (NaN)")
        return probabilities, likely


def load(path):
    """Return the model in a .keras file, or end with one line."""
    if path.suffix != ".keras" or not path.is_file():
        fail(f"there is no .keras file {path}")
    model = load_model(path, compile=False)
    if not reads_digits(model):
        fail(f"{path} does not read digits: images of 28 x 28 pixels in, ten probabilities out")
    return model


def describe(probabilities, likely):
    """Return what the service says about one image."""
    digit = int(probabilities.argmax())
    rounded = [round(float(probability), 6) for probability in probabilities]
    return {
        "digit": digit,
        "probability": rounded[digit],
        "probabilities": rounded,
        "looks_like_digit": likely,
    }


def create_app(model=MODEL, hosts=()):
    """Return the Flask application; a WSGI server calls this once in each of its processes.

    hosts: names by which browsers may call it, beside the machine's own and its addresses.
    """
    classifier = DigitClassifier(Path(model))
    app = make_flask(__name__, classifier.name, classifier.sha256, hosts)
    app.classifier = classifier
    inputs = InputMetrics(app.metrics.registry)

    @app.post("/predict")
    def predict():
        images, kind = read_images(request)
        predictions = list(map(describe, *classifier.predict(images)))
        inputs.count(images, predictions)
        if kind == "batch":
            return app.about | {"predictions": predictions}
        if kind == "image":  # the page shows what the network saw
            predictions[0]["pixels"] = images[0].tolist()
        return app.about | predictions[0]

    @app.get("/model")
    def about_model():
        return {
            "name": classifier.name,
            "input_shape": classifier.model.input_shape[1:],
            "parameters": classifier.model.count_params(),
            "sha256": classifier.sha256,
            "limits": classifier.detector.limits,
            "keras": keras.version(),
            "backend": backend(),
        }

    @app.get("/openapi.json")
    def description():
        return send_from_directory(app.root_path, "openapi.json")

    @app.get("/")
    def page():
        return render_template("page.html")

    return app


def main(argv=None):
    options = parse_options(argv, MODEL, HOST, PORT)
    app = create_app(options.model, [options.host, *options.allowed_host])
    return serve(app, app.classifier.name, options.host, options.port)


if __name__ == "__main__":
    main()
