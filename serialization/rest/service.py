"""Machinery of the service: options, limits, errors as JSON, logging, the server and its end.

Chapter: serialization/operating/README.md#hard-to-break
"""

import json
import logging
import signal
import sys
import time
from pathlib import Path
from urllib.parse import quote

from flask import Flask, abort, g, request
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask
from werkzeug.exceptions import HTTPException, InternalServerError

from checks import MAX_BODY
from metrics import Metrics
from utils.options import make_parser, number
from utils.runs import fail

THREADS = 4  # that work on requests
QUEUE = 100  # requests that wait for them; the next ones are refused
CONNECTIONS = 800  # open at once; many systems allow a process 1,024 files
SILENCE = 20  # seconds for a whole request, or without any, after which a connection is closed

log = logging.getLogger("digits")

# The page needs nothing from elsewhere, and says so to the browser.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def parse_options(argv, model, host, port):
    """Return the command-line options; the other arguments are their defaults."""
    parser = make_parser("Serve a network that reads handwritten digits.")
    parser.add_argument("--model", type=Path, default=model, help="a .keras file")
    parser.add_argument("--host", default=host, help="address to listen on")
    port_number = number(int, 0, 65535)
    parser.add_argument("--port", type=port_number, default=port, help="0 takes one that is free")
    return parser.parse_args(argv)


def error_body(code, name, message):
    """Return the one form in which the service says that something is wrong."""
    return {"error": {"status": code, "name": name, "message": message}}


def make_flask(module, model, sha256):
    """Return a Flask application with limits, errors as JSON, a log and /metrics, and no service.

    model, sha256: of the file that it will serve. app.about is what each answer says of that file.
    """
    app = Flask(module)
    app.about = {"model": model, "version": sha256[:12]}
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.sort_keys = False
    app.metrics = Metrics(**app.about)
    app.url_map.merge_slashes = False  # //predict is unknown, not a redirection

    @app.errorhandler(HTTPException)
    def refused(error):
        return error_body(error.code, error.name, error.description), error.code

    @app.errorhandler(Exception)
    def failed(error):
        log.exception("failed on %s %s", request.method, quote(request.path))
        error = InternalServerError()
        return error_body(error.code, error.name, "the service failed; its log says more"), 500

    @app.before_request
    def start_clock():
        g.start = time.perf_counter()

    @app.after_request
    def finish(response):
        response.headers.update(HEADERS)
        seconds = time.perf_counter() - g.start
        app.metrics.count(request.url_rule, response.status_code, seconds)
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

    return app


class JSONErrorTask(ErrorTask):
    """Gives the server's own errors, of requests that never reach Flask, the same form."""

    def execute(self):
        error = self.request.error
        body = json.dumps(error_body(error.code, error.reason, "not a request that HTTP allows"))
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", "application/json"), ("Connection", "close")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body.encode())


class Channel(HTTPChannel):
    """A connection whose clock does not start anew with each byte of a request."""

    error_task_class = JSONErrorTask

    def handle_read(self):
        begun = self.last_activity if self.request else None
        super().handle_read()
        self.last_activity = begun or self.last_activity


def serve(app, name, host, port):
    """Serve until SIGTERM or Ctrl-C; requests that are being worked on get their answer."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    logging.getLogger("waitress").setLevel(logging.ERROR)
    BaseWSGIServer.channel_class = Channel
    try:
        server = create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=SILENCE,
            cleanup_interval=1,  # seconds between two looks at the silent ones
            asyncore_use_poll=True,  # select, where there is nothing else, takes fewer connections
            # Flask answers what is a little too large, the server cuts off what is far too large.
            max_request_body_size=2 * MAX_BODY,
            ident=None,
        )
    except (OSError, ValueError) as error:
        fail(f"cannot listen on {host}:{port} ({error}). Try another --port or --host.")

    @app.before_request
    def refuse_when_full():
        if len(server.task_dispatcher.queue) > QUEUE:
            abort(503, "too many requests are waiting; try again later")

    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: sys.exit(0))
    port = getattr(server, "effective_port", port)
    print(f"Serving {name} on http://{host}:{port}. Ctrl-C stops it.", flush=True)
    server.run()
    print("Stopped.", flush=True)
    return {"model": name, "host": host, "port": port}
