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
from flask import Blueprint, render_template

from serialization.operating.server import serve
from serialization.operating.service import RequestError, add_address, make_flask, read_request
from text.gpt.cache import uncached_logits
from text.gpt.characters import CHECKPOINT, add_run, encode, load_run, unknown
from text.gpt.generate import likeliest
from utils.files import file_sha256
from utils.options import make_parser

HOST, PORT = "127.0.0.1", 8000
LONGEST = 2_000  # characters of a text in a request
MAX_BODY = 2**15  # bytes of a request
# What a request must have besides its text, of which type, and from where to where. top_k 0: all.
HOW = {
    "temperature": ((int, float), 0, 5),
    "top_k": (int, 0, 10**6),
    "top_p": ((int, float), 0.01, 1),
}
SHOWN = 8  # of the likeliest characters


def read_question(alphabet):
    """Return the text of the request as tokens, (1, time), and how to draw what follows."""
    question = read_request()
    if not isinstance(question, dict) or question.keys() != {"text", *HOW}:
        raise RequestError(422, f"expected an object with text, {', '.join(HOW)}")
    text = question.pop("text")
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST:
        raise RequestError(422, f"text must have from 1 to {LONGEST:,} characters")
    for name, (kind, low, high) in HOW.items():
        value = question[name]
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            raise RequestError(422, f"{name} must be a number from {low} to {high:,}")
    if strange := unknown(text, alphabet):
        raise RequestError(422, f"the network has never seen {', '.join(map(repr, strange[:5]))}")
    return encode(text, alphabet)[None], question


def create_app(run, hosts=()):
    """Return the Flask application for a run of shakespeare.py."""
    model, settings, folder = load_run(run)
    alphabet, logits_after = settings["alphabet"], uncached_logits(model, xla=True)
    # Templates and style are those of the service, and what this page has of its own.
    sha256 = file_sha256(folder / CHECKPOINT)
    app = make_flask("serialization.rest.app", "gpt", sha256, hosts, MAX_BODY)
    folders = {"static_folder": "static", "template_folder": "templates"}
    page = Blueprint("write", __name__, static_url_path="/write", **folders)
    lock, random = threading.Lock(), np.random.default_rng()
    logits_after(np.zeros((1, 1), int))  # the first time takes longer: nobody shall wait for it

    @page.get("/")
    def show_page():
        return render_template("write.html", longest=LONGEST, symbols=len(alphabet))

    @page.post("/next")
    def next_character():
        tokens, how = read_question(alphabet)
        with lock:
            (logits,) = logits_after(tokens)
            order, probabilities = likeliest(logits, **how)
            token = random.choice(order, p=probabilities)
        shown = [
            {"character": alphabet[one], "probability": float(probability)}
            for one, probability in zip(order[:SHOWN], probabilities, strict=False)
        ]
        return app.about | {"character": alphabet[token], "likeliest": shown}

    app.register_blueprint(page)
    return app


def main(argv=None):
    parser = make_parser("Serve a page on which a GPT goes on with what one types.")
    add_run(parser)
    add_address(parser, HOST, PORT)
    options = parser.parse_args(argv)
    app = create_app(options.run, [options.host, *options.allowed_host])
    return serve(app, Path(options.run).name, options.host, options.port)


if __name__ == "__main__":
    main()
