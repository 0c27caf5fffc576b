"""Machinery of the service: the server, with limits on time, connections and waiting requests.

Chapter: serialization/operating/README.md#hard-to-break
"""

import gc
import json
import logging
import select
import signal
import socket
import sys

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import Error

from serialization.operating.metrics import FULL
from serialization.operating.service import error_body
from utils.runs import fail

THREADS = 4  # that work on requests
QUEUE = 100  # requests that wait for them; the next ones are refused
CONNECTIONS = 800  # open at once; many systems allow a process 1,024 files
FEW = 400  # where a server can only watch 512 of them, such as on Windows
SILENCE = 20  # seconds for a whole request, or without any, after which a connection is closed
ABOUT = ("/health", "/metrics")  # about the service itself: answered even when it is full


class FullError(Error):
    code = 503
    reason = "Service Unavailable"


class JSONErrorTask(ErrorTask):
    """Gives the server's own errors, of requests that never reach Flask, the same form."""

    def execute(self):
        error = self.request.error
        said = "not a request that HTTP allows" if error.code == 400 else error.body
        body = json.dumps(error_body(error.code, error.reason, said))
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


class Dispatcher(ThreadedTaskDispatcher):
    """Threads for requests, of which only so many may wait, and one thread beside them.

    That one refuses those that are too many, and answers questions about the service itself.
    """

    def __init__(self, metrics):
        super().__init__()
        self.metrics = metrics
        self.aside = ThreadedTaskDispatcher()
        self.aside.set_thread_count(1)
        self.set_thread_count(THREADS)

    def add_task(self, channel):
        request = channel.requests[0]
        if request.error or request.path in ABOUT:
            self.aside.add_task(channel)
        elif len(self.queue) >= QUEUE:
            request.error = FullError("too many requests are waiting; try again later")
            self.metrics.count(FULL, FullError.code, 0)
            self.aside.add_task(channel)
        else:
            super().add_task(channel)

    def shutdown(self, *args, **options):
        self.aside.shutdown(*args, **options)
        return super().shutdown(*args, **options)


def most_connections():
    """Return how many connections may be open at once on this system."""
    if not hasattr(select, "poll"):
        return FEW
    import resource  # which Windows has not

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    return min(CONNECTIONS, max(files - 100, 50))


def make_server(app, **where):
    """Return the server of a Flask application; where: host and port, or sockets that listen."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # else a line for each that waits
    BaseWSGIServer.channel_class = Channel
    # A request of many small lists makes Python look for garbage, again and again, through all that
    # TensorFlow and the network consist of. That stays: leave it out from here on.
    gc.collect()
    gc.freeze()
    return create_server(
        app,
        **where,
        _dispatcher=Dispatcher(app.metrics),
        connection_limit=most_connections(),
        channel_timeout=SILENCE,
        cleanup_interval=1,  # seconds between two looks at the silent ones
        asyncore_use_poll=True,  # or select, where there is nothing else
        # Flask answers what is a little too large, the server cuts off what is far too large.
        max_request_body_size=2 * app.config["MAX_CONTENT_LENGTH"],
        ident=None,
    )


def serve(app, name, host, port):
    """Serve until SIGTERM or Ctrl-C; requests that are being worked on get their answer."""
    try:
        if sys.platform == "win32":  # where waitress would share a port that is taken
            family = socket.getaddrinfo(host, port)[0][0]
            socket.create_server((host, port), family=family).close()
        server = make_server(app, host=host, port=port)
    except (OSError, ValueError) as error:
        fail(f"cannot listen on {host}:{port} ({error}). Try another --port or --host.")
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: sys.exit(0))
    port = getattr(server, "effective_port", port)
    print(f"Serving {name} on http://{host}:{port}. Ctrl-C stops it.", flush=True)
    server.run()
    print("Stopped.", flush=True)
    return {"model": name, "host": host, "port": port}
