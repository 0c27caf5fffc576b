"""Machinery of the tests: bad requests of all kinds, drawn by a seed, as bytes to send."""

import gzip
import json
from functools import cache
from typing import NamedTuple

import numpy as np
from bad_images import IMAGES, image_file, packed
from conftest import spoilt
from PIL import Image

FORMS = ["application/json", "image/png", "text/plain", "multipart/form-data; boundary=a", ""]
# What a client may get for a mistake; an odd request may also be a good one.
REFUSED = {400, 403, 404, 405, 413, 415, 421, 422, 431}
BUSY = {503}
FINE = {100, 200, 206, 304, 307, 416}


class Bad(NamedTuple):
    """What is sent, and the statuses that may answer; None: the connection ends without one."""

    kind: str
    sent: bytes
    statuses: set


class Target(NamedTuple):
    """A path that answers to POST, with a good body; image: whether that is a file, not JSON."""

    path: str
    good: bytes
    most: int = 2**20
    image: bool = False


def ask(path, body=b"", headers=(), method="POST", form=FORMS[0], host="localhost"):
    """Return a request as bytes; one of headers may have the name of one that is there anyway."""
    lines = {"Host": host, "Content-Type": form, "Content-Length": len(body), "Connection": "close"}
    lines |= dict(headers)
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode("latin-1") + body


