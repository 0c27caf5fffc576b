"""Machinery of the tests: what do the services bear, and what do well-behaved clients get meanwhile?

    python tests/attack.py                                  # all services, some twenty minutes
    python tests/attack.py --services digits --requests 100
    python tests/attack.py --services digits --requests 10800 --minutes 60   # three a second

Starts one service after the other, as its README says, on a free port. Sends it bad requests, drawn
by a seed, from several clients; each image that is a bomb from several at once; then silent, slow
and broken connections by the hundred. All the time, another process asks good questions and notes
the answers and how long they took. Counts statuses by kind of request, failures, tracebacks and
bytes of the log, and the memory of all processes of the service. Linux only. The load of the machine
is noted: on a busy one, the seconds say little.

Chapter: serialization/operating/README.md#hard-to-break
"""

import contextlib
import http.client
import json
import multiprocessing
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np
import psutil
from bad_requests import (
    IMAGES,
    Target,
    ask,
    bad_requests,
    bad_texts,
    good_body,
    image_file,
    packed,
)
from PIL import Image

from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, save_results, write_json

CLIENTS = 8  # that send bad requests
AT_ONCE = 16  # of each bomb
HELD = 400  # connections that are silent or slow
HOLD = 25  # seconds: longer than the services wait
PATIENCE = 15  # seconds that a client waits for an answer
MIB = 2**20


class Service(NamedTuple):
    """How a service is started, and what it is asked; runs: commands of what it reads."""

    command: str
    targets: list
    runs: tuple = ()


def digit():
    """Return a good image of a one, as grey levels and as a file."""
    pixels = np.zeros((28, 28), int)
    pixels[4:24, 13:16] = 255
    return json.dumps({"pixels": pixels.tolist()}), packed(
        Image.fromarray(255 - pixels.astype("uint8")).resize((140, 140)), "PNG"
    )


PIXELS, FILE = digit()
READS = [Target("/predict", PIXELS), Target("/read", FILE, 8 * MIB, True)]
PENGUIN = {
    "studyName": "PAL0708", "Species": "Adelie Penguin (Pygoscelis adeliae)", "Island": "Dream",
    "Clutch Completion": "Yes", "Date Egg": "2007-11-16", "Culmen Length (mm)": 39.5,
    "Culmen Depth (mm)": 17.4, "Flipper Length (mm)": 186, "Body Mass (g)": 3800,
    "Delta 15 N (o/oo)": None, "Delta 13 C (o/oo)": None, "Comments": None,
}  # fmt: skip
TEXT = {"text": "KING", "temperature": 0, "top_k": 0, "top_p": 1}
UVICORN = "-m uvicorn --app-dir serialization/rest --factory app:create_app --http app:Connection"
UVICORN += " --workers 2 --no-access-log --limit-concurrency 800 --timeout-keep-alive 20"
SERVICES = {
    "digits": Service(f"{UVICORN} --timeout-graceful-shutdown 20", READS),
    "table": Service(
        "serialization/operating/run_app.py {0}",
        [Target("/predict", json.dumps(PENGUIN))],
        (
            "mlp/tables/table.py --data mlp/tables/penguins.csv --target Sex --epochs 3"
            " --group 'Individual ID' --drop 'Sample Number'",
        ),
    ),
    "text": Service(
        "serialization/operating/run_app.py {0}",
        [Target("/predict", json.dumps({"text": "Call now!"}))],
        ("text/ask.py 'Call now!' --model words --keep",),
    ),
    "write": Service("text/gpt/live/write_along.py", [Target("/next", json.dumps(TEXT))]),
    "think": Service("visualizing/live/think.py", [*READS, Target("/think", PIXELS)]),
    "numbers": Service(
        "generating/page/write_page.py {1} --map {0}",
        [
            Target("/write", json.dumps({"number": "2026", "seed": 1})),
            Target("/point", json.dumps({"across": 0.5, "down": 0.5})),
        ],
        (
            "generating/vae.py --size 2 --train-samples 2000 --epochs 1",
            "generating/flow.py {0} --train-samples 2000 --steps 20",
        ),
    ),
}


def run(command, folders, **more):
    """Start a script of the book with this Python, in the project's folder."""
    words = [word.format(*folders) for word in shlex.split(command)]
    return subprocess.Popen([sys.executable, *words], cwd=ROOT, **more)


