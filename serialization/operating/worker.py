"""Machinery of the service: several processes, with the server and the limits that one has.

    gunicorn --chdir serialization/operating --workers 2 \
        --worker-class worker.Worker "serialization.rest.app:create_app()"

Gunicorn starts the processes and watches over them. Its own servers know none of our limits.
Chapter: serialization/operating/README.md#scaling-out
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import os

from gunicorn.workers import base
from waitress import wasyncore

from serialization.operating.server import make_server


class Worker(base.Worker):
    """A process of gunicorn in which waitress answers."""

    def load_wsgi(self):
        try:
            super().load_wsgi()
        except SystemExit as error:  # the next process would fail, too
            raise RuntimeError(error) from None  # on which gunicorn gives up

    def run(self):
        server = make_server(self.wsgi, sockets=[listener.sock for listener in self.sockets])
        connections = getattr(server, "map", None) or server._map  # of several sockets, or of one
        while self.alive and self.ppid == os.getppid():
            self.notify()  # or gunicorn takes this process for dead
            wasyncore.loop(timeout=1, use_poll=True, map=connections, count=1)
        server.task_dispatcher.shutdown()
