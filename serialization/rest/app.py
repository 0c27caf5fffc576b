"""A web service that reads handwritten digits: load, prepare, predict, answer.

    python serialization/rest/app.py                  # with the network of assets/models/
    python serialization/rest/app.py --model FILE.tflite  # one of yours: see ship_model.py

Prints "Serving conv_net on http://127.0.0.1:8000" after a second. Open that address and draw a
digit; stop with Ctrl-C. /openapi.json describes what the service understands.

Chapter: serialization/rest/README.md#a-page-that-reads-digits
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import asyncio
import io
import os
from pathlib import Path
from typing import Annotated

import numpy as np
from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Discriminator, Field, Tag

from serialization.operating.batching import Batcher
from serialization.operating.checks import prepare_file
from serialization.operating.connection import Connection  # noqa: F401  uvicorn looks for it here
from serialization.operating.guard import About, RequestError
from serialization.operating.metrics import DigitMetrics
from serialization.operating.releases import Served
from serialization.operating.service import add_address, make_app, serve
from serialization.rest.digits import MODEL, SIDE, DigitReader
from utils.options import make_parser

FOLDER = Path(__file__).parent
PAGE = FOLDER / "templates" / "page.html"
MOST = 128  # images of a request
MAX_FILE = 8 * 2**20  # bytes
FILES = 16  # that are prepared at once or wait for it; of more, the memory would run out
THREADS = 4  # that prepare them

# What a request may say. FastAPI refuses all else, with a sentence, and describes it.
Grey = Annotated[float, Field(strict=True, ge=0, le=255, allow_inf_nan=False)]  # 0 paper, 255 ink
Row = Annotated[list[Grey], Field(min_length=SIDE, max_length=SIDE, fail_fast=True)]
Image = Annotated[list[Row], Field(min_length=SIDE, max_length=SIDE, fail_fast=True)]
Images = Annotated[list[Image], Field(min_length=1, max_length=MOST, fail_fast=True)]


def kind(pixels):
    """Tell one image from a list of them, by how deep the lists are."""
    try:
        return "images" if isinstance(pixels[0][0], list) else "image"
    except (LookupError, TypeError):
        return "image"


class Question(BaseModel):
    pixels: Annotated[
        Annotated[Image, Tag("image")] | Annotated[Images, Tag("images")], Discriminator(kind)
    ]


# What it answers.
class Prediction(BaseModel):
    digit: int
    probability: float
    probabilities: list[float]
    looks_like_digit: bool | None


class Answer(About, Prediction): ...


class Answers(About):
    predictions: list[Prediction]


class Seen(Answer):
    pixels: list[list[int]]  # what the network saw of the file


def create_app(model=None, hosts=None, load=DigitReader, page=None):
    """Return the application; a server calls this once in each of its processes.

    model: a .tflite file, or a folder of releases; hosts: names by which browsers may call it.
    Without them, the environment variables MODEL and HOSTS say so. load: what makes of the file
    something that reads digits; page: in place of PAGE, as HTML.
    """
    path = Path(model or os.environ.get("MODEL", MODEL))
    served = Served(path, load)

    def answer(images):
        model = served.model  # which may change while it reads
        return [(model.about, prediction) for prediction in model.read(images)]

    batcher = Batcher(answer)
    names = os.environ.get("HOSTS", "").split() if hosts is None else hosts
    larger = {"/read": MAX_FILE}
    app = make_app("A service that reads digits", served.about, names, larger, batcher)
    metrics = app.state.metrics
    app.state.works.append(lambda: served.watch(metrics))
    drift = DigitMetrics(metrics.registry)
    places, threads = asyncio.Semaphore(FILES), CapacityLimiter(THREADS)
    app.state.served = served

    async def read(images):
        """Return which network it was, and its predictions for grey levels (n, 28, 28)."""
        if not images.any(axis=(1, 2)).all():
            raise RequestError(422, "an image is empty: all its pixels are 0")
        (about, *_), predictions = zip(*await batcher.ask(images), strict=True)
        drift.count(images, predictions)
        return about, predictions

    @app.post("/predict", response_model=Answer | Answers)
    async def predict(question: Question):
        """Say which digit is in an image of 28 x 28 grey levels, or in each of several."""
        pixels = np.array(question.pixels, "float32")
        about, predictions = await read(pixels.reshape(-1, SIDE, SIDE))
        said = predictions[0] if pixels.ndim == 2 else {"predictions": predictions}
        return JSONResponse(about | said)

    @app.post("/read", response_model=Seen, openapi_extra=IMAGE_FILE)
    async def read_file(request: Request):
        """Say which digit is in a PNG or JPEG file, after it was brought into the form of MNIST."""
        content = io.BytesIO(await request.body())
        if places.locked():
            raise RequestError(503, "other images are being read; try again later")
        async with places:
            pixels = await to_thread.run_sync(prepare_file, content, "the request", limiter=threads)
        about, (prediction,) = await read(pixels[np.newaxis])
        return JSONResponse(about | prediction | {"pixels": pixels.tolist()})

    @app.get("/model")
    async def about_model() -> dict:
        """Say which network answers, and what was fitted to it."""
        return served.about | served.model.limits

    page = page or PAGE.read_text(encoding="utf-8")

    @app.get("/", include_in_schema=False)
    async def show_page():
        return HTMLResponse(page)

    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    return app


FILE = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
IMAGE_FILE = {"requestBody": {"content": {"image/png": FILE, "image/jpeg": FILE}, "required": True}}


def main(argv=None):
    parser = make_parser("Serve a network that reads handwritten digits.")
    about = "a .tflite file, or a folder of releases.py"
    parser.add_argument("--model", type=Path, default=MODEL, help=about)
    add_address(parser)
    options = parser.parse_args(argv)
    app = create_app(options.model, [options.host, *options.allowed_host])
    return serve(app, app.state.served.about["model"], options)


if __name__ == "__main__":
    main()