@contextlib.contextmanager
def serving(service, folder):
    """Yield the port of a service, its processes, and the path of its log."""
    folders, log = [], folder / "log"
    for number, command in enumerate(service.runs):
        made = run(f"{command} --outputs {folder / str(number)}", folders, stdout=subprocess.DEVNULL)
        if made.wait():
            sys.exit(f"{command} has failed")
        folders.append(folder / str(number))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "counts").mkdir()
    counts = {"PROMETHEUS_MULTIPROC_DIR": str(folder / "counts")} if "-m" in service.command else {}
    with log.open("w") as file:
        command = f"{service.command} --port {port}"
        process = run(command, folders, stdout=file, stderr=file, env=os.environ | counts)
    try:
        while not (send(port, ask("/ready", method="GET"))[0] == 200):
            if process.poll() is not None:
                sys.exit(log.read_text())
            time.sleep(0.2)
        top = psutil.Process(process.pid)
        below = [one for one in top.children() if "spawn_main" in " ".join(one.cmdline())]
        yield port, below or [top], log
    finally:
        process.terminate()
        status = process.wait(60)
    if status not in (0, -signal.SIGTERM):
        sys.exit(f"it ended with status {status}")


def send(port, sent, breaks_off=False):
    """Return the status of the answer, None if there is none, and what was answered.

    breaks_off: the client closes its side after a moment, since the server may wait for more.
    """
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(0.3 if breaks_off else PATIENCE)
        with contextlib.suppress(OSError):  # refused before it is whole
            connection.sendall(sent)
        while not is_whole(answer):
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
    return (int(answer[9:12]) if answer[:7] == b"HTTP/1." else None), answer


def is_whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(length) and len(body) >= int(length[1])


def keep_asking(port, targets, stop, pipe):
    """Ask good questions in turn, until told to stop; send {path: [(when, status, seconds)]}."""
    seen, first = defaultdict(list), {}
    for target in cycle(targets):
        if stop.is_set():
            return pipe.send(dict(seen))
        start, good = time.monotonic(), good_body(target)
        status, answer = send(port, ask(target.path, good))
        body = answer.partition(b"\r\n\r\n")[2]
        if status == 200 and first.setdefault(target.path, body) != body:
            status = "another answer"
        seen[target.path].append((start, status, time.monotonic() - start))
        time.sleep(0.03)


