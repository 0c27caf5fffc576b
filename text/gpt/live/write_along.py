"""Write along: type how a text begins, and a GPT goes on with it, character by character.

    python text/gpt/live/write_along.py

Takes the network that comes with the book, or with RUN one that `text/gpt/shakespeare.py` has
trained. Prints an address after some seconds; open it, type, and press Write. The page shows what
the network takes for likely at each place, and what it draws. You may stop it, change the text, the
temperature, top-k or top-p, and let it go on. Ctrl-C stops the service, which has the protections
of the one that reads digits.
Chapter: text/gpt/README.md#writing
"""

import chapter  # noqa: F401

import threading
from pathlib import Path

import numpy as np
from fastapi import Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import Field

from serialization.operating.guard import RequestError, Strict, room
from serialization.operating.service import add_address, make_app, serve
from text.gpt.cache import uncached_logits
from text.gpt.characters import CHECKPOINT, add_run, encode, load_run, unknown
from text.gpt.generate import likeliest
from utils.files import file_sha256, version_of
from utils.options import make_parser
from utils.runs import ROOT

HERE = Path(__file__).parent
LONGEST = 2_000  # characters of a text in a request
PLACES = 8  # requests that are answered or wait
SHOWN = 8  # of the likeliest characters


class Question(Strict):
    """A text, and how to draw what follows."""

    text: str = Field(min_length=1, max_length=LONGEST)
    temperature: float = Field(ge=0, le=5)
    top_k: int = Field(ge=0, le=10**6)  # 0: all
    top_p: float = Field(ge=0.01, le=1)


def create_app(run, hosts=()):
    """Return the application for a run of shakespeare.py."""
    model, settings, folder = load_run(run)
    alphabet, logits_after = settings["alphabet"], uncached_logits(model, xla=True)
    about = {"model": "gpt", "version": version_of(file_sha256(folder / CHECKPOINT))}
    app = make_app("A page on which a GPT writes along", about, hosts)
    templates = Jinja2Templates(HERE / "templates")
    lock, places = threading.Lock(), threading.BoundedSemaphore(PLACES)
    random = np.random.default_rng()
    logits_after(np.zeros((1, 1), "int32"))  # the first time takes longer: nobody shall wait for it

    @app.get("/", include_in_schema=False)
    def show_page(request: Request):
        known = {"longest": LONGEST, "symbols": len(alphabet)}
        return templates.TemplateResponse(request, "write.html", known)

    @app.post("/next")
    def next_character(question: Question) -> dict:
        """Return the next token, and what else it might have been."""
        how = question.model_dump()
        text = how.pop("text")
        if strange := unknown(text, alphabet):
            said = ", ".join(map(repr, strange[:5]))
            raise RequestError(422, f"the network has never seen {said}")
        with room(places), lock:
            (logits,) = logits_after(encode(text, alphabet)[None])
            order, probabilities = likeliest(logits, **how)
            token = random.choice(order, p=probabilities)
        shown = [
            {"character": alphabet[one], "probability": float(probability)}
            for one, probability in zip(order[:SHOWN], probabilities, strict=False)
        ]
        return about | {"character": alphabet[token], "likeliest": shown}

    # The style is that of the service.
    app.mount("/static", StaticFiles(directory=ROOT / "serialization" / "rest" / "static"))
    app.mount("/write", StaticFiles(directory=HERE / "static"))
    return app


def main(argv=None):
    parser = make_parser("Serve a page on which a GPT goes on with what one types.")
    add_run(parser)
    add_address(parser)
    options = parser.parse_args(argv)
    app = create_app(options.run, [options.host, *options.allowed_host])
    return serve(app, Path(options.run).name, options)


if __name__ == "__main__":
    main()
