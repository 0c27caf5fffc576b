"""Machinery of the services: an application without a service, and the server.

FastAPI checks each request against the types of the function that answers it, and describes them
under /openapi.json. Around that stands Guard.
Chapter: serialization/operating/README.md#hard-to-break
"""

import asyncio
import gc
import logging
import mimetypes
import signal
import socket
import sys
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from serialization.operating.connection import Connection
from serialization.operating.guard import Failure, Guard, RequestError, error_response
from serialization.operating.metrics import Metrics
from utils.options import number
from utils.runs import fail

HOST = "127.0.0.1"  # this machine only; 0.0.0.0 lets others in
PORT = 8000
LIMITS = {  # of uvicorn, the server
    "http": Connection,
    "limit_concurrency": 800,  # connections; the next ones get the status 503
    "timeout_keep_alive": 20,  # seconds that a connection may stay open between two requests
    "timeout_graceful_shutdown": 20,  # seconds for what waits, once the service is stopped
}
# What a program has set in the registry of Windows would count otherwise, such as text/plain, and
# with the headers of Guard a browser then takes no script.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")


def make_app(title, about, hosts=(), larger=None, batcher=None):
    """Return a FastAPI application with limits, errors as JSON, a log, and no service yet.

    about: {"model": name, "version": ...} of what it will serve, for /metrics. hosts: names by
    which it may be called; larger: {path: bytes} of requests that may be longer than MAX_BODY;
    batcher: what answers; it is watched, and runs beside the application, as does what is in
    app.state.works.
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

    @asynccontextmanager
    async def lifespan(app):
        tasks = [asyncio.create_task(work()) for work in app.state.works]
        yield
        for task in tasks:
            task.cancel()

    # The page /docs would load its scripts from elsewhere, which HEADERS forbid.
    app = FastAPI(title=title, docs_url=None, redoc_url=None, responses=failures, lifespan=lifespan)
    app.state.metrics = Metrics(about)
    app.state.works = [batcher.work] if batcher else []
    if batcher:
        batcher.gauge = app.state.metrics.waiting
    app.add_middleware(Guard, metrics=app.state.metrics, hosts=hosts, larger=larger or {})

    @app.exception_handler(HTTPException)
    async def refused(_, error):
        response = error_response(error.status_code, error.detail)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def misunderstood(request, error):
        first = error.errors()[0]
        if request.method == "POST" and "json" not in request.headers.get("content-type", ""):
            return error_response(415, "send JSON, with Content-Type: application/json")
        if first["type"] == "json_invalid":
            return error_response(400, "not valid JSON")
        place = " ".join(str(part) for part in first["loc"][1:])
        said = first["msg"].removeprefix("Value error, ")
        return error_response(422, f"{place[:200]}: {said}".lstrip(": "))

    @app.exception_handler(ClientDisconnect)
    async def gone(_, error):
        return error_response(400, "the client has gone")  # nobody reads it, but it is counted

    @app.exception_handler(Exception)
    async def failed(_, error):  # the server writes its traceback into the log
        return error_response(500, "the service failed; its log says more")

    @app.get("/metrics", include_in_schema=False)
    def metrics():
        return app.state.metrics.response()

    @app.get("/health")
    async def health() -> dict:
        """Say that the process lives."""
        return {"status": "alive"}

    @app.get("/ready")
    async def ready() -> dict:
        """Say that there is room for a request; a balancer sends the next one elsewhere if not."""
        if batcher and batcher.waiting.full():
            raise RequestError(503, "too many requests are waiting; try again later")
        return {"status": "ready"}

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
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        listener = socket.create_server((options.host, options.port), family=family, backlog=2048)
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
