"""Machinery of the services: what stands around an application, and how it says what is wrong.

Chapter: serialization/operating/README.md#hard-to-break
"""

import asyncio
import logging
import socket
import time
from contextlib import AsyncExitStack, contextmanager
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from fastapi.responses import JSONResponse
from pydantic import BaseModel, model_validator
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

log = logging.getLogger("service")

MAX_BODY = 2**20  # bytes of a request, if its path has no limit of its own
TOO_LARGE = "a request may have {:,} bytes here"
HELD = 64 * 2**20  # bytes of all requests in hand, or slow clients would fill the memory
LONG = 2**13  # bytes of JSON: while they are understood, nobody else is answered
ROUNDS = 30  # of the event loop before it, in which short ones are answered

# The pages need nothing from elsewhere, and say so to the browser.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class RequestError(HTTPException):
    """A request that is answered with a status from 400 on and a sentence."""


@contextmanager
def room(places, said="too many requests are waiting; try again later"):
    """Take one of so many places, a semaphore of threads, or answer with 503 and a sentence."""
    if not places.acquire(blocking=False):
        raise RequestError(503, said)
    try:
        yield
    finally:
        places.release()


class About(BaseModel):
    """What each answer says of the network that gave it."""

    model: str
    version: str


class Strict(BaseModel, extra="forbid", strict=True):
    """What a request may say: all its entries must be there, and no others; "5" is not a number."""

    @model_validator(mode="before")
    @classmethod
    def count(cls, values):
        """Refuse a request of very many entries before there is a sentence on each of them."""
        if isinstance(values, dict) and len(values) > 2 * len(cls.model_fields) + 100:
            raise ValueError("too many entries")
        return values


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
        return name in allowed


def is_foreign(headers, host):
    """Tell whether a page of another site asks. Browsers say it, and no page can change it.

    Over plain http, other than to localhost, they only name the site of the page.
    """
    origin = headers.get("origin")
    unsaid = "cross-site" if origin and origin.partition("://")[2] != host else "none"
    return headers.get("sec-fetch-site", unsaid) == "cross-site"


def find_route(scope):
    """Return the path of the route that a request is for, also if it was refused; None: of none."""
    if route := scope.get("route"):
        return route.path
    return next((one.path for one in scope["app"].routes if one.path == scope["path"]), None)


class Guard:
    """Stands around an application: refuses what it need not see; counts and logs every request.

    The clock runs from a request's arrival to the end of its answer, with all that it waits.
    """

    def __init__(self, app, metrics, hosts, larger):
        self.app, self.metrics, self.larger = app, metrics, larger
        self.hosts = {"localhost", socket.gethostname().lower(), *map(str.lower, hosts)}
        self.held, self.turn = 0, asyncio.Lock()

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
        start, status, read, stack = time.perf_counter(), 500, 0, AsyncExitStack()
        most = self.larger.get(scope["path"], MAX_BODY)

        async def receive_some():
            nonlocal read
            message = await receive()
            size = len(message.get("body", b""))
            read, self.held = read + size, self.held + size
            if read > most:  # of a body that did not say before how long it is
                raise RequestError(413, TOO_LARGE.format(most))
            if self.held > HELD and read > LONG:  # short ones have room in any case
                raise RequestError(503, "too much is being received; try again later")
            if read > LONG and most == MAX_BODY and message.get("more_body") is False:
                await stack.enter_async_context(self.turn)
                for _ in range(ROUNDS):
                    await asyncio.sleep(0)
            return message

        async def send_on(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(HEADERS)
                await stack.aclose()  # who does not read an answer holds up nobody
            await send(message)

        try:
            refused = self.refuse(scope["method"], Headers(scope=scope), most)
            async with stack:
                await (refused or self.app)(scope, receive_some, send_on)
        finally:
            self.held -= read
            seconds = time.perf_counter() - start
            self.metrics.count(find_route(scope), status, seconds)
            # If a proxy seems to stand before it, a client says itself who it is: anything.
            said = [(scope["client"] or "?")[0], scope["path"]]
            client, path = (quote(one[:200], "/:") for one in said)
            log.info("%s %s %s %d %.1f ms", client, scope["method"], path, status, 1000 * seconds)
