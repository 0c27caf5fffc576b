"""Write by number: a page that shows noise becoming the digits that one asks for.

    python generating/page/write_page.py FLOW_RUN                  # a run of flow.py
    python generating/page/write_page.py FLOW_RUN --map MAP_RUN    # a run of vae.py --size 2

Prints an address after some seconds; open it, type a number, and move the slider between noise and
digits. With --map there is also the plane of two numbers: drag across it, and the digit changes
under the finger. Ctrl-C stops it. The page is served as that of serialization/rest/, with the same
limits.
Chapter: generating/README.md#write-by-number
"""

from chapter import OUTPUTS

import base64
import hashlib
import threading

import numpy as np
from flask import render_template, send_from_directory
from scipy.stats import norm

from generating.flow import EULER, GUIDANCE, follow
from generating.images import to_grey
from generating.latents import load_flow, load_vae
from serialization.operating.server import serve
from serialization.operating.service import RequestError, add_address, make_flask, read_request
from utils.options import make_parser
from utils.runs import ROOT, fail, find_run

HOST, PORT = "127.0.0.1", 8000
LONGEST = 8  # digits of a number
MAX_BODY = 2**12  # bytes of a request, which holds a few numbers
SIDE = 12  # digits in a row and in a column of the picture of the map


def packed(images):
    """Return images (n, 784) from 0 to 1 as grey levels for a browser to unpack."""
    return base64.b64encode(to_grey(images).tobytes()).decode()


def read_values(**wanted):
    """Return what the request says of each name, or raise RequestError.

    wanted: {name: (function that says whether a value is good, what would be)}.
    """
    body = read_request()
    if not isinstance(body, dict) or set(body) != set(wanted):
        raise RequestError(422, f"expected an object with {', '.join(wanted)}")
    for name, (is_good, description) in wanted.items():
        if not is_good(body[name]):
            raise RequestError(422, f"{name} must be {description}")
    return [body[name] for name in wanted]


def is_number(value):
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST


def is_seed(value):
    return type(value) is int and 0 <= value < 2**32


def is_share(value):
    return type(value) in (int, float) and 0 <= value <= 1


def point_of(across, down):
    """Return the point of the plane at a place of the map, from 0 to 1: equal steps of chance."""
    return norm.ppf(0.02 + 0.96 * np.array([[across, 1 - down]])).astype("float32")


def create_app(run, map_run=None, hosts=()):
    """Return the Flask application; hosts: names by which browsers may call it."""
    flow, decoder = load_flow(run)
    size, _, map_decoder = load_vae(map_run) if map_run else (2, None, None)
    if size != 2:
        fail(f"{map_run} has {size} numbers; a map needs a run of vae.py --size 2")
    lock = threading.Lock()
    flow_file = find_run(run, OUTPUTS) / "flow.keras"
    sha256 = hashlib.sha256(flow_file.read_bytes()).hexdigest()
    app = make_flask(__name__, "flow", sha256, hosts, MAX_BODY)
    overview = None
    if map_decoder:
        places = (np.arange(SIDE) + 0.5) / SIDE
        grid = np.concatenate([point_of(across, down) for down in places for across in places])
        overview = packed(map_decoder.predict(grid, batch_size=1000, verbose=0))

    def draw_ways(digits, seed):
        """Return the pictures at each step: (steps + 1) * digits images, (n, 784)."""
        ways = [*follow(flow, digits, np.random.default_rng(seed), EULER, GUIDANCE)]
        return decoder.predict_on_batch(np.concatenate(ways))

    draw_ways(np.zeros(LONGEST, "int32"), 1)  # the first time takes longer: nobody shall wait

    @app.post("/write")
    def write():
        number, seed = read_values(
            number=(is_number, f"a text of 1 to {LONGEST} digits"),
            seed=(is_seed, "a whole number from 0 to 4294967295"),
        )
        # Always so many digits: a network is made ready anew for each other number of them.
        digits = np.resize(np.array([*map(int, number)], "int32"), LONGEST)
        with lock:
            images = draw_ways(digits, seed).reshape(EULER + 1, LONGEST, -1)
        images = images[:, : len(number)].reshape(-1, 784)
        return app.about | {"number": number, "steps": EULER, "images": packed(images)}

    @app.post("/point")
    def point():
        if map_decoder is None:
            raise RequestError(404, "there is no map; start with --map MAP_RUN")
        across, down = read_values(
            across=(is_share, "a number from 0 to 1"), down=(is_share, "a number from 0 to 1")
        )
        with lock:
            image = map_decoder.predict_on_batch(point_of(across, down))
        return app.about | {"image": packed(image)}

    @app.get("/map")
    def whole_map():
        return {"side": SIDE, "images": overview}

    @app.get("/style.css")
    def style():
        return send_from_directory(ROOT / "serialization" / "rest" / "static", "style.css")

    @app.get("/")
    def page():
        return render_template("write.html", longest=LONGEST, map=map_decoder is not None)

    return app


def main(argv=None):
    parser = make_parser("Serve a page that writes numbers.")
    parser.add_argument("run", metavar="FLOW_RUN", help="folder of a run of flow.py")
    parser.add_argument("--map", metavar="MAP_RUN", help="folder of a run of vae.py --size 2")
    add_address(parser, HOST, PORT)
    args = parser.parse_args(argv)
    app = create_app(args.run, args.map, [args.host, *args.allowed_host])
    return serve(app, "flow", args.host, args.port)


if __name__ == "__main__":
    main()
