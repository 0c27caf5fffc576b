"""Machinery of the service: options, known hosts, errors as JSON, and a log.

Chapter: serialization/operating/README.md#hard-to-break
"""

import logging
import socket
import time
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask, g, request
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError

from serialization.operating.metrics import UNKNOWN, Metrics
from utils.options import make_parser, number

log = logging.getLogger("digits")

MAX_BODY = 8 * 2**20  # bytes of a request

# The page needs nothing from elsewhere, and says so to the browser.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class RequestError(HTTPException):
    """A request that is answered with a status of 4xx and a sentence."""

    def __init__(self, code, description):
        super().__init__(description)
        self.code = code


def parse_options(argv, model, host, port):
    """Return the command-line options; the other arguments are their defaults."""
    parser = make_parser("Serve a network that reads handwritten digits.")
    parser.add_argument("--model", type=Path, default=model, help="a .keras file")
    add_address(parser, host, port)
    return parser.parse_args(argv)


def add_address(parser, host, port):
    """Add --host, --port and --allowed-host to a parser."""
    add = parser.add_argument
    add("--host", default=host, help="address to listen on")
    add("--port", type=number(int, 0, 65535), default=port, help="0 takes one that is free")
    about = "by which others may call this service, beside its address and localhost"
    add("--allowed-host", action="append", default=[], metavar="NAME", help=about)


def is_allowed(host, allowed):
    """Tell whether a request may call the service by this name, the header Host.

    A page of a stranger can have its own name lead to your machine (DNS rebinding): your browser
    would then show it what your services say. Addresses in numbers cannot be had for that.
    """
    name = None
    try:
        name = urlsplit(f"//{host}").hostname
        ip_address(name or "")
        return True
    except ValueError:
        return name in {"localhost", socket.gethostname().lower(), *map(str.lower, allowed)}


def is_foreign(headers, host):
    """Tell whether a page of another site asks. Browsers say it, and no page can change it.

    Over plain http, other than to localhost, they only name the site of the page.
    """
    origin = headers.get("Origin")
    unsaid = "cross-site" if origin and origin.partition("://")[2] != host else "none"
    return headers.get("Sec-Fetch-Site", unsaid) == "cross-site"


def read_request():
    """Return what the request says in JSON, or raise RequestError; Flask refuses other contents."""
    try:
        return request.get_json()
    except (BadRequest, RecursionError):
        raise RequestError(400, "not valid JSON") from None


def error_body(code, name, message):
    """Return the one form in which the service says that something is wrong."""
    return {"error": {"status": code, "name": name, "message": message}}


def make_flask(module, model, sha256, hosts=(), most=MAX_BODY):
    """Return a Flask application with limits, errors as JSON, a log and /metrics, and no service.

    model, sha256: of the file that it will serve. app.about is what each answer says of that file.
    hosts: names by which it may be called; most: bytes of a request.
    """
    app = Flask(module)
    app.about = {"model": model, "version": sha256[:12]}
    app.config["MAX_CONTENT_LENGTH"] = most
    app.json.sort_keys = False
    app.metrics = Metrics(**app.about)
    app.url_map.merge_slashes = False  # //predict is unknown, not a redirection

    @app.errorhandler(HTTPException)
    def refused(error):
        methods = getattr(error, "valid_methods", None)  # HTTP wants them of a 405
        headers = {"Allow": ", ".join(methods)} if methods else {}
        return error_body(error.code, error.name, error.description), error.code, headers

    @app.errorhandler(Exception)
    def failed(error):
        log.exception("failed on %s %s", request.method, quote(request.path))
        error = InternalServerError()
        return error_body(error.code, error.name, "the service failed; its log says more"), 500

    @app.before_request
    def start_clock():
        g.start = time.perf_counter()

    @app.before_request
    def refuse_unknown_hosts():
        host = request.headers.get("Host", "localhost")  # every browser says it
        if not is_allowed(host, hosts):
            raise RequestError(421, "this name is not known here; start with --allowed-host NAME")
        if request.method == "POST" and is_foreign(request.headers, host):  # a link is allowed
            raise RequestError(403, "a page of another site asks")

    @app.after_request
    def finish(response):
        response.headers.update(HEADERS)
        seconds = time.perf_counter() - g.start
        path = request.url_rule.rule if request.url_rule else UNKNOWN
        app.metrics.count(path, response.status_code, seconds)
        log.info(
            "%s %s %s %d %.1f ms",
            request.remote_addr,
            request.method,
            quote(request.path[:200]),
            response.status_code,
            1000 * seconds,
        )
        return response

    @app.get("/metrics")
    def metrics():
        return app.metrics.response()

    @app.get("/health")
    def health():
        return {"status": "ready"}

    return app
