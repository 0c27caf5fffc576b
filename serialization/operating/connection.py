"""Machinery of the services: what a client may do to its connection before a request is whole.

uvicorn gives headers no end, answers any number of requests that are sent at once, and waits for
ever for a client that says nothing. Whatever else is sent, Guard looks at.
Chapter: serialization/operating/README.md#hard-to-break
"""

import re
from collections import deque

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SILENCE = 20  # seconds until the headers are whole, between two pieces of a body, and of an answer
MAX_HEADERS = 100
MAX_HEAD = 2**16  # bytes of a request that are not its body
AHEAD = 8  # requests that are sent before the answer to the first one
# Clients offer HTTP/2 with it (curl --http2, Java). httptools would take it up, and drop the body.
OFFER = re.compile(rb"(?<=\n)(?=upgrade:)", re.IGNORECASE)


class Connection(HttpToolsProtocol):
    """What speaks HTTP with one client, in limits. An error of these functions has status 400."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self.head, self.reading, self.clock, self.writing = 0, False, None, None
        self.asked = deque(maxlen=AHEAD + 1)  # what is under way, and what waits
        self.wait()
        if self.limit_concurrency and len(self.connections) > 1.1 * self.limit_concurrency:
            transport.close()  # not even a refusal: the files that may be open have an end, too

    def wait(self):
        """Close the connection if nothing has come of it after some seconds from now."""
        self.stop()
        self.clock = self.loop.call_later(SILENCE, self.timeout_keep_alive_handler)

    def stop(self):
        if self.clock:
            self.clock.cancel()

    def pause_writing(self):  # the client does not read what it has asked for
        super().pause_writing()
        self.writing = self.loop.call_later(SILENCE, self.transport.abort)

    def resume_writing(self):
        super().resume_writing()
        self.writing.cancel()

    def connection_lost(self, exc):
        self.stop()
        if self.writing:
            self.writing.cancel()
        for cycle in self.asked:  # uvicorn only tells the last one, and the others would answer
            cycle.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data):
        self.head += len(data)
        if self.reading:
            self.wait()
        else:
            head, end, body = data.partition(b"\r\n\r\n")
            data = OFFER.sub(b"no-", head) + end + body
        super().data_received(data)
        if self.head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("Too much beside the body.")

    def on_message_begin(self):
        if len(self.pipeline) >= AHEAD:
            raise ValueError("too many requests at once")
        super().on_message_begin()
        self.wait()

    def on_header(self, name, value):
        if len(self.headers) >= MAX_HEADERS:  # those behind a body are among them
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self):
        if any(name == b"upgrade" for name, _ in self.headers):  # it came in pieces
            raise ValueError("no other protocol is spoken here")
        self.reading = True
        super().on_headers_complete()
        self.asked.append(self.cycle)

    def on_body(self, body):
        self.head -= len(body)
        super().on_body(body)

    def on_message_complete(self):
        self.head, self.reading = 0, False
        self.stop()
        super().on_message_complete()
