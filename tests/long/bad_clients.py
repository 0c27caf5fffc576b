"""Machinery of the tests: clients of a service who ask too much, are slow, or go away."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

from bad_images import IMAGES, image_file
from bad_requests import BREAK_OFF, ask, bad_texts
from conftest import ROOT

CLIENTS = 8  # that send bad requests
AT_ONCE = 16  # that send the same
HELD = 400  # connections that are silent, slow or broken
HOLD = 25  # seconds, some more than the services wait
PATIENCE = 15  # seconds that a client waits


class Seen:
    """What came of what was sent: statuses by kind, what should not have been, and when."""

    def __init__(self):
        self.kinds, self.wrong, self.phases = defaultdict(Counter), [], {}
        self.lock = threading.Lock()

    def note(self, kind, status, meant, sent=b""):
        with self.lock:
            self.kinds[kind][str(status)] += 1
            if not meant:
                self.wrong.append(f"{kind}: {status}, {len(sent)} bytes: {sent[:200]!r}")

    @contextlib.contextmanager
    def phase(self, name):
        begun = time.monotonic()
        yield
        self.phases[name] = begun, time.monotonic()


def send(port, sent, breaks_off=False, own="127.0.0.1"):
    """Return the status of the answer, None if there is none, and the answer.

    breaks_off: the client closes its side after a moment, since the service may wait for more.
    own: its address.
    """
    answer, ends = b"", {"address": ("127.0.0.1", port), "source_address": (own, 0)}
    with contextlib.suppress(OSError), socket.create_connection(**ends) as connection:
        connection.settimeout(0.2 if breaks_off else PATIENCE)
        with contextlib.suppress(OSError):  # it may be refused before it is whole
            connection.sendall(sent)
        while breaks_off or not is_whole(answer):
            try:
                piece = connection.recv(2**18)
            except TimeoutError:
                if not breaks_off:
                    return "late", answer
                breaks_off = False
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(PATIENCE)
                continue
            if not piece:
                break
            answer += piece
            if answer.startswith(b"HTTP/1.1 100"):  # the answer itself comes after this one
                answer = answer.partition(b"\r\n\r\n")[2]
    return (int(answer[9:12]) if answer.startswith(b"HTTP/1.") else None), answer


def is_whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(length) and len(body) >= int(length[1])


def send_many(port, requests, seen):
    """Send bad requests from several clients."""
    room = threading.Semaphore(4 * CLIENTS)  # so that not all are made beforehand

    def one(bad):
        status, answer = send(port, bad.sent, bad.kind in BREAK_OFF)
        shown = b"Traceback" in answer or bytes(ROOT) in answer
        alone = answer.count(b"HTTP/1.1 ") < 2 or bad.kind != "smuggled"
        seen.note(bad.kind, status, status in bad.statuses and alone and not shown, bad.sent)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for bad in requests:
            room.acquire()
            pool.submit(one, bad).add_done_callback(lambda _: room.release())


def send_at_once(port, targets, seen):
    """Send what is made to cost much from many clients at once, so that the costs add up."""
    texts = [text for text in bad_texts(targets[0]) if len(text) > 50_000]
    bombs = {f"text {number}": ask(targets[0].path, text) for number, text in enumerate(texts)}
    bombs["requests"] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 6000
    for target in targets:
        if target.image:
            bombs |= {name: ask(target.path, image_file(name), form="image/png") for name in IMAGES}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, sent in bombs.items():
            with seen.phase(name):
                for status, _ in pool.map(send, [port] * AT_ONCE, [sent] * AT_ONCE):
                    seen.note(name, status, status in {200, 400, 413, 422, 503, None}, sent)


def hold(port, targets, seen):
    """Open connections and leave them, in several ways; the service should close them in time."""
    path, most = targets[0].path, targets[0].most
    head, long = ask(path, bytes(10))[:-10], ask(path, b" " * (most - 9), {"Content-Length": most})
    starts = {"silent": b"", "slow": head[:20], "no body": head, "body": long, "reset": head}
    held = []
    for name in HELD // len(starts) * [*starts]:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.settimeout(5)
        with contextlib.suppress(OSError):  # it may be refused by now
            connection.sendall(starts[name])
        held.append((name, connection))
        if name == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            held.pop()[1].close()
    for _ in range(HOLD):
        time.sleep(1)
        for name, connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(b"x" if name == "slow" else b"")
    for name, connection in held:
        connection.settimeout(0.1)
        try:
            connection.recv(1)
            seen.note(name, "closed", True)
        except TimeoutError:
            seen.note(name, "open", False)
        except OSError:
            seen.note(name, "closed", True)
        connection.close()
