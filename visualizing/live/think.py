"""Watch it think: draw a digit, and see what every layer makes of it after each stroke.

    python visualizing/live/think.py
    python visualizing/live/think.py --model mnist/outputs/RUN/conv_net.keras

Prints an address after some seconds; open it and draw, or press a key from 0 to 9 for a digit of
MNIST. Ctrl-C stops it. It is the service of serialization/rest/ with two more answers and a page
of its own; here Keras reads the digits, because it also tells what each layer gives.
Chapter: visualizing/README.md#watch-it-think
"""

import chapter  # noqa: F401  it tells Python where the rest of the chapter is

import base64
import contextlib
import threading
from pathlib import Path
from typing import Annotated

import fastapi
import numpy as np
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel

from serialization.operating.guard import room
from serialization.operating.service import add_address, serve
from serialization.rest.app import PAGE, Image, create_app
from serialization.rest.digits import DigitReader, load_limits
from serialization.rest.out_of_distribution import give_scores
from utils.files import file_sha256, version_of
from utils.options import make_parser
from visualizing import networks
from visualizing.attribution_methods import occlusion

HERE = Path(__file__).parent
# The page of the service has places for more, in comments, since it is also served as it is.
MARKS = {"block_start_string": "<!--%", "block_end_string": "%-->"}
PLACES = 8  # requests of /think that are answered or wait


class KerasReader(DigitReader):
    """Reads digits as the service does, with the network of a .keras file."""

    def __init__(self, path):
        self.network, self.lock = networks.load_network(path), threading.Lock()
        self.giving_scores = give_scores(self.network)
        sha256 = file_sha256(path)
        self.about = {"model": path.stem, "version": version_of(sha256)}
        self.limits = {"temperature": 1.0, "least_likeness": None}
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            fitted = load_limits(path.with_suffix(".tflite"))
            if fitted["sha256"] == sha256:
                self.limits = fitted

    def scores(self, pixels):
        """Return the logits, float32 (n, 10), of grey levels from 0 to 255, (n, 28, 28)."""
        with self.lock:
            images = networks.as_input(self.network, pixels)
            return self.giving_scores.predict_on_batch(images)


def packed(values):
    """Return an array as grey levels, the largest of which is 255, for a browser to unpack."""
    grey = np.rint(255 * values.clip(0) / (values.max() or 1)).astype("uint8")
    return base64.b64encode(grey.tobytes()).decode()


def feature_maps(outputs):
    """Return what the layers give, without the last one and without those that only reshape."""
    layers = []
    for name, output in list(outputs.items())[:-1]:
        maps = output[0]
        if maps.ndim == 1:
            maps = maps[np.newaxis, np.newaxis]  # a neuron is a map of one pixel
        if "flatten" not in name:
            height, width, count = maps.shape
            layer = {"name": name, "height": height, "width": width, "count": count}
            layers.append(layer | {"maps": packed(np.moveaxis(maps, -1, 0))})
    return layers


def think_about(network, pictures, image):
    """Return the prediction, the importance of every pixel and the maps of every layer.

    pictures: the network, as one that takes pictures.
    """
    outputs = networks.layer_outputs(network, networks.as_input(network, image[np.newaxis]))
    digit = int(list(outputs.values())[-1].argmax())
    x = networks.as_input(pictures, image[np.newaxis])
    (importance,) = occlusion(pictures, x, np.array([digit]), np.zeros_like, squares=True)
    layers = feature_maps(outputs)
    return {"digit": digit, "importance": packed(importance), "layers": layers}


class Drawing(BaseModel):
    """What the page asks about: the 28 x 28 grey levels that the network saw."""

    pixels: Image


def create_thinking_app(model, hosts=()):
    """Return the service of serialization/rest/ with this page, /think and /digit."""
    folders = FileSystemLoader([HERE / "templates", PAGE.parent])
    page = Environment(loader=folders, autoescape=True, **MARKS).get_template("think.html")
    app = create_app(model, hosts, KerasReader, page.render())
    reader = app.state.served.model
    images, labels = networks.held_out_digits()
    pictures = networks.of_pictures(reader.network)
    places = threading.BoundedSemaphore(PLACES)
    think_about(reader.network, pictures, images[0])  # the first time takes longer
    reader.read(images[:1])

    @app.post("/think")
    def think(drawing: Drawing) -> dict:
        """Say what every layer makes of an image, and what in it the prediction depends on."""
        with room(places), reader.lock:
            return think_about(reader.network, pictures, np.array(drawing.pixels, "float32"))

    @app.get("/digit/{digit}")
    def one_digit(digit: Annotated[int, fastapi.Path(ge=0, le=9)]) -> dict:
        """Return the pixels of some held-out image of this digit."""
        chosen = np.random.default_rng().choice(np.flatnonzero(labels == digit))
        return {"pixels": images[chosen].tolist()}

    app.mount("/watch", StaticFiles(directory=HERE / "static"))
    return app


def main(argv=None):
    parser = make_parser("Serve a page that shows what each layer makes of a drawing.")
    networks.add_model_option(parser)
    add_address(parser)
    options = parser.parse_args(argv)
    app = create_thinking_app(options.model, [options.host, *options.allowed_host])
    return serve(app, app.state.served.about["model"], options)


if __name__ == "__main__":
    main()
