"""Machinery of the services: limits, names by which they may be called, errors, counts, the server.

FastAPI checks each request against the types of the function that answers it, and describes them
under /openapi.json. Around that stands Guard.
Chapter: serialization/operating/README.md#hard-to-break
"""

import gc
import logging
import signal
import socket
import sys
import time
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from serialization.operating.metrics import Metrics
from utils.options import number
from utils.runs import fail

log = logging.getLogger("service")

HOST = "127.0.0.1"  # this machine only; 0.0.0.0 lets others in
PORT = 8000
MAX_BODY = 2**20  # bytes of a request, if its path has no limit of its own
LIMITS = {  # of uvicorn, the server
    "limit_concurrency": 800,  # connections; the next ones get the status 503
    "timeout_keep_alive": 20,  # seconds that a connection may stay open between two requests
    "timeout_graceful_shutdown": 20,  # seconds for what waits, once the service is stopped
}

TOO_LARGE = "a request may have {:,} bytes here"

# The pages need nothing from elsewhere, and say so to the browser.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class RequestError(HTTPException):
    """A request that is answered with a status from 400 on and a sentence."""


class About(BaseModel):
    """What each answer says of the network that gave it."""

    model: str
    version: str


class Problem(BaseModel):
    status: int
    name: str
    message: str


class Failure(BaseModel):
    """The one form in which a service says that something is wrong."""

    error: Problem


def error_response(code, said):
    """Return a Failure as a response."""
    name = HTTPStatus(code).phrase
    return JSONResponse({"error": {"status": code, "name": name, "message": said}}, code)


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
    origin = headers.get("origin")
    unsaid = "cross-site" if origin and origin.partition("://")[2] != host else "none"
    return headers.get("sec-fetch-site", unsaid) == "cross-site"


class Guard:
    """Stands around an application: refuses what it need not see, counts and logs all else.

    The clock runs from a request's arrival to the end of its answer, with all that it waits.
    """

    def __init__(self, app, metrics, hosts, larger):
        self.app, self.metrics, self.hosts, self.larger = app, metrics, hosts, larger

    def refuse(self, method, headers, most):
        """Return the response to a request that is not even read, or None."""
        host = headers.get("host", "localhost")  # every browser says it
        if not is_allowed(host, self.hosts):
            return error_response(421, "unknown name; start the service with --allowed-host NAME")
        if method == "POST" and is_foreign(headers, host):  # a link is allowed
            return error_response(403, "a page of another site asks")
        if int(headers.get("content-length", 0)) > most:
            return error_response(413, TOO_LARGE.format(most))
        return None

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status, read = time.perf_counter(), 500, 0
        most = self.larger.get(scope["path"], MAX_BODY)

        async def receive_some():
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:  # of a body that did not say before how long it is
                raise RequestError(413, TOO_LARGE.format(most))
            return message

        async def send_on(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            refused = self.refuse(scope["method"], Headers(scope=scope), most)
            await (refused or self.app)(scope, receive_some, send_on)
        finally:
            seconds = time.perf_counter() - start
            # Of paths that exist there are only so many.
            path = getattr(scope.get("route"), "path", scope["path"] if status < 400 else None)
            self.metrics.count(path, status, seconds)
            client, path = (scope["client"] or ["?"])[0], quote(scope["path"][:200])
            log.info("%s %s %s %d %.1f ms", client, scope["method"], path, status, 1000 * seconds)


def make_app(title, about, hosts=(), larger=None, **options):
    """Return a FastAPI application with limits, errors as JSON, a log, and no service yet.

    about: {"model": name, "version": ...} of what it will serve, for /metrics. hosts: names by
    which it may be called; larger: {path: bytes} of requests that may be longer than MAX_BODY;
    options: of FastAPI.
    """
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    failures = {
        "4XX": {"model": Failure, "description": "The request is wrong"},
        "5XX": {"model": Failure, "description": "The service fails, or is too busy (503)"},
    }
    # A request of many small lists makes Python look for garbage, again and again, through all that
    # has been imported. That stays: leave it out from here on.
    gc.collect()
    gc.freeze()
    # The page /docs would load its scripts from elsewhere, which HEADERS forbid.
    app = FastAPI(title=title, docs_url=None, redoc_url=None, responses=failures, **options)
    app.state.metrics = Metrics(about)
    app.add_middleware(Guard, metrics=app.state.metrics, hosts=hosts, larger=larger or {})

    @app.exception_handler(HTTPException)
    def refused(_, error):
        response = error_response(error.status_code, error.detail)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    def misunderstood(_, error):
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return error_response(400, "not valid JSON")
        place = " ".join(str(part) for part in first["loc"][1:])
        return error_response(422, f"{place[:200]}: {first['msg']}".lstrip(": "))

    @app.exception_handler(Exception)
    def failed(_, error):  # the server writes its traceback into the log
        return error_response(500, "the service failed; its log says more")

    @app.get("/metrics", include_in_schema=False)
    def metrics():
        return app.state.metrics.response()

    @app.get("/health")
    def health() -> dict:
        """Say that the process lives, however busy it is."""
        return {"status": "alive"}

    return app


def add_address(parser, port=PORT):
    """Add --host, --port and --allowed-host to a parser."""
    add = parser.add_argument
    add("--host", default=HOST, help="address to listen on")
    add("--port", type=number(int, 0, 65535), default=port, help="0 takes one that is free")
    about = "by which others may call this service, beside its address and localhost"
    add("--allowed-host", action="append", default=[], metavar="NAME", help=about)


def serve(app, name, options):
    """Serve until SIGTERM or Ctrl-C; what has been asked by then gets its answer.

    options: of add_address. For several processes, see README.md#several-processes.
    """
    try:
        listener = socket.create_server((options.host, options.port), backlog=2048)
    except (OSError, OverflowError) as error:
        where = f"{options.host}:{options.port}"
        fail(f"cannot listen on {where} ({error}). Try another --port or --host.")
    # Else an answer in two pieces waits 40 ms (Nagle's algorithm): asyncio forgets this socket.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listener.getsockname()[1]
    print(f"Serving {name} on http://{options.host}:{port}. Ctrl-C stops it.", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # once uvicorn has finished
    config = uvicorn.Config(app, access_log=False, log_level="warning", **LIMITS)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        print("Stopped.", flush=True)
    return {"model": name, "host": options.host, "port": port}
