"""Write along: type how a text begins, and a GPT goes on with it, character by character.

    python text/gpt/live/write_along.py

Takes the network that comes with the book, or with RUN one that `text/gpt/shakespeare.py` has
trained. Prints an address after some seconds; open it, type, and press Write. The page shows what
the network takes for likely at each place, and what it draws. You may stop it, change the text or
the temperature, and let it go on. Ctrl-C stops the service, which has the protections of the one
that reads digits.
Chapter: text/gpt/README.md#writing
"""

import chapter  # noqa: F401

import threading
from pathlib import Path

import numpy as np
from flask import Blueprint, render_template
from scipy.special import softmax

from serialization.operating.server import serve
from serialization.operating.service import RequestError, add_address, make_flask, read_request
from text.gpt.cache import uncached_logits
from text.gpt.characters import CHECKPOINT, add_run, load_run
from text.gpt.generate import COLDEST, choose
from utils.files import file_sha256
from utils.options import make_parser

HOST, PORT = "127.0.0.1", 8000
LONGEST = 2_000  # characters of a text in a request
MAX_BODY = 2**15  # bytes of a request
WARMEST = 5  # temperature
SHOWN = 8  # of the likeliest characters


def read_question(alphabet):
    """Return the text of the request as tokens, (1, characters), and the temperature."""
    question = read_request()
    if not isinstance(question, dict) or question.keys() != {"text", "temperature"}:
        raise RequestError(422, "expected an object with text and temperature")
    text, temperature = question["text"], question["temperature"]
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST:
        raise RequestError(422, f"text must have from 1 to {LONGEST:,} characters")
    if type(temperature) not in (int, float) or not 0 <= temperature <= WARMEST:
        raise RequestError(422, f"temperature must be a number from 0 to {WARMEST}")
    if unknown := sorted(set(text) - set(alphabet)):
        raise RequestError(422, f"the network has never seen {', '.join(map(ascii, unknown[:5]))}")
    return np.array([[alphabet.index(character) for character in text]]), temperature


def describe(logits, alphabet, temperature):
    """Return the likeliest characters, each with its probability at this temperature."""
    if temperature < COLDEST:
        logits, temperature = np.where(logits == logits.max(), 0, -np.inf), 1
    probabilities = softmax(logits.astype("float64") / temperature)
    order = np.argsort(-probabilities, kind="stable")[:SHOWN]
    return [{"character": alphabet[i], "probability": float(probabilities[i])} for i in order]


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
        return render_template("write.html", longest=LONGEST)

    @page.post("/next")
    def next_character():
        tokens, temperature = read_question(alphabet)
        with lock:
            (logits,) = logits_after(tokens)
            token = choose(logits, random, temperature)
        likeliest = describe(logits, alphabet, temperature)
        return app.about | {"character": alphabet[token], "likeliest": likeliest}

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