# Lines and headers.
METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PRI", "get", ""]
PATHS = [
    "/none", "/static/..%2f..%2fapp.py", "/static/%00", "/static/%ff%fe", "/static/%ed%a0%80",
    "/static/" + "a" * 5000, "/" + "a/" * 9000, "//", "*", "?", "/%", "/%zz", "/\xe9", "/a b",
    "http://evil.example/", "/metrics?" + "a=1&" * 5000, "/digit/99", "/digit/x", "/predict/",
    "/\x1b[2J", "/static/" + "../" * 1000 + "etc/passwd", "/a#b", "", "/static/style.css/x",
]  # fmt: skip
HOSTS = [
    "evil.example", "127.0.0.1.evil.example", "localhost@evil.a", "[x", "[::1", "a" * 60_000, "",
    "localhost:99999999", "localhost\x0b", "\xe9", "\xbd", "127.1", "0x7f.1", "[::ffff:1.2.3.4%a]",
]  # fmt: skip
ORIGINS = ["http://evil.a", "null", "[", "http://localhost.evil.a", "\xe9", "://", "a" * 9000]
LENGTHS = ["-1", "+5", "1e3", "0x10", "9" * 30, "9" * 5000, " ", "5, 5", "5;a", "\xb2", "1.0"]
RANGES = [
    "bytes=" + "0-,1-," * 2000,
    "bytes=-",
    "bytes=5-1",
    "bytes=a-b",
    "bytes=0-0" + ",9-9" * 99,
]
EXTRA = [
    ("Content-Encoding", "gzip"), ("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "chunked"),
    ("Transfer-Encoding", "chunked, identity"), ("Expect", "100-continue"), ("Expect", "nonsense"),
    ("Upgrade", "websocket"), ("Upgrade", "h2c"), ("Connection", "Upgrade"), ("Cookie", "a" * 9000),
    ("X-Forwarded-For", "\x1b[2J" + "1" * 60_000), ("X-Forwarded-Proto", "evil"), ("a b", "c"),
    ("If-Modified-Since", "yesterday"), ("", "x"), ("X\x00", "y"), ("X", "\x00"), ("X", "a\r\n b"),
    ("Sec-Fetch-Site", "cross-site"), ("Authorization", "Basic \xff"), ("Accept-Encoding", "\xff"),
    *(("Range", one) for one in RANGES), *(("Content-Length", one) for one in LENGTHS),
    *(("Origin", one) for one in ORIGINS),
]  # fmt: skip


def lines(rng, target):
    path = pick(rng, [*PATHS, target.path, "/", "/metrics", "/openapi.json", "/static/style.css"])
    return ask(path, method=pick(rng, METHODS), headers=[pick(rng, EXTRA)]), REFUSED | FINE


def hosts(rng, target):
    return ask(target.path, b"{}", host=pick(rng, HOSTS)), REFUSED


def headers(rng, target):
    """One or a few are strange; the body is good, so that the answer may be, too."""
    some = [pick(rng, EXTRA) for _ in range(rng.integers(1, 4))]
    return ask(target.path, target.good, some), REFUSED | FINE | BUSY | {None}


def many_headers(rng, target):
    """Too many, too long, or without an end."""
    long = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    filler = pick(rng, [b"a:\r\n", b"X: " + b"a" * 90 + b"\r\n", b"a"]) * 30_000
    end = pick(rng, [b"\r\n\r\n", b": b\r\n\r\n", b""])
    return long + filler + end, REFUSED | {200, None}


def pipelined(rng, target):
    """A thousand requests at once: some are answered, or none."""
    return b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000, REFUSED | FINE | {None}


# How long a body is, and how it is cut.
def lying(rng, target):
    """The length is wrong: what is missing never comes, what is too much is another request."""
    body = target.good
    length = int(pick(rng, [len(body) + 1, 2 * len(body), target.most + 1, 1, 0, 2**40]))
    return ask(target.path, body, {"Content-Length": length}), REFUSED | {200, 503, None}


def chunked(rng, target):
    """Chunks that break off, whose length is no number or a lie, with an extension or a trailer."""
    head = ask(target.path, headers={"Content-Length": None, "Transfer-Encoding": "chunked"})
    body, size = target.good, len(target.good)
    whole = b"%x\r\n%b\r\n0\r\n" % (size, body)
    bodies = [
        b"5\r\n{", b"zz\r\n", b"-1\r\n", b"f" * 40 + b"\r\n", b"5;" + b"a" * 90_000, b"0\r\n\r\n",
        b"1\r\n{\r\n" * 99, b"%x\r\n%b" % (size + 9, body), b"10000\r\n" + bytes(2**16) + b"\r\n",
        whole + b"X: a\r\n" * 9000, whole + b"\r\n", b"".join(b"1\r\n%c\r\n" % one for one in body),
    ]  # fmt: skip
    return head + pick(rng, bodies), REFUSED | {200, 503, None}


def smuggled(rng, target):
    """Both lengths at once, with a second request inside: it must not be answered."""
    inside = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    both = {
        "Connection": "keep-alive",
        "Transfer-Encoding": pick(rng, ["chunked", "CHUNKED", " chunked", "xchunked, chunked"]),
    }
    twice = {"Connection": "keep-alive", "Content-Length": f"{len(inside)}\r\nContent-Length: 0"}
    return ask(target.path, inside, pick(rng, [both, twice])), REFUSED


def sizes(rng, target):
    """No body, one byte, as much as may be and a byte more; compressed, or a form."""
    most, good = target.most, target.good
    bodies = [b"", b"0", b" " * most, b" " * (most + 1), gzip.compress(good), b"\x1f\x8b" * 99]
    bodies += [b"--a\r\nContent-Disposition: form-data; name=x\r\n\r\n" * 900, b"a=" + b"%" * 9000]
    return ask(target.path, pick(rng, bodies), form=pick(rng, FORMS)), REFUSED | BUSY


# Bodies.
def texts(rng, target):
    """JSON that is no JSON, not the JSON that is wanted (but for odd texts), or very long."""
    return ask(target.path, pick(rng, bad_texts(target))), REFUSED | BUSY | {200}


def spoilt_values(rng, target):
    """The good body with one value replaced, or left out: now and then that is good, too."""
    value = pick(rng, bad_values(target))
    return ask(target.path, json.dumps(value).encode()), REFUSED | {200, 503}


def damaged(rng, target):
    """A good body with some bytes changed, or cut off."""
    body = np.frombuffer(target.good, "uint8").copy()
    body[rng.integers(len(body), size=5)] = rng.integers(256, size=5)
    cut = rng.integers(len(body)) if rng.integers(2) else None
    return ask(target.path, body[:cut].tobytes()), REFUSED | {200, 503}


def pick(rng, some):
    return some[rng.integers(len(some))]


@cache
def bad_values(target):
    return [*spoilt({} if target.image else json.loads(target.good))]


@cache
def bad_texts(target):
    key = "pixels" if target.image else next(iter(json.loads(target.good)))
    wide, some = (
        "{" + ",".join(f'"{one}":1' for one in range(most)) + "}" for most in (90_000, 99)
    )
    values = [
        "[" * 600_000, "[" + "[]," * 340_000 + "[]]", "9" * 5000, "1e400", "-" * 99, '"\\ud800"',
        "[" + "{}," * 300_000 + "{}]", "[" + "0," * 400_000 + "0]", "NaN", "-Infinity", "true",
        '"\\u0000\\u001b[2J"', "[[" * 400 + "]]" * 400, '"\ud800"', '{"":' * 90_000, "1e-999",
        '"' + "a" * 900_000 + '"', "{}",
    ]  # fmt: skip
    texts = [
        "", "{", "\ufeff{}", "null", "[]", "[null]", "'a'", "{}", "\0", '{"\\ud800":1}', wide,
        f"[{wide}]", f"[{','.join([some] * 999)}]", f'{{"{key}":1,"{key}":2}}',
        f'{{"{key}\\u001b[2J":0}}',
    ]  # fmt: skip
    texts += values + [f'{{"{key}": {value}}}' for value in values]
    return [text.encode("utf-8", "surrogatepass") for text in texts]


def one_as_pixels():
    """Return an image of a one, as MNIST has it."""
    pixels = np.zeros((28, 28), int)
    pixels[4:24, 13:16] = 255
    return pixels


def one_as_file():
    """Return the same as a PNG of a drawing."""
    drawn = Image.fromarray((255 - one_as_pixels()).astype("uint8"))
    return packed(drawn.resize((140, 140)))


KINDS = [
    lines, hosts, headers, many_headers, pipelined, lying, chunked, smuggled, sizes, texts,
    spoilt_values, damaged,
]  # fmt: skip
# The client closes its side after a moment: the service may wait for more.
BREAK_OFF = {"lying", "chunked", "many_headers", "smuggled"}


def images(rng, target, names=()):
    """A file that is a bomb, or another one than a photograph; whole, cut off or damaged."""
    content = np.frombuffer(image_file(pick(rng, [*(names or IMAGES)])), "uint8")
    if rng.integers(3) == 0:
        content = content[: rng.integers(len(content))]
    elif rng.integers(3) == 0:
        content = content.copy()
        content[rng.integers(len(content), size=3)] = rng.integers(256, size=3)
    return ask(target.path, content.tobytes(), form="image/png"), {200, 413, 422, 503}


def bad_requests(seed, targets, count, names=()):
    """Yield Bad requests of all kinds, in turn; names: the only images, if there are any."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        target = targets[rng.integers(len(targets))]
        kinds = KINDS + 3 * [images] * target.image
        kind = kinds[number % len(kinds)]
        more = {"names": names} if kind is images else {}
        yield Bad(kind.__name__, *kind(rng, target, **more))
