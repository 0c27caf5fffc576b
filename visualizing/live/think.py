"""Watch it think: draw a digit, and see what every layer makes of it after each stroke.

    python visualizing/live/think.py
    python visualizing/live/think.py --model mnist/outputs/RUN/conv_net.keras

Prints an address after some seconds; open it and draw, or press a key from 0 to 9 for a digit of
MNIST. Ctrl-C stops it. It is the service of serialization/rest/ with two more answers and a page
of its own.
Chapter: visualizing/README.md#watch-it-think
"""

import chapter  # noqa: F401  it tells Python where the rest of the chapter is

import base64

import numpy as np
from flask import Blueprint, abort, render_template, request

from serialization.operating.checks import read_images
from serialization.operating.server import serve
from serialization.operating.service import parse_options
from serialization.rest.app import HOST, MODEL, PORT, create_app
from visualizing import networks
from visualizing.attribution_methods import occlusion


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


def create_thinking_app(model, hosts=()):
    """Return the service of serialization/rest/ with this page, /think and /digit."""
    app = create_app(model, hosts)
    network, lock = app.classifier.model, app.classifier.lock
    images, labels = networks.held_out_digits()
    pictures = networks.of_pictures(network)
    think_about(network, pictures, images[0])  # the first time takes longer
    folders = {"static_folder": "static", "template_folder": "templates"}
    page = Blueprint("watch", __name__, static_url_path="/watch", **folders)

    @page.post("/think")
    def think():
        images, _ = read_images(request)
        with lock:
            return think_about(network, pictures, images[0])

    @page.get("/digit/<int:digit>")
    def one_digit(digit):
        """Return the pixels of some held-out image of this digit."""
        if digit > 9:
            abort(404)
        chosen = np.random.default_rng().choice(np.flatnonzero(labels == digit))
        return {"pixels": images[chosen].tolist()}

    app.register_blueprint(page)
    app.view_functions["page"] = lambda: render_template("think.html")  # in place of /
    return app


def main(argv=None):
    options = parse_options(argv, MODEL, HOST, PORT)
    model = networks.load_network(options.model)  # it may say why not, before the service does
    app = create_thinking_app(options.model, [options.host, *options.allowed_host])
    return serve(app, model.name, options.host, options.port)


if __name__ == "__main__":
    main()