def peak(process):
    """Return the most memory that a process has had, in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def send_many(port, targets, options, note):
    """Send bad requests of all kinds; pass on each, its status, and whether that was meant."""
    start, step = time.monotonic(), 60 * options.minutes / options.requests

    def one(numbered):
        number, bad = numbered
        time.sleep(max(0, start + number * step - time.monotonic()))
        status, answer = send(port, bad.sent, bad.kind in ("lying", "chunked", "many_headers"))
        hidden = b"Traceback" in answer or bytes(ROOT) in answer or answer.count(b"HTTP/1.1 ") > 9
        note(bad.kind, status, status not in bad.statuses or hidden, bad.sent)

    with ThreadPoolExecutor(CLIENTS) as pool:
        room = threading.Semaphore(4 * CLIENTS)  # so that not all requests are made beforehand
        for numbered in enumerate(bad_requests(options.seed, targets, options.requests)):
            room.acquire()
            pool.submit(one, numbered).add_done_callback(lambda _: room.release())


def send_at_once(port, targets, note):
    """Send each bomb from many clients at the same time, so that their work and memory add up."""
    bombs = [("texts", ask(targets[0].path, text.encode("utf-8", "surrogatepass")))
             for text in bad_texts(targets[0]) if len(text) > 50_000]
    bombs += [("pipelined", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 6000)]
    for target in targets:
        if target.image:
            bombs += [(name, ask(target.path, image_file(name), form="image/png")) for name in IMAGES]
    phases = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, sent in bombs:
            begun = time.monotonic()
            phases[f"{name} {sent[-60:-50] if name == 'texts' else ''}{len(sent)}"] = begun, 0
            key = [*phases][-1]
            for status, _ in pool.map(lambda _, sent=sent: send(port, sent), range(AT_ONCE)):
                note(name, status, status not in {200, 400, 413, 422, 503, None}, sent)
            phases[key] = begun, time.monotonic()
    return phases


def hold(port, targets, note):
    """Open connections that are silent, slow, long and broken; say how many are closed in time."""
    path, most = targets[0].path, targets[0].most
    head, body = ask(path, bytes(10))[:-10], ask(path, b" " * (most - 9), {"Content-Length": most})
    starts = {"silent": b"", "slow head": head[:20], "silent body": head, "long": body, "reset": head}
    held = defaultdict(list)
    for name, sent in starts.items():
        for _ in range(HELD // 4):
            connection = socket.create_connection(("127.0.0.1", port))
            with contextlib.suppress(OSError):
                connection.settimeout(5)
                connection.sendall(sent)
                held[name].append(connection)
    for one in held.pop("reset"):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    for _ in range(HOLD):
        time.sleep(1)
        for one in held["slow head"]:
            with contextlib.suppress(OSError):
                one.sendall(b"x")
    for name, some in held.items():
        for one in some:
            one.settimeout(0.1)
            try:
                note(name, "closed" if not one.recv(1) else "answered", False, b"")
            except TimeoutError:
                note(name, "still open", True, b"")
            except OSError:
                note(name, "closed", False, b"")
            one.close()


def attack(service, options, folder):
    """Return what a service did meanwhile."""
    counts, wrong, lock, curve = defaultdict(Counter), [], threading.Lock(), []

    def note(kind, status, bad, sent):
        with lock:
            counts[kind][str(status)] += 1
            if bad:
                wrong.append([kind, status, len(sent), sent[:300].decode("latin-1")])

    with serving(service, folder) as (port, processes, log):
        stop = multiprocessing.Event()
        pipe, other = multiprocessing.Pipe(False)
        asker = multiprocessing.Process(
            target=keep_asking, args=(port, service.targets, stop, other), daemon=True
        )
        asker.start()
        used = lambda: sum(one.memory_info().rss for one in processes) / MIB  # noqa: E731
        done, start = threading.Event(), time.monotonic()
        loads = []

        def watch():
            while not done.wait(10):
                loads.append(psutil.cpu_percent())
                curve.append([round(time.monotonic() - start), round(used())])

        watcher = threading.Thread(target=watch)
        watcher.start()
        ends = {}
        for name, act in (
            ("random", lambda: send_many(port, service.targets, options, note)),
            ("at_once", lambda: send_at_once(port, service.targets, note)),
            ("held", lambda: hold(port, service.targets, note)),
        ):
            begun = time.monotonic()
            ends |= act() or {}
            ends[name] = begun, time.monotonic()
        done.set()
        stop.set()
        seen = pipe.recv()
        watcher.join()
        peaks = [peak(one) for one in processes]
        said = log.read_text(encoding="utf-8", errors="replace")
    sent = sum(sum(one.values()) for one in counts.values())
    return {
        "requests": {kind: dict(sorted(one.items())) for kind, one in sorted(counts.items())},
        "sent": sent,
        "wrong": wrong[:50],
        "good": {
            phase: summary([one for some in seen.values() for one in some if a <= one[0] <= b])
            for phase, (a, b) in ends.items()
        },
        "peak_mib": round(max(peaks)),
        "all_mib": round(sum(peaks)),
        "memory": curve,
        "tracebacks": said.count("Traceback"),
        "log_bytes": round(len(said) / (sent + sum(map(len, seen.values())))),
        "load": round(float(np.mean(loads or [0])), 1),
    }


def summary(asked):
    """Return how many good requests there were, their statuses, and how long they took, in ms."""
    seconds = 1000 * np.array([one[2] for one in asked if one[1] == 200] or [0])
    return {
        "statuses": dict(Counter(str(one[1]) for one in asked)),
        "p50_ms": round(float(np.median(seconds)), 1),
        "p99_ms": round(float(np.quantile(seconds, 0.99)), 1),
        "slowest_ms": round(float(seconds.max()), 1),
    }


def main(argv=None):
    parser = make_parser("Attack the services of the book.", ROOT / "book" / "outputs")
    add = parser.add_argument
    add("--services", nargs="+", choices=SERVICES, default=[*SERVICES])
    add("--requests", type=positive(int), default=10_000, help="of each service")
    add("--minutes", type=number(float, 0), default=0, help="over which they are spread")
    add("--seed", type=seed, default=1)
    options = parser.parse_args(argv)
    folder = make_folder(options.outputs)
    results = {}
    for name in options.services:
        with tempfile.TemporaryDirectory() as temporary:
            found = results[name] = attack(SERVICES[name], options, Path(temporary))
        shown = {key: value for key, value in found.items() if key != "memory"}
        print(name, json.dumps(shown, indent=1), flush=True)
        write_json(results, folder / "services.json")
    return save_results({"services": results}, folder, __file__, argv)


if __name__ == "__main__":
    main()
