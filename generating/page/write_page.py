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
import threading
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import Field
from scipy.stats import norm

from generating.flow import EULER, GUIDANCE, follow
from generating.images import to_grey
from generating.latents import load_flow, load_vae
from serialization.operating.guard import RequestError, Strict
from serialization.operating.service import add_address, make_app, serve
from utils.files import file_sha256, version_of
from utils.options import make_parser
from utils.runs import ROOT, fail, find_run

HERE = Path(__file__).parent
LONGEST = 8  # digits of a number
SIDE = 12  # digits in a row and in a column of the picture of the map
Share = Annotated[float, Field(ge=0, le=1)]


class Number(Strict):
    """What to write, and the seed of the noise that it begins with."""

    number: str = Field(pattern=f"^[0-9]{{1,{LONGEST}}}$")
    seed: int = Field(ge=0, lt=2**32)


class Place(Strict):
    """A place of the map."""

    across: Share
    down: Share


def packed(images):
    """Return images (n, 784) from 0 to 1 as grey levels for a browser to unpack."""
    return base64.b64encode(to_grey(images).tobytes()).decode()


def point_of(across, down):
    """Return the point of the plane at a place of the map, from 0 to 1: equal steps of chance."""
    return norm.ppf(0.02 + 0.96 * np.array([[across, 1 - down]])).astype("float32")


def create_app(run, map_run=None, hosts=()):
    """Return the application; hosts: names by which browsers may call it."""
    flow, decoder = load_flow(run)
    size, _, map_decoder = load_vae(map_run) if map_run else (2, None, None)
    if size != 2:
        fail(f"{map_run} has {size} numbers; a map needs a run of vae.py --size 2")
    lock = threading.Lock()
    sha256 = file_sha256(find_run(run, OUTPUTS) / "flow.keras")
    about = {"model": "flow", "version": version_of(sha256)}
    app = make_app("A page that writes numbers", about, hosts)
    templates = Jinja2Templates(HERE / "templates")
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
    def write(asked: Number) -> dict:
        """Return a number at each step from noise to digits."""
        # Always so many digits: a network is made ready anew for each other number of them.
        digits = np.resize(np.array([*map(int, asked.number)], "int32"), LONGEST)
        with lock:
            images = draw_ways(digits, asked.seed).reshape(EULER + 1, LONGEST, -1)
        images = images[:, : len(asked.number)].reshape(-1, 784)
        return about | {"number": asked.number, "steps": EULER, "images": packed(images)}

    @app.post("/point")
    def point(place: Place) -> dict:
        """Return the digit at a place of the map."""
        if map_decoder is None:
            raise RequestError(404, "there is no map; start with --map MAP_RUN")
        with lock:
            image = map_decoder.predict_on_batch(point_of(place.across, place.down))
        return about | {"image": packed(image)}

    @app.get("/map")
    def whole_map() -> dict:
        return {"side": SIDE, "images": overview}

    @app.get("/", include_in_schema=False)
    def page(request: Request):
        known = {"longest": LONGEST, "map": map_decoder is not None}
        return templates.TemplateResponse(request, "write.html", known)

    app.mount("/static", StaticFiles(directory=ROOT / "serialization" / "rest" / "static"))
    app.mount("/page", StaticFiles(directory=HERE / "static"))
    return app


def main(argv=None):
    parser = make_parser("Serve a page that writes numbers.")
    parser.add_argument("run", metavar="FLOW_RUN", help="folder of a run of flow.py")
    parser.add_argument("--map", metavar="MAP_RUN", help="folder of a run of vae.py --size 2")
    add_address(parser)
    args = parser.parse_args(argv)
    app = create_app(args.run, args.map, [args.host, *args.allowed_host])
    return serve(app, "flow", args)


if __name__ == "__main__":
    main()
